// A snapshot as if it were a database directory: whatever reads a database reads a backup in place. Read-only.
#pragma once

#include <memory>
#include <string>

#include "model/file_manifest.h"
#include "parquedb/storage.h"

namespace parquedb {

class SnapshotBackend : public StorageBackend {
 public:
  SnapshotBackend(std::shared_ptr<StorageBackend> repository, FileManifest snapshot, std::string name)
      : repository_(std::move(repository)),
        snapshot_(std::move(snapshot)),
        name_(std::move(name)),
        manifest_text_(EncodeFileManifest(Plain())) {}

  std::string Describe() const override { return "backup " + name_; }
  Capabilities capabilities() const override { return {}; }
  // An object whose size is not the snapshot's: kCorruption that names it.
  Result<std::unique_ptr<ReadableFile>> Open(std::string_view path) const override;
  Result<std::optional<FileEntry>> Stat(std::string_view path) const override;
  Result<std::vector<FileEntry>> List(std::string_view prefix) const override;
  Result<std::unique_ptr<PendingFile>> CreatePending(std::string_view) override { return ReadOnly(); }
  Status Publish(std::vector<std::unique_ptr<PendingFile>>) override { return ReadOnly(); }
  Status Write(std::string_view, std::string_view, const WriteCondition&) override { return ReadOnly(); }
  Result<std::unique_ptr<AppendFile>> CreateAppend(std::string_view) override { return ReadOnly(); }
  Result<std::unique_ptr<AppendFile>> OpenAppend(std::string_view) override { return ReadOnly(); }
  Status Remove(std::string_view) override { return ReadOnly(); }
  Status Rename(std::string_view, std::string_view) override { return ReadOnly(); }
  Result<std::unique_ptr<FileLock>> Lock(std::string_view, std::string_view) override { return ReadOnly(); }
  const FileManifest& snapshot() const { return snapshot_; }

 private:
  Status ReadOnly() const { return Unsupported("a backup is never written to"); }
  FileManifest Plain() const;  // as a directory's _meta/manifest.json: without objects

  std::shared_ptr<StorageBackend> repository_;
  FileManifest snapshot_;
  std::string name_, manifest_text_;
};

}  // namespace parquedb
