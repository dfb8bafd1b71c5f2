#include "eventlog/manifest_file.h"

#include "core/limits.h"
#include "model/layout.h"

namespace parquedb {

Result<EventManifest> ReadEventManifest(const StorageBackend& storage) {
  auto text = ReadWhole(storage, kEventManifestPath, kMaxManifestBytes);
  if (!text.ok() && text.status().code() == StatusCode::kNotFound) {
    return NotFound(storage.Describe() + " holds no database: events/manifest.json is missing",
                    "parquedb init makes one");
  }
  if (!text.ok()) return text.status();
  auto manifest = DecodeEventManifest(*text);
  if (!manifest.ok() && manifest.status().code() == StatusCode::kCorruption) {
    return manifest.status().WithHint("parquedb verify; then pull from a backup");
  }
  return manifest;
}

Status CheckNotRestoring(const StorageBackend& storage) {
  ASSIGN_OR_RETURN(auto restoring, storage.Stat(kRestoringPath));
  if (!restoring) return Status::Ok();
  return Unsupported(storage.Describe() + ": a restore into it has not ended (" + std::string(kRestoringPath) + ")",
                     "run the same pull or restore again");
}

Status WriteEventManifest(StorageBackend& storage, const EventManifest& manifest) {
  return storage.Write(kEventManifestPath, EncodeEventManifest(manifest));
}

}  // namespace parquedb
