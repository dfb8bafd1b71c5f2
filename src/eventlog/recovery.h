// What a writer does with a log that it opens: read it, and mend what a crash left. The caller holds the lock.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "eventlog/view.h"
#include "parquedb/storage.h"

namespace parquedb {

struct RecoveredLog {
  EventManifest manifest;
  std::vector<Event> tail;             // behind the last segment
  std::vector<WalPart> parts;          // WAL files that are left, ascending; their events are in `tail`
  bool has_failed_wal = false;         // the tail must be flushed before anything is appended
  std::string line;                    // of this directory; "" when it has none yet
  std::optional<std::string> last_id;  // of the last event
};

// Reads everything, then cuts a torn tail, removes temporary files, segments that no manifest names and WAL files that
// segments cover. kCorruption for a hole or a damaged file, before anything is changed.
Result<RecoveredLog> RecoverLog(StorageBackend& storage);

}  // namespace parquedb
