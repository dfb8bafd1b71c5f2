// What one actor changed in an interval, taken back by new events; what others wrote since stays.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "restore/restore.h"

namespace parquedb {

struct UndoRequest {
  std::string actor;
  Cut from, to;                         // its events with from.lsn < lsn <= to.lsn
  std::vector<std::string> namespaces;  // empty: all
  bool force = false;                   // also records on which there are later events that are not to be undone
};

// A record that has a later event, by somebody else or behind the interval.
struct LaterChange {
  std::string id;  // "ns/id"
  int64_t lsn = 0, ts_ms = 0;
  std::string actor;  // "" = nobody
};

struct UndoPlan {
  RestorePlan records;             // cut: that of `from`
  int64_t left = 0;                // records with later events, left as they are; none with force
  std::vector<LaterChange> later;  // their newest such event, by the order of the actor's; at most 100
  int64_t undone_through = 0;      // with force: records on which later events were undone too
};

// Each record that the actor wrote in the interval becomes what it was before the first of these events (deleted, where
// that created it). Records that are that already are unchanged: a second run writes nothing. One batch. Memory: the
// ids of the records that the actor wrote.
Result<UndoPlan> UndoActor(DatabaseState& db, const UndoRequest& request, bool dry_run);

}  // namespace parquedb
