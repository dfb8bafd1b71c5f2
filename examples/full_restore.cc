// The newest backup becomes a directory. Run again, it takes what is new.
//
//   full_restore BACKUPS DIR
#include <iostream>

#include "parquedb/sync.h"

using namespace parquedb;

int main(int argc, char** argv) {
  if (argc != 3) return std::cerr << "usage: full_restore BACKUPS DIR\n", 2;
  auto remote = OpenDirectory(argv[1]), local = OpenDirectory(argv[2]);
  if (!local.ok() || !remote.ok()) return std::cerr << "error: no such folder\n", 1;
  auto engine = CreateSyncEngine({.local = std::move(*local), .remote = std::move(*remote), .slug = "shop"});
  auto result = engine->Pull({.conflict_strategy = ConflictStrategy::kRemoteWins});  // the backup always wins
  if (!result.ok()) return std::cerr << "error: " << result.status().message() << "\n", 1;
  std::cout << "restored " << result->downloaded.size() << " files, " << result->bytes << " bytes\n";
}
