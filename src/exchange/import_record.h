// One record from outside on its way to an entity.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "document/normalize.h"
#include "model/state_text.h"
#include "parquedb/event.h"
#include "parquedb/status.h"

namespace parquedb {

// What a record says; what it does not say is made by ToEntity.
struct ImportRecord {
  std::string id;    // "ns/id"; "" when the record has no $id
  std::string type;  // $type; "" when it has none. With an id it is that id's namespace
  std::optional<int64_t> version, created_at_ms, updated_at_ms;
  std::optional<std::string> created_by, updated_by;
  Links links;
  std::string fields;   // own fields, compact, without braces
  std::string id_text;  // JSON text of the member that was asked for as the id; "" when it is missing
  int64_t line = 0;
};

// Takes a normalised record apart. kInvalidData: a $ name that is not a system field, a wrong value, a document (own
// fields and links together) above kMaxDocumentBytes.
Status TakeRecord(NormalizedRecord&& normalized, ImportRecord* record);

// The entity of a record whose id is known. A record with $createdAt ($updatedAt) is taken at its word about who
// created (updated) it, also when it names nobody; else `actor` did it at `ts_ms`.
Entity ToEntity(ImportRecord&& record, int64_t ts_ms, const std::string& actor);

}  // namespace parquedb
