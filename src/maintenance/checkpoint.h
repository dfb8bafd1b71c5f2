// Rewrites the derived files (data, rels, bloom) of every namespace with events since the last checkpoint, and the two
// manifests behind them. The log is the truth: a crash anywhere leaves files that are merely older, or newer than the
// manifest says, and both are right for the lsn in their own footer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "eventlog/log_writer.h"
#include "parquedb/progress.h"

namespace parquedb {

struct CheckpointResult {
  int64_t through = 0;                  // lsn
  std::vector<std::string> namespaces;  // rewritten
  int64_t files = 0;
};

// Flushes, then checkpoints through the head. When it returns OK, events/manifest.json and _meta/manifest.json name the
// new files and everything is durable. Memory: OpenChanges' bound, and 64 MiB of links. Two syncs for any number of
// namespaces. The caller holds the database's turn.
// `progress` (may be null): entities that are written.
Result<CheckpointResult> Checkpoint(LogWriter& log, Progress* progress = nullptr);

}  // namespace parquedb
