#include "eventlog/segment_copy.h"

#include <fmt/format.h>

#include "eventlog/manifest_file.h"
#include "model/event_manifest.h"
#include "storage/hash_file.h"

namespace parquedb {

Status CopySegment(const StorageBackend& from, StorageBackend& to, const SegmentEntry& entry, Progress* progress) {
  ASSIGN_OR_RETURN(auto file, from.Open(entry.path));
  return CopySegment(*file, to, entry, progress);
}

Status CopySegment(const ReadableFile& file, StorageBackend& to, const SegmentEntry& entry, Progress* progress) {
  ASSIGN_OR_RETURN(auto pending, to.CreatePending(entry.path));
  ASSIGN_OR_RETURN(std::string hash, HashFile(file, [&](std::string_view block) {
                     Advance(progress, static_cast<int64_t>(block.size()), static_cast<int64_t>(block.size()));
                     return pending->Append(block);
                   }));
  if (hash != entry.sha256) {
    return Corruption(fmt::format("{}: its sha256 is {}, events/manifest.json says {}", entry.path, hash, entry.sha256),
                      "parquedb verify; then take another copy");
  }
  RETURN_IF_ERROR(pending->Close());
  std::vector<std::unique_ptr<PendingFile>> files;
  files.push_back(std::move(pending));
  return to.Publish(std::move(files));
}

namespace {

constexpr int kAttempts = 10;

Status CopyNew(const StorageBackend& local, StorageBackend& remote, int64_t last_seq, const EventManifest& manifest) {
  for (const SegmentEntry& entry : manifest.segments) {
    bool is_wanted = entry.seq > last_seq;
    if (!is_wanted && entry.is_base) {
      // It was left behind while it only made replay shorter; now the log begins with it.
      ASSIGN_OR_RETURN(auto there, remote.Stat(entry.path));
      is_wanted = !there.has_value();
    }
    if (is_wanted) RETURN_IF_ERROR(CopySegment(local, remote, entry));
  }
  return Status::Ok();
}

}  // namespace

Result<int64_t> BackupNewEvents(const StorageBackend& local, StorageBackend& remote, int64_t last_seq) {
  for (int attempt = 1;; ++attempt) {
    ASSIGN_OR_RETURN(const EventManifest present, ReadEventManifest(local));
    EventManifest manifest = present;
    std::erase_if(manifest.segments,
                  [&](const SegmentEntry& entry) { return entry.is_base && !present.begins_with(entry); });
    Status copied = CopyNew(local, remote, last_seq, manifest);
    if (copied.code() == StatusCode::kNotFound && attempt < kAttempts) {
      // A compaction may have put another file in the place of one that the manifest named.
      ASSIGN_OR_RETURN(const EventManifest now, ReadEventManifest(local));
      if (!(now == present)) continue;
    }
    RETURN_IF_ERROR(copied);
    // The derived files stay behind: there, everything comes from the log.
    manifest.checkpoint = 0;
    manifest.files.clear();
    RETURN_IF_ERROR(WriteEventManifest(remote, manifest));
    return manifest.next_seq - 1;
  }
}

}  // namespace parquedb
