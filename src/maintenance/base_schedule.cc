#include "maintenance/base_schedule.h"

#include <algorithm>

#include "core/limits.h"
#include "core/test_hooks.h"
#include "eventlog/event_at.h"
#include "maintenance/base.h"

namespace parquedb {
namespace {

// Keys of a log that is shorter are read in some milliseconds.
constexpr int64_t kBaseMinBytes = 16 * static_cast<int64_t>(kMiB);
constexpr double kEventsPerState = 2.0;  // bytes of events for one byte of the state, from which on a base is due

bool IsTooMuch(int64_t event_bytes, double state_bytes) {
  return static_cast<double>(event_bytes) > kEventsPerState * state_bytes;
}

// What lies since the last base.
struct Stretch {
  int64_t event_bytes = 0;  // of files
  int64_t base_bytes = 0;   // of the base's file; 0 for none
  int64_t base_rows = 0;
  int64_t texts = 0;     // states in the event segments
  int64_t entities = 0;  // alive at its end

  double StateBytes() const {
    const auto all_texts = static_cast<double>(base_rows + texts);
    if (all_texts <= 0) return 0;
    return static_cast<double>(base_bytes + event_bytes) / all_texts * static_cast<double>(entities);
  }
};

}  // namespace

Result<const BaseSchedule::Tally*> BaseSchedule::TallyOf(const LogWriter& log, const StorageBackend& storage,
                                                         const SegmentEntry& entry) {
  auto [known, fresh] = tallies_.try_emplace(entry.seq);
  if (!fresh) return &known->second;
  tallies_.erase(known);
  ASSIGN_OR_RETURN(auto segment, Segment::Open(storage, entry, log.manifest().database_id));
  ASSIGN_OR_RETURN(auto cursor, segment->ScanAll(EventColumns::Keys()));
  Tally tally;
  EventView event;
  while (true) {
    ASSIGN_OR_RETURN(bool more, cursor->Next(&event));
    if (!more) break;
    tally.texts += event.op == Op::kUpdate ? 2 : 1;
    tally.growth += event.op == Op::kCreate ? 1 : event.op == Op::kDelete ? -1 : 0;
  }
  return &tallies_.emplace(entry.seq, tally).first->second;
}

Result<const SegmentEntry*> BaseSchedule::FindDue(LogWriter& log) {
  const int64_t min_bytes = TestNumber(kBaseBytesVariable).value_or(kBaseMinBytes);
  const std::vector<SegmentEntry>& segments = log.manifest().segments;
  // Only behind the last base: what lies before it was looked at when it was made.
  size_t first = 0;
  Stretch stretch;
  for (size_t i = 0; i < segments.size(); ++i) {
    if (!segments[i].is_base) continue;
    first = i + 1;
    stretch = {.base_bytes = segments[i].size_bytes, .base_rows = segments[i].count, .entities = segments[i].count};
  }
  int64_t left_bytes = 0;
  for (size_t i = first; i < segments.size(); ++i) left_bytes += segments[i].size_bytes;
  const SegmentEntry* none = nullptr;
  if (first == segments.size()) return none;
  if (min_bytes == 0) return &segments[first];
  // Where the state has not shrunk, this tells without a look into any file that there is nothing to do.
  if (left_bytes < min_bytes || !IsTooMuch(left_bytes, static_cast<double>(stretch.base_bytes))) return none;
  for (size_t i = first; i < segments.size(); ++i) {
    ASSIGN_OR_RETURN(const Tally* tally, TallyOf(log, log.storage(), segments[i]));
    stretch.event_bytes += segments[i].size_bytes;
    stretch.texts += tally->texts;
    stretch.entities += tally->growth;
    if (stretch.event_bytes >= min_bytes && IsTooMuch(stretch.event_bytes, stretch.StateBytes())) return &segments[i];
  }
  return none;
}

Result<int64_t> BaseSchedule::AddDue(LogWriter& log) {
  for (int64_t added = 0;; ++added) {
    ASSIGN_OR_RETURN(const SegmentEntry* segment, FindDue(log));
    if (segment == nullptr) return added;
    RETURN_IF_ERROR(AddBase(log, SegmentEntry(*segment)));
  }
}

Status AddBase(LogWriter& log, const SegmentEntry& segment) {
  View view;
  view.manifest = log.manifest();
  view.head = view.manifest.last_lsn();
  BaseCut cut{.lsn = segment.max_lsn, .ts_ms = segment.max_ts_ms, .id = {}};
  ASSIGN_OR_RETURN(auto id, EventIdAt(log.storage(), view, cut.lsn));
  if (!id) return Corruption(segment.path + ": it has no event at its last lsn");
  cut.id = std::move(*id);
  ASSIGN_OR_RETURN(BasePlan plan, PlanBase(log.storage(), view, cut, std::nullopt));
  ASSIGN_OR_RETURN(Base base, WriteBase(log.storage(), view, plan, log.storage(), view.manifest.next_seq,
                                        view.manifest.database_id, log.clock().NowMs()));
  PassKillPoint("base.published");
  RETURN_IF_ERROR(log.UpdateManifest([&](EventManifest* manifest) {
    auto at = std::find_if(manifest->segments.begin(), manifest->segments.end(),
                           [&](const SegmentEntry& entry) { return entry.seq == segment.seq; });
    manifest->segments.insert(at + 1, base.entry);
    manifest->next_seq = base.entry.seq + 1;
  }));
  PassKillPoint("base.manifest");
  return Status::Ok();
}

}  // namespace parquedb
