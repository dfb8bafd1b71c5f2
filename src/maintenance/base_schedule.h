// When the log gets a base: at the end of a segment behind which replay would read too much.
#pragma once

#include <cstdint>
#include <map>

#include "eventlog/log_writer.h"
#include "parquedb/progress.h"

namespace parquedb {

// A base is due at the end of a segment when the events since the last base (of the log's beginning) take more than
// twice the bytes of the state there, and more than kBaseMinBytes. Bytes are those of files; the state's are reckoned
// from how many entities are alive and what an event's text takes. So bases cost at most about half of the log.
class BaseSchedule {
 public:
  // Adds the bases that are due: each is written, synced and read back, then named by one replacement of
  // events/manifest.json. None of them changes what any instant answers, or the restorable window. Returns how many.
  // Reads the keys of the events since the last base, and the texts of the base's rows. The tail of the log is not
  // looked at: flush first. Who calls holds the database's turn. A failure leaves the log as it was, or with some of
  // the bases.
  Result<int64_t> AddDue(LogWriter& log);

 private:
  struct Tally {
    int64_t texts = 0;   // states in the segment, `before` and `after`
    int64_t growth = 0;  // entities that came, less those that went
  };
  Result<const Tally*> TallyOf(const LogWriter& log, const StorageBackend& storage, const SegmentEntry& entry);
  // The segment at whose end the first base is due; null: none.
  Result<const SegmentEntry*> FindDue(LogWriter& log);

  std::map<int64_t, Tally> tallies_;  // by seq; segments never change
};

// Writes a base at the end of a segment and names it in the manifest.
Status AddBase(LogWriter& log, const SegmentEntry& segment);

}  // namespace parquedb
