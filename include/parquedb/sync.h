// What push and pull report.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace parquedb {

enum class ConflictStrategy { kManual, kLocalWins, kRemoteWins, kNewest };

struct TransferredFile {
  std::string path;  // in the database
  int64_t size = 0;  // bytes
};

struct PushResult {
  std::string snapshot;  // ULID; of an earlier push when nothing had changed
  int64_t commit = 0;    // number; 0 for a dry run
  std::vector<TransferredFile> uploaded;
  int64_t unchanged = 0;  // files that the remote had
  int64_t bytes = 0;      // uploaded
  std::vector<std::string> warnings;
};

struct PullResult {
  std::vector<TransferredFile> downloaded;
  int64_t unchanged = 0;  // files that the directory had
  int64_t bytes = 0;
  std::vector<std::string> warnings;  // damaged derived files; they are rebuilt from the log
};

}  // namespace parquedb
