// events/manifest.json on a store.
#pragma once

#include "model/event_manifest.h"
#include "parquedb/storage.h"

namespace parquedb {

// kUnsupported when a pull or restore into the directory has not ended: whatever is there is not a database yet.
Status CheckNotRestoring(const StorageBackend& storage);
// Atomic and durable.
Status WriteEventManifest(StorageBackend& storage, const EventManifest& manifest);

}  // namespace parquedb
