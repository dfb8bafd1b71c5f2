// When the log gets a base: at the end of a segment behind which replay would read too much.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "eventlog/log_writer.h"
#include "maintenance/base.h"

namespace parquedb {

// Segments that are one, or become one, or a base.
struct LogPiece {
  std::vector<SegmentEntry> parts;
  bool wants_base = false;  // a base is written at its end in any case

  bool is_base() const { return parts.front().is_base; }
  int64_t max_lsn() const { return parts.back().max_lsn; }
  int64_t bytes() const;
};

// A base is due at the end of a segment when the events since the last base (or the log's beginning) take more than
// twice the bytes of the state there, and more than min_bytes(). Bytes are those of files; the state's are reckoned
// from how many entities are alive and what an event's text takes. So bases cost at most about half of the log. One
// thread.
class BaseSchedule {
 public:
  // The lsns at which a base is to be written, ascending: those that are due, and those that are wanted. Reads the keys
  // of segments for which the files' sizes do not tell.
  Result<std::vector<int64_t>> Due(const StorageBackend& storage, const std::string& database_id,
                                   std::span<const LogPiece> pieces);
  // Adds the bases that are due behind the last one: each is written, synced and read back, then named by one
  // replacement of events/manifest.json. None of them changes what any instant answers, or the restorable window.
  // Returns how many. The tail of the log is not looked at: flush first. Who calls holds the database's turn. A failure
  // leaves the log as it was, or with some of the bases.
  Result<int64_t> AddDue(LogWriter& log);
  // Bytes of events below which no base is due: keys of so few are read in some milliseconds.
  static int64_t min_bytes();

 private:
  struct Tally {
    int64_t texts = 0;   // states in the segment, `before` and `after`
    int64_t growth = 0;  // entities that came, less those that went
  };
  Result<Tally> TallyOf(const StorageBackend& storage, const std::string& database_id, const LogPiece& piece);
  std::map<int64_t, Tally> tallies_;  // by seq; segments never change
};

// Makes a base at the end of a segment of `manifest` (of kind events; an earlier base of it may shorten the way) and
// reads it back: it is the state whose digest the segment's footer has. Nothing refers to it before a manifest does.
// kCorruption names a damaged segment.
Result<Base> MakeBase(StorageBackend& storage, const EventManifest& manifest, int64_t cut_lsn, int64_t seq,
                      int64_t now_ms);

// The base's place in the manifest: behind the segment that ends at its cut.
void InsertBase(const SegmentEntry& base, EventManifest* manifest);

}  // namespace parquedb
