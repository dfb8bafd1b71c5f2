// A base: the state at a cut as one segment. It holds the last event of each entity that is alive there, so a log can
// begin with it instead of the events before.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/sha256.h"
#include "eventlog/view.h"
#include "parquedb/storage.h"

namespace parquedb {

struct BasePlan {
  BaseCut cut;
  std::vector<LineEntry> lines;             // the line that wrote the event at the cut, from there
  std::vector<SegmentEntry> segments;       // of the source that are read
  std::vector<bool> last;                   // by lsn: the event at it is the last of an entity that is alive at the cut
  std::map<std::string, int64_t> entities;  // alive at the cut, by namespace; those asked for, also when there are none
};

// Reads the keys of the log from the newest base at or before the cut on; of these namespaces only, or of all. Memory:
// 32 bytes an entity, a bit an event.
Result<BasePlan> PlanBase(const StorageBackend& source, const View& view, const BaseCut& cut,
                          const std::optional<std::vector<std::string>>& namespaces);

struct Base {
  SegmentEntry entry;
  StateDigest digest;  // of the state that it holds
};

// Writes and publishes the segment; nothing refers to it before a manifest does. Memory: a row group.
// kCorruption names a damaged segment of the source.
Result<Base> WriteBase(const StorageBackend& source, const View& view, const BasePlan& plan, StorageBackend& target,
                       int64_t seq, const std::string& database_id, int64_t now_ms);

// The digest of what a base holds, from its rows on disk. kCorruption.
Result<StateDigest> ReadBaseDigest(const StorageBackend& storage, const SegmentEntry& entry,
                                   const std::string& database_id);

}  // namespace parquedb
