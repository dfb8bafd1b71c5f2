// A store over another one: reads fall through, every change stays in memory and goes with this object. A dry run does
// what the real run does, over one of these.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "parquedb/storage.h"
#include "storage/memory_backend.h"

namespace parquedb {

class OverlayBackend : public StorageBackend {
 public:
  // `base` is never written to. Its lock is taken, and the text in it stays, where its lock file is there and can be
  // locked: on a medium that can't be written there is no writer.
  explicit OverlayBackend(std::shared_ptr<StorageBackend> base);

  std::string Describe() const override { return base_->Describe(); }
  Capabilities capabilities() const override { return {.append = true, .lock = true, .create_only = true}; }
  Result<std::unique_ptr<ReadableFile>> Open(std::string_view path) const override;
  Result<std::optional<FileEntry>> Stat(std::string_view path) const override;
  Result<std::vector<FileEntry>> List(std::string_view prefix) const override;
  Result<std::unique_ptr<PendingFile>> CreatePending(std::string_view path) override;
  Status Publish(std::vector<std::unique_ptr<PendingFile>> files) override;
  Status Write(std::string_view path, std::string_view bytes, const WriteCondition& condition = {}) override;
  Result<std::unique_ptr<AppendFile>> CreateAppend(std::string_view path) override;
  // The file's bytes are copied into memory.
  Result<std::unique_ptr<AppendFile>> OpenAppend(std::string_view path) override;
  Status Remove(std::string_view path) override;
  Status Rename(std::string_view from, std::string_view to) override;
  Result<std::unique_ptr<FileLock>> Lock(std::string_view path, std::string_view holder) override;

 private:
  bool IsGone(std::string_view path) const;
  void NoteChanged(std::string_view path);  // what the base has there is not seen any more
  // The file as it is seen, put into memory if it is not there.
  Status Copy(std::string_view path);

  std::shared_ptr<StorageBackend> base_;
  std::unique_ptr<MemoryBackend> changes_;
  mutable std::mutex mutex_;
  std::set<std::string, std::less<>> hidden_;  // of the base: removed, or replaced in changes_; guarded by mutex_
};

}  // namespace parquedb
