// What changed since the last backup, and only that.
//
//   incremental_backup DIR BACKUPS
#include <iostream>

#include "parquedb/sync.h"

using namespace parquedb;

namespace {

struct IncrementalBackupResult {
  size_t files_uploaded = 0, skipped = 0;
  int64_t bytes_transferred = 0;
};

Result<IncrementalBackupResult> IncrementalBackup(SyncEngine& engine) {
  auto status = engine.Status();
  if (!status.ok()) return status.status();
  const SyncDiff& diff = status->diff;
  IncrementalBackupResult result{.skipped = diff.unchanged.size()};
  if (status->is_synced) {
    std::cout << "No changes since last backup\n";
    return result;
  }
  std::cout << "Changes detected:\n"
            << "  New files: " << diff.to_upload.size() << "\n"
            << "  Unchanged: " << diff.unchanged.size() << "\n";
  // A backup always takes the local version.
  auto pushed = engine.Push({.dry_run = false, .conflict_strategy = ConflictStrategy::kLocalWins});
  if (!pushed.ok()) return pushed.status();
  result.files_uploaded = pushed->uploaded.size();
  result.bytes_transferred = pushed->bytes;
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::cerr << "usage: incremental_backup DIR BACKUPS\n", 2;
  auto local = OpenDirectory(argv[1]), remote = OpenDirectory(argv[2]);
  if (!local.ok() || !remote.ok()) return std::cerr << "error: no such folder\n", 1;
  auto engine = CreateSyncEngine({.local = std::move(*local), .remote = std::move(*remote), .slug = "shop"});
  auto result = IncrementalBackup(*engine);
  if (!result.ok()) return std::cerr << "error: " << result.status().message() << "\n", 1;
  std::cout << "uploaded " << result->files_uploaded << ", skipped " << result->skipped << "\n";
}
