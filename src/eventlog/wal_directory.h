// The WAL files of a database, read together.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "eventlog/view.h"
#include "parquedb/storage.h"

namespace parquedb {

struct WalReading {
  bool sync = true;         // make what is read durable first, so that no power cut takes it back
  bool recovering = false;  // the writer's reading: all frames of a file whose sync failed, too
};

// _meta/wal/{first}.wal, and {first}.wal.{durable lsn}.failed: a WAL whose sync failed when everything through that lsn
// was durable.
struct WalName {
  int64_t first_lsn = 0;
  std::optional<int64_t> failed_after;
};
std::optional<WalName> ParseWalName(std::string_view path);
std::string FailedWalPath(std::string_view wal_path, int64_t durable_lsn);

// Parts in ascending order of their first lsn. nullopt: a file went while it was read (the log moved).
Result<std::optional<std::vector<WalPart>>> ReadWalDirectory(const StorageBackend& storage, const WalReading& reading);

}  // namespace parquedb
