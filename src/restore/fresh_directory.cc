#include "restore/fresh_directory.h"

#include "core/test_hooks.h"
#include "eventlog/manifest_file.h"
#include "maintenance/manifest_writer.h"
#include "model/layout.h"

namespace parquedb {

Status FreshDirectory::Begin(const std::string& what, const std::set<std::string>& keep) {
  RETURN_IF_ERROR(storage_.Write(kRestoringPath, what + "\n"));
  PassKillPoint("restore.marker");
  for (std::string_view prefix : {"_meta/", "data/", "rels/", "events/", "indexes/"}) {
    ASSIGN_OR_RETURN(auto entries, storage_.List(prefix));
    for (const FileEntry& entry : entries) {
      if (entry.path == kRestoringPath || entry.path == kLockPath || keep.contains(entry.path)) continue;
      bool of_ours = ParsePath(entry.path) || entry.path == kLinePath || entry.path == kCheckpointPath;
      if (of_ours || entry.path.ends_with(".tmp")) RETURN_IF_ERROR(storage_.Remove(entry.path));
    }
  }
  return Status::Ok();
}

Status FreshDirectory::Commit(const EventManifest& manifest, const std::string& digest) {
  PassKillPoint("restore.segments");
  RETURN_IF_ERROR(WriteEventManifest(storage_, manifest));
  PassKillPoint("restore.event_manifest");
  ASSIGN_OR_RETURN(FileManifest record, DescribeDirectory(storage_, {.events = manifest,
                                                                     .previous = {},
                                                                     .rewritten = {},
                                                                     .hashes = {},
                                                                     .digest = digest,
                                                                     .now_ms = clock_.NowMs()}));
  RETURN_IF_ERROR(storage_.Write(kFileManifestPath, EncodeFileManifest(record)));
  RETURN_IF_ERROR(storage_.Remove(kRestoringPath));
  // A marker that comes back would ask for the same restore again, over what was written since.
  return storage_.SyncNames("_meta");
}

}  // namespace parquedb
