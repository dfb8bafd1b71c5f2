// events/manifest.json on a store.
#pragma once

#include "model/event_manifest.h"
#include "parquedb/storage.h"

namespace parquedb {

// kNotFound when there is none: no database is here. kCorruption, kUnsupported as DecodeEventManifest.
Result<EventManifest> ReadEventManifest(const StorageBackend& storage);
// kUnsupported when a pull or restore into the directory has not ended: whatever is there is not a database yet.
Status CheckNotRestoring(const StorageBackend& storage);
// Atomic and durable.
Status WriteEventManifest(StorageBackend& storage, const EventManifest& manifest);

}  // namespace parquedb
