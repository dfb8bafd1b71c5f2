// A backup becomes a directory, or a directory that is behind it takes what is new. Plan first, then carry it out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "eventlog/view.h"
#include "parquedb/progress.h"
#include "parquedb/sync.h"
#include "repository/repository.h"

namespace parquedb {

struct PullSource {
  std::shared_ptr<StorageBackend> repository;
  FileManifest snapshot;
  std::string name;              // for messages
  int64_t instant_ms = 0;        // of the backup
  Progress* progress = nullptr;  // may be null; bytes of files that are fetched, or found to be there
};

// Into a folder that holds no database. Under the marker _meta/RESTORING, so that nobody opens half of it; run again
// after a failure it takes up what is there. A damaged derived file is left out, with a warning: the log holds
// everything. kCorruption names a damaged or missing object of the log.
Result<PullResult> PullIntoNew(const PullSource& source, StorageBackend& target, bool dry_run);

// Which files a pull into a copy that is behind fetches, and which it has; by their paths in the backup.
struct PullPlan {
  std::vector<std::string> to_download, unchanged;
};
Result<PullPlan> PlanPull(const PullSource& source, const StorageBackend& target, const View& mine);

// Into a copy, whose writer's lock the caller holds. Equal: nothing. Behind: fast-forward. Ahead, diverged or another
// database: kConflict.
Result<PullResult> PullIntoCopy(const PullSource& source, StorageBackend& target, int64_t now_ms, bool dry_run);

}  // namespace parquedb
