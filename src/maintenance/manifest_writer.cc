#include "maintenance/manifest_writer.h"

#include <algorithm>

#include "collection/data_file.h"
#include "core/limits.h"
#include "core/sha256.h"
#include "model/layout.h"
#include "storage/hash_file.h"

namespace parquedb {
namespace {

// Adds the file when it is there; a derived file may be lost.
Status DescribeFile(const StorageBackend& storage, const DirectoryRecord& record, const std::string& path,
                    const std::string& known_hash, FileManifest* manifest) {
  if (record.previous && !record.rewritten.contains(path)) {
    auto old = record.previous->files.find(path);
    if (old != record.previous->files.end()) {
      manifest->files.insert(*old);
      return Status::Ok();
    }
  }
  ASSIGN_OR_RETURN(auto entry, storage.Stat(path));
  if (!entry) return Status::Ok();
  ManifestFile file{.path = path,
                    .size = static_cast<int64_t>(entry->size),
                    .hash = known_hash,
                    .modified_at_ms = entry->modified_ms,
                    .content_type = std::string(ContentType(path))};
  if (file.hash.empty()) {
    ASSIGN_OR_RETURN(auto handle, storage.Open(path));
    ASSIGN_OR_RETURN(file.hash, HashFile(*handle));
  }
  manifest->files.emplace(path, std::move(file));
  return Status::Ok();
}

Status CountEntities(const StorageBackend& storage, const DirectoryRecord& record, FileManifest* manifest) {
  for (const auto& [path, through] : record.events.files) {
    auto name = ParsePath(path);
    if (!name || name->kind != FileKind::kData || !manifest->files.contains(path)) continue;
    int64_t& count = manifest->metadata->entities[name->ns];
    if (record.previous && record.previous->metadata && !record.rewritten.contains(path)) {
      auto known = record.previous->metadata->entities.find(name->ns);
      if (known != record.previous->metadata->entities.end()) {
        count = known->second;
        continue;
      }
    }
    ASSIGN_OR_RETURN(auto handle, storage.Open(path));
    ASSIGN_OR_RETURN(auto file, DataFile::Open(std::move(handle), path, record.events.database_id));
    count = file->footer().rows;
  }
  return Status::Ok();
}

}  // namespace

Result<FileManifest> DescribeDirectory(const StorageBackend& storage, const DirectoryRecord& record) {
  const EventManifest& events = record.events;
  FileManifest manifest;
  if (record.previous) manifest = *record.previous;  // owner, slug, visibility stay
  manifest.files.clear();
  manifest.database_id = events.database_id;
  manifest.name = events.dataset;
  manifest.last_synced_at_ms = record.now_ms;
  manifest.metadata = ManifestMetadata{.head = events.last_lsn(),
                                       .checkpoint = events.checkpoint,
                                       .digest = record.digest,
                                       .window_from_ms = events.window_from_ms(),
                                       .window_to_ms = record.now_ms};
  for (const SegmentEntry& entry : events.segments) {
    RETURN_IF_ERROR(DescribeFile(storage, record, entry.path, entry.sha256, &manifest));
  }
  for (const auto& [path, through] : events.files) {
    auto hash = record.hashes.find(path);
    RETURN_IF_ERROR(DescribeFile(storage, record, path, hash != record.hashes.end() ? hash->second : "", &manifest));
    auto name = ParsePath(path);
    if (name && name->kind == FileKind::kData) {
      RETURN_IF_ERROR(DescribeFile(storage, record, BloomPath(name->ns), "", &manifest));
    }
  }
  RETURN_IF_ERROR(CountEntities(storage, record, &manifest));
  return manifest;
}

Status WriteFileManifest(LogWriter& log, std::set<std::string> rewritten, std::map<std::string, std::string> hashes) {
  DirectoryRecord record{.events = log.manifest(),
                         .previous = {},
                         .rewritten = std::move(rewritten),
                         .hashes = std::move(hashes),
                         .digest = {},
                         .now_ms = log.clock().NowMs()};
  auto text = ReadWhole(log.storage(), kFileManifestPath, kMaxManifestBytes);
  if (text.ok()) {
    // The record may be damaged: nothing depends on it, and this call makes it new.
    if (auto decoded = DecodeFileManifest(*text); decoded.ok()) record.previous = std::move(*decoded);
  }
  ASSIGN_OR_RETURN(StateDigest digest, log.Digest());
  record.digest = digest.Hex();
  ASSIGN_OR_RETURN(FileManifest manifest, DescribeDirectory(log.storage(), record));
  return log.storage().Write(kFileManifestPath, EncodeFileManifest(manifest));
}

Status FlushAll(LogWriter& log, BaseSchedule* bases) {
  if (log.tail().empty()) return Status::Ok();
  RETURN_IF_ERROR(log.Flush());
  if (bases != nullptr) RETURN_IF_ERROR(bases->AddDue(log).status());
  return WriteFileManifest(log);
}

}  // namespace parquedb
