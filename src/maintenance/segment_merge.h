// Neighbouring segments become one that holds the same events.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/event_manifest.h"
#include "parquedb/progress.h"
#include "parquedb/storage.h"

namespace parquedb {

// Writes the events of the parts, which follow one another by lsn, as a segment with number `seq`; publishes it, and
// reads it back beside the parts: every field of every event is the same. Nothing refers to it before a manifest does.
// Row groups that are large stay as they are, small ones are put together. Memory: a row group. kCorruption names a
// part that is not what its entry says (its sha256 is checked). `progress` (may be null): bytes of the parts.
Result<SegmentEntry> MergeSegments(StorageBackend& storage, const std::vector<SegmentEntry>& parts,
                                   const std::string& database_id, int64_t seq, int64_t now_ms, Progress* progress);

}  // namespace parquedb
