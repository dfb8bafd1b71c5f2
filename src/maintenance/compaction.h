// Compaction of the log: small neighbouring segments become one, bases are added where replay needs them, and, on
// demand, history before an instant is retired. What any instant of the window answers stays the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/limits.h"
#include "eventlog/log_writer.h"
#include "maintenance/base_schedule.h"
#include "parquedb/progress.h"

namespace parquedb {

// What retirement may not go beyond, as values: it does not look at remotes itself.
struct RetentionLimit {
  int64_t lsn = INT64_MAX;
  std::string reason;  // "the checkpoint", "what the remote nas has"
};

struct CompactionRequest {
  std::optional<int64_t> floor_ms;     // retire segments that lie wholly before this instant; nothing: retire none
  std::vector<RetentionLimit> limits;  // beside the checkpoint
  int64_t small_bytes = 64 * static_cast<int64_t>(kMiB);    // segments below it are merged
  int64_t merged_bytes = 256 * static_cast<int64_t>(kMiB);  // into at most so much, as files
};

// A value: all that a compaction does, and nothing else is done.
struct CompactionPlan {
  std::vector<LogPiece> pieces;           // the log afterwards, without new bases; of several parts: a merge
  std::vector<int64_t> bases;             // lsns at which one is written, ascending
  std::vector<SegmentEntry> superfluous;  // bases with too few events since the one before
  int64_t cut = 0;                        // events through this lsn are retired; 0: none
  std::vector<SegmentEntry> retired;      // segments, bases too
  int64_t window_from_ms = 0;             // afterwards
  std::string held_by;                    // what kept retirement from going on to the floor; "" for nothing

  bool is_empty() const { return bases.empty() && superfluous.empty() && retired.empty() && merge_count() == 0; }
  int64_t merge_count() const;
  int64_t retired_events() const;
  std::vector<std::string> removed() const;  // paths of the files that go
};

// `manifest` is that of a flushed log. Reads keys of events where sizes do not tell whether a base is due.
Result<CompactionPlan> PlanCompaction(const StorageBackend& storage, const EventManifest& manifest,
                                      const CompactionRequest& request, BaseSchedule& bases);

// Carries the plan out: merged segments and bases are written, synced and read back, one replacement of
// events/manifest.json puts them in place of the others, then those go. Before the replacement nothing has changed, and
// an error removes what was written. Readers beside it keep the files that their view opened. Writes no
// _meta/manifest.json. Who calls holds the database's turn and has flushed. kCorruption names a damaged segment.
// `progress` (may be null): bytes that are read.
Status ExecuteCompaction(LogWriter& log, const CompactionPlan& plan, Progress* progress);

}  // namespace parquedb
