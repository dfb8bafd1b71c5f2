// An in-memory disk for tests, with a crash model: what was not synced may be lost, in part, when the power goes.
//
// A disk survives; MemoryBackend objects come and go on it, as processes do. Each mutating call is one numbered
// operation; a test can make any of them fail or be the last before a crash.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "core/ulid.h"
#include "parquedb/storage.h"

namespace parquedb {

// Model of one file system, after what ext4 does: names and contents are separate; a content is durable up to its last
// sync; a name (created, renamed, removed) is durable when its folder was synced.
class MemoryDisk {
 public:
  struct Faults {
    int64_t crash_at = -1;  // this operation and all behind it fail: the process is gone
    int64_t fail_at = -1;   // this operation fails with `error`
    bool sticky = false;    // and all behind it do, too
    Status error = IoError("injected: input/output error");
  };

  void SetFaults(Faults faults);
  int64_t operations() const;  // so far
  bool crashed() const;
  // The process is gone, the machine goes on: everything written stays. Locks are freed, faults are cleared.
  void EndProcess();
  // The power goes: of every file any subset of the unsynced 512-byte sectors stays, unsynced names may be old or new.
  void CutPower(RandomSource& random);
  // Changes a byte or the length of a stored file behind everybody's back.
  void Corrupt(const std::string& path, size_t offset, char xor_mask);
  void Cut(const std::string& path, size_t size);
  std::vector<std::string> Paths() const;
  std::string Content(const std::string& path) const;
  bool Has(const std::string& path) const;

 private:
  friend class MemoryBackend;
  friend class MemoryPendingFile;
  friend class MemoryAppendFile;
  friend class MemoryReadableFile;
  friend class MemoryLock;
  struct Inode {
    std::string bytes;    // as processes see it
    std::string durable;  // as of the last sync
    uint64_t generation = 0;
  };
  using InodePtr = std::shared_ptr<Inode>;
  // Counts one operation; the Status says whether it may happen.
  Status Step();

  mutable std::mutex mutex_;
  Faults faults_;
  int64_t operations_ = 0;
  uint64_t generations_ = 0;
  std::map<std::string, InodePtr> names_;          // as processes see them
  std::map<std::string, InodePtr> durable_names_;  // as a power cut leaves them at worst
  std::set<std::string> locks_;
};

class MemoryBackend : public StorageBackend {
 public:
  explicit MemoryBackend(std::shared_ptr<MemoryDisk> disk, Capabilities capabilities = {true, true, true, true});
  std::string Describe() const override { return "memory"; }
  Capabilities capabilities() const override { return capabilities_; }
  Result<std::unique_ptr<ReadableFile>> Open(std::string_view path) const override;
  Result<std::optional<FileEntry>> Stat(std::string_view path) const override;
  Result<std::vector<FileEntry>> List(std::string_view prefix) const override;
  Result<std::unique_ptr<PendingFile>> CreatePending(std::string_view path) override;
  Status Publish(std::vector<std::unique_ptr<PendingFile>> files) override;
  Status Write(std::string_view path, std::string_view bytes, const WriteCondition& condition = {}) override;
  Result<std::unique_ptr<AppendFile>> CreateAppend(std::string_view path) override;
  Result<std::unique_ptr<AppendFile>> OpenAppend(std::string_view path) override;
  Status Remove(std::string_view path) override;
  Status SyncNames(std::string_view folder) const override;
  Status Rename(std::string_view from, std::string_view to) override;
  Result<std::unique_ptr<FileLock>> Lock(std::string_view path, std::string_view holder) override;

 private:
  std::shared_ptr<MemoryDisk> disk_;
  Capabilities capabilities_;
};

}  // namespace parquedb
