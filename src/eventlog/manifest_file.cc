#include "eventlog/manifest_file.h"

#include "core/limits.h"
#include "model/layout.h"

namespace parquedb {

Result<EventManifest> ReadEventManifest(const StorageBackend& storage) {
  auto text = ReadWhole(storage, kEventManifestPath, kMaxManifestBytes);
  if (!text.ok() && text.status().code() == StatusCode::kNotFound) {
    return NotFound(storage.Describe() + " holds no database: events/manifest.json is missing", "parquedb init makes one");
  }
  if (!text.ok()) return text.status();
  auto manifest = DecodeEventManifest(*text);
  if (!manifest.ok() && manifest.status().code() == StatusCode::kCorruption) {
    return manifest.status().WithHint("parquedb verify; then pull from a backup");
  }
  return manifest;
}

Status WriteEventManifest(StorageBackend& storage, const EventManifest& manifest) {
  return storage.Write(kEventManifestPath, EncodeEventManifest(manifest));
}

}  // namespace parquedb
