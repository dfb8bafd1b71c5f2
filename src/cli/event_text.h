// Events as people and scripts see them.
#pragma once

#include <string>
#include <string_view>

#include "document/value.h"
#include "eventlog/segment_file.h"
#include "parquedb/status.h"

namespace parquedb {

// {"lsn":…,"id":…,"ts":…,"op":…,"target":…,"before":…,"after":…,"actor":…,"metadata":…}; null where empty.
std::string EventJson(const EventView& event);
// The same as a value, for filters.
Result<Value> EventValue(const EventView& event);
// Several lines: who did what when, and the texts before and after.
std::string DetailedEvent(const EventView& event);

}  // namespace parquedb
