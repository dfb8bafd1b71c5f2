// Segments from one place to another, byte for byte.
#pragma once

#include "parquedb/event_manifest.h"
#include "parquedb/progress.h"
#include "parquedb/storage.h"

namespace parquedb {

// Durable under its name when it returns. kCorruption when it is not what the entry says; then nothing is there.
// `progress` (may be null): bytes.
Status CopySegment(const StorageBackend& from, StorageBackend& to, const SegmentEntry& entry,
                   Progress* progress = nullptr);
// The same of a file that is open already.
Status CopySegment(const ReadableFile& file, StorageBackend& to, const SegmentEntry& entry,
                   Progress* progress = nullptr);

}  // namespace parquedb
