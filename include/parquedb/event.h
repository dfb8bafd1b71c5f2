// The two records of ParqueDB: an Event (what happened) and an Entity (a document with what the system keeps of it).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace parquedb {

enum class Op { kCreate, kUpdate, kDelete };

// One row of the event log. `before` and `after` are state texts: an entity's JSON without $id and $type
// (docs/format/segment.md); before is absent for a CREATE, after for a DELETE.
struct Event {
  int64_t lsn = 0;    // position in the log, dense, from 1
  std::string id;     // ULID, 26 characters, ascending with lsn
  int64_t ts_ms = 0;  // UTC milliseconds, never falls with lsn
  Op op = Op::kCreate;
  std::string target;  // "ns:id"
  std::optional<std::string> before;
  std::optional<std::string> after;
  std::optional<std::string> actor;
  std::optional<std::string> metadata;  // JSON text
};

// A live document and what the system keeps of it.
struct Entity {
  std::string id;  // "ns/id"
  int64_t version = 1;
  int64_t created_at_ms = 0;
  int64_t updated_at_ms = 0;
  std::optional<std::string> created_by;
  std::optional<std::string> updated_by;
  // JSON text of one object, compact, as docs/format/data.md says: "$links" first when there are links, then the
  // document's own fields in their order.
  std::string data;

  bool operator==(const Entity&) const = default;
};

}  // namespace parquedb
