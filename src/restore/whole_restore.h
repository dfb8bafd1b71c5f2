// A whole database as it was at an instant, in a new directory: its log up to the cut, byte for byte where whole
// segments lie before it, and the state at the cut.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "eventlog/view.h"
#include "parquedb/progress.h"
#include "parquedb/sync.h"
#include "replay/instant.h"

namespace parquedb {

struct WholeRestorePlan {
  Cut cut;
  std::vector<SegmentEntry> whole;  // segments that are copied
  int64_t rest = 0;                 // events behind them, which become a segment of their own
  int64_t entities = 0;             // alive at the cut
  std::string digest;               // of the state at the cut, hex
  int64_t bytes = 0;                // of `whole`
};

// Reads the state at the cut.
Result<WholeRestorePlan> PlanWholeRestore(const StorageBackend& source, const View& view, const Cut& cut);

// What a restore into an empty folder transfers. The events behind the last whole segment are written in memory for it.
Result<PullResult> DescribeWholeRestore(const StorageBackend& source, const View& view, const WholeRestorePlan& plan,
                                        Clock& clock);

// Only the log: the plan without reading the state, its count and digest left out.
WholeRestorePlan PlanLogRestore(const View& view, const Cut& cut);

// The log alone, with no derived files: a database whose state is replayed when it is read. The folder is empty, or
// holds what an earlier call with the same source left there for any cut; segments that are there are checked and kept.
Status ExecuteLogRestore(const StorageBackend& source, const View& view, const WholeRestorePlan& plan,
                         StorageBackend& target, Clock& clock);

// Into a folder that holds no database, or one in which this was cut off. Under the marker _meta/RESTORING until the
// log is whole and its state is that of the plan; run again after a failure it takes up what is there. Then the derived
// files are made. `progress` (may be null): bytes of segments. kCorruption: a damaged segment (named), or a log that
// does not lead to the plan's state.
Result<PullResult> ExecuteWholeRestore(const StorageBackend& source, const View& view, const WholeRestorePlan& plan,
                                       std::shared_ptr<StorageBackend> target, Clock& clock,
                                       Progress* progress = nullptr);

}  // namespace parquedb
