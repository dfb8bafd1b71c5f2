// What one reader sees: one prefix of the log, taken in the order of docs/ordering.md and no other.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eventlog/segment_file.h"
#include "model/event_manifest.h"
#include "parquedb/event.h"
#include "parquedb/storage.h"

namespace parquedb {

// The WAL frames of one file, complete batches only.
struct WalPart {
  std::string path;
  int64_t first_lsn = 0;  // of the file name, and of its first frame
  std::string line;
  std::string database_id;
  uint64_t valid_bytes = 0;   // length of the header and the complete batches
  bool torn = false;          // something unfinished lies behind them
  std::vector<Event> events;  // in a View they are in `tail`
};

// Immutable once taken; threads may share it.
struct View {
  EventManifest manifest;                // the second reading of step 4
  int64_t checkpoint = 0;                // of the FIRST reading: data files are right through here
  std::map<std::string, int64_t> files;  // state.files of the first reading
  std::map<std::string, std::shared_ptr<const ReadableFile>> derived;  // opened data and rels files, by path
  // The segments, opened: a compaction that removes files afterwards takes nothing away from who reads on. By path.
  std::map<std::string, std::shared_ptr<const ReadableFile>> segments;
  bool derived_together = false;  // all of `derived` are of the checkpoint in the manifest: none was replaced meanwhile
  std::vector<WalPart> wal;       // ascending
  std::vector<Event> tail;        // events behind the last segment, ascending by lsn, unbroken
  int64_t head = 0;               // lsn of the last event; 0 for an empty log
  int64_t taken_ms = 0;           // the view's instant
  bool is_backup = false;         // nothing is known of what came after that instant

  int64_t head_ts_ms() const;      // ts of the last event; the creation of the database when there is none
  int64_t window_from_ms() const;  // where the restorable window begins
  // manifest.lines continued over the WAL.
  std::vector<LineEntry> lines() const;
  Knows knows() const;
};

struct ViewRequest {
  // Which data and rels files to pin: all that state.files names, or those of these namespaces.
  bool pin_all = false;
  std::vector<std::string> namespaces;
  // Also look that every segment has its size, needed or not: a damaged log is not used.
  bool check_segments = false;
  // Open all segments. False where none can go: of a backup, or for who holds the lock.
  bool pin_segments = true;
};

// kNotFound when events/manifest.json is missing; kCorruption when it or the WAL is damaged; kUnsupported for a newer
// format or a marker _meta/RESTORING (named); kBusy after 10 attempts that met a moving log.
Result<View> TakeView(const StorageBackend& storage, int64_t now_ms, const ViewRequest& request = {});

// A segment of the view; from the file that the view holds open, if it does. Errors as Segment::Open.
Result<std::shared_ptr<Segment>> OpenSegment(const StorageBackend& storage, const View& view,
                                             const SegmentEntry& entry);

}  // namespace parquedb
