// events/manifest.json on a store.
#pragma once

#include "model/event_manifest.h"
#include "parquedb/storage.h"

namespace parquedb {

// kNotFound when there is none: no database is here. kCorruption, kUnsupported as DecodeEventManifest.
Result<EventManifest> ReadEventManifest(const StorageBackend& storage);
// Atomic and durable.
Status WriteEventManifest(StorageBackend& storage, const EventManifest& manifest);

}  // namespace parquedb
