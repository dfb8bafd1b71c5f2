// events/manifest.json: the segments of the log, in order, and what must be known to go on.
//
//   auto manifest = ReadEventManifest(*storage);
//   for (const SegmentEntry& segment : manifest->segments) ...   // segment.path, segment.seq, segment.min_ts_ms
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "parquedb/status.h"
#include "parquedb/storage.h"

namespace parquedb {

struct SegmentEntry {
  int64_t seq = 0;
  std::string path;
  int64_t min_ts_ms = 0, max_ts_ms = 0;
  int64_t count = 0;
  int64_t size_bytes = 0;
  int64_t created_at_ms = 0;
  std::string sha256;
  int64_t min_lsn = 0, max_lsn = 0;
  bool is_base = false;  // kind "base"; else "events"

  bool operator==(const SegmentEntry&) const = default;
};

// Which line wrote the lsns from `from` on (until the next entry's).
struct LineEntry {
  std::string id;
  int64_t from = 0;
  bool operator==(const LineEntry&) const = default;
};

using Knows = std::map<std::string, int64_t>;  // line -> highest lsn of it that is held or was merged

struct MergeEntry {
  int64_t at = 0;
  Knows knows;
  bool operator==(const MergeEntry&) const = default;
};

struct ForkOrigin {
  std::string database_id;
  int64_t lsn = 0;
  std::string id;
  std::vector<std::string> namespaces;
  bool operator==(const ForkOrigin&) const = default;
};

struct EventManifest {
  std::string dataset;  // the database's name
  std::string database_id;
  int64_t created_at_ms = 0;
  std::vector<SegmentEntry> segments;  // ascending by lsn; a base stands behind the segment that ends at its cut
  int64_t compacted_through = 0;
  int64_t next_seq = 1;
  int64_t total_events = 0;  // bases do not count
  int64_t updated_at_ms = 0;
  std::vector<LineEntry> lines;
  std::vector<MergeEntry> merges;
  std::map<std::string, std::string> tags;  // name -> event id
  int64_t checkpoint = 0;                   // state.checkpoint
  std::map<std::string, int64_t> files;     // state.files: data and rels path -> lsn it goes through
  std::optional<ForkOrigin> forked_from;

  bool operator==(const EventManifest&) const = default;

  // The last lsn that segments hold; 0 for none.
  int64_t last_lsn() const { return segments.empty() ? 0 : segments.back().max_lsn; }
  // True for a base that the log begins with. Any other base only makes replay shorter: the events before it are there.
  bool begins_with(const SegmentEntry& entry) const { return entry.is_base && entry.max_lsn == compacted_through; }
  // Where the restorable window begins, as far as segments say: at the base that stands in for retired events, else at
  // the creation, or the first event if that is earlier. UTC ms.
  int64_t window_from_ms() const;
};

// The manifest of a database. kNotFound when there is none: no database is here. kCorruption, kUnsupported (a newer
// format).
Result<EventManifest> ReadEventManifest(const StorageBackend& storage);

// Copies the segments with seq > last_seq from a database to another place, then its manifest; returns the seq to give
// next time (nextSeq - 1). What lies there is the log up to the last flush: a database that opens, and restores to any
// instant of it. Bases stay behind but for the one that the log begins with: they only make replay shorter. Each file
// is durable before the manifest names it. kCorruption: a segment that is not what the manifest says (named); the
// manifest there stays as it was.
Result<int64_t> BackupNewEvents(const StorageBackend& local, StorageBackend& remote, int64_t last_seq);

}  // namespace parquedb
