// A backup repository: numbered commits, immutable snapshots, objects named by their content.
// docs/format/repository.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "model/commit.h"
#include "model/file_manifest.h"
#include "parquedb/status.h"
#include "parquedb/storage.h"

namespace parquedb {

// One backup as `backups` shows it: a snapshot, and the newest instant that a commit gives it.
struct BackupEntry {
  std::string snapshot;
  std::string database_id, slug;
  int64_t instant_ms = 0;
  Commit commit;  // the newest that names it
};

class Repository {
 public:
  // kNotFound when there is no _meta/repo.json.
  static Result<std::unique_ptr<Repository>> Open(std::shared_ptr<StorageBackend> storage);
  // Makes it if it is not there. kUnsupportedStore when the store can't create a file only if it is new.
  static Result<std::unique_ptr<Repository>> OpenOrCreate(std::shared_ptr<StorageBackend> storage, Clock& clock);

  StorageBackend& storage() const { return *storage_; }
  const std::shared_ptr<StorageBackend>& shared_storage() const { return storage_; }

  // All commits, ascending. kCorruption when a number is missing or a commit is damaged.
  Result<std::vector<Commit>> ListCommits() const;
  // Backups that are kept, oldest first.
  Result<std::vector<BackupEntry>> ListBackups() const;
  // The newest backup of a slug ("" = of any).
  Result<std::optional<BackupEntry>> Newest(const std::string& slug) const;
  Result<FileManifest> ReadSnapshot(const std::string& id) const;
  // Create-only and durable; above 1 MiB as a zstd frame.
  Status WriteSnapshot(const std::string& id, const FileManifest& snapshot);

  // Appends a commit under the next number. `check` sees all commits so far, also those that somebody else appended
  // meanwhile, and may refuse. kBusy after ten lost races. Returns the commit with its number.
  Result<Commit> AppendCommit(Commit commit, const std::function<Status(const std::vector<Commit>&)>& check);

 private:
  explicit Repository(std::shared_ptr<StorageBackend> storage) : storage_(std::move(storage)) {}
  std::shared_ptr<StorageBackend> storage_;
};

// The backups that a list of commits leaves, oldest first.
std::vector<BackupEntry> BackupsOf(const std::vector<Commit>& commits);

}  // namespace parquedb
