#include "repository/snapshot_backend.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/limits.h"
#include "core/sha256.h"
#include "model/layout.h"

namespace parquedb {
namespace {

// A text as a file.
class TextFile : public ReadableFile {
 public:
  explicit TextFile(std::string text) : text_(std::move(text)) {}
  uint64_t size() const override { return text_.size(); }
  std::string etag() const override { return ""; }
  Status ReadAt(uint64_t offset, std::span<char> out) const override {
    if (offset > text_.size() || out.size() > text_.size() - offset) return Corruption("a read lies behind the end");
    std::copy_n(text_.data() + offset, out.size(), out.data());
    return Status::Ok();
  }
  Status Sync() const override { return Status::Ok(); }

 private:
  std::string text_;
};

// An object is immutable and was durable before a snapshot named it.
class ObjectFile : public ReadableFile {
 public:
  explicit ObjectFile(std::unique_ptr<ReadableFile> file) : file_(std::move(file)) {}
  uint64_t size() const override { return file_->size(); }
  std::string etag() const override { return file_->etag(); }
  Status ReadAt(uint64_t offset, std::span<char> out) const override { return file_->ReadAt(offset, out); }
  Status Sync() const override { return Status::Ok(); }

 private:
  std::unique_ptr<ReadableFile> file_;
};

}  // namespace

FileManifest SnapshotBackend::Plain() const {
  FileManifest plain = snapshot_;
  std::erase_if(plain.files, [](const auto& file) {
    auto name = ParsePath(file.first);
    return name && (name->kind == FileKind::kWal || name->kind == FileKind::kEventManifest);
  });
  for (auto& [path, file] : plain.files) {
    file.object.clear();
    file.stored_size = 0;
  }
  return plain;
}

Result<std::unique_ptr<ReadableFile>> SnapshotBackend::Open(std::string_view path) const {
  if (path == kFileManifestPath) return std::unique_ptr<ReadableFile>(std::make_unique<TextFile>(manifest_text_));
  auto entry = snapshot_.files.find(std::string(path));
  if (entry == snapshot_.files.end()) return NotFound(std::string(path) + " is not in the backup " + name_);
  const ManifestFile& file = entry->second;
  auto object = repository_->Open(file.object);
  if (!object.ok() && object.status().code() == StatusCode::kNotFound) {
    return Corruption(fmt::format("the object {} of {} is missing", file.hash, path),
                      "pull from another remote, or parquedb verify");
  }
  if (!object.ok()) return object.status();
  if ((*object)->size() != static_cast<uint64_t>(file.stored_size)) {
    return Corruption(fmt::format("the object {} of {} has {} bytes; {} were expected", file.hash, path,
                                  (*object)->size(), file.stored_size),
                      "pull from another remote, or parquedb verify");
  }
  auto name = ParsePath(path);
  bool by_hash = name && (name->kind == FileKind::kWal || name->kind == FileKind::kEventManifest);
  if (!by_hash) return std::unique_ptr<ReadableFile>(std::make_unique<ObjectFile>(std::move(*object)));
  // A torn tail is no damage in a directory; in a backup it is.
  ASSIGN_OR_RETURN(std::string text, ReadWhole(**object, kMaxManifestBytes));
  if (Sha256Hex(text) != file.hash) {
    return Corruption(fmt::format("the object {} of {} is damaged: its content has another hash", file.hash, path),
                      "pull from another remote, or parquedb verify");
  }
  return std::unique_ptr<ReadableFile>(std::make_unique<TextFile>(std::move(text)));
}

Result<std::optional<FileEntry>> SnapshotBackend::Stat(std::string_view path) const {
  if (path == kFileManifestPath)
    return std::optional<FileEntry>({std::string(path), manifest_text_.size(), snapshot_.last_synced_at_ms});
  auto entry = snapshot_.files.find(std::string(path));
  if (entry == snapshot_.files.end()) return std::optional<FileEntry>();
  return std::optional<FileEntry>(
      {std::string(path), static_cast<uint64_t>(entry->second.size), entry->second.modified_at_ms});
}

Result<std::vector<FileEntry>> SnapshotBackend::List(std::string_view prefix) const {
  std::vector<FileEntry> entries;
  for (const auto& [path, file] : snapshot_.files) {
    if (path.starts_with(prefix)) entries.push_back({path, static_cast<uint64_t>(file.size), file.modified_at_ms});
  }
  if (kFileManifestPath.starts_with(prefix))
    entries.push_back({std::string(kFileManifestPath), manifest_text_.size(), snapshot_.last_synced_at_ms});
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return entries;
}

}  // namespace parquedb
