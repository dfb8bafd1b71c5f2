#include "eventlog/segment_copy.h"

#include <fmt/format.h>

#include "eventlog/manifest_file.h"
#include "model/event_manifest.h"
#include "storage/hash_file.h"

namespace parquedb {

Status CopySegment(const StorageBackend& from, StorageBackend& to, const SegmentEntry& entry, Progress* progress) {
  ASSIGN_OR_RETURN(auto file, from.Open(entry.path));
  ASSIGN_OR_RETURN(auto pending, to.CreatePending(entry.path));
  ASSIGN_OR_RETURN(std::string hash, HashFile(*file, [&](std::string_view block) {
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

Result<int64_t> BackupNewEvents(const StorageBackend& local, StorageBackend& remote, int64_t last_seq) {
  ASSIGN_OR_RETURN(EventManifest manifest, ReadEventManifest(local));
  std::erase_if(manifest.segments,
                [&](const SegmentEntry& entry) { return entry.is_base && !manifest.begins_with(entry); });
  for (const SegmentEntry& entry : manifest.segments) {
    if (entry.seq > last_seq) RETURN_IF_ERROR(CopySegment(local, remote, entry));
  }
  // The derived files stay behind: there, everything comes from the log.
  manifest.checkpoint = 0;
  manifest.files.clear();
  RETURN_IF_ERROR(WriteEventManifest(remote, manifest));
  return manifest.next_seq - 1;
}

}  // namespace parquedb
