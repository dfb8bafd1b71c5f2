// A full backup of a database.
//
//   full_backup DIR BACKUPS
#include <iostream>

#include "parquedb/sync.h"

using namespace parquedb;

namespace {

struct BackupResult {
  size_t files_uploaded = 0;
  int64_t total_bytes = 0;
};

Result<BackupResult> FullBackup(const std::string& source, const std::string& backups) {
  auto local = OpenDirectory(source), remote = OpenDirectory(backups);
  if (!local.ok()) return local.status();
  if (!remote.ok()) return remote.status();
  auto engine = CreateSyncEngine({.local = std::move(*local), .remote = std::move(*remote), .slug = "shop"});
  auto pushed = engine->Push({.dry_run = false});
  if (!pushed.ok()) return pushed.status();
  BackupResult result{.files_uploaded = pushed->uploaded.size()};
  for (const TransferredFile& file : pushed->uploaded) result.total_bytes += file.size;
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::cerr << "usage: full_backup DIR BACKUPS\n", 2;
  auto result = FullBackup(argv[1], argv[2]);
  if (!result.ok()) return std::cerr << "error: " << result.status().message() << "\n", 1;
  std::cout << "uploaded " << result->files_uploaded << " files, " << result->total_bytes << " bytes\n";
}
