// The fields of an entity that a filter or a sort looks at, without parsing the rest of its document.
#pragma once

#include <set>
#include <string>

#include "document/value.h"
#include "parquedb/event.h"
#include "parquedb/status.h"

namespace parquedb {

// What EntityToValue gives, with these top-level members alone; a name that it has not is left out. Members stand in
// the entity's order. kCorruption when the document can't be read.
Result<Value> EntityFields(const Entity& entity, const std::set<std::string, std::less<>>& names);

}  // namespace parquedb
