#include "maintenance/compaction.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/check.h"
#include "core/test_hooks.h"
#include "maintenance/segment_merge.h"

namespace parquedb {
namespace {

// What is retired: whole segments from the beginning on.
class RetirementPlanner {
 public:
  RetirementPlanner(const EventManifest& manifest, const CompactionRequest& request)
      : manifest_(manifest), request_(request) {}

  // Fills cut, retired, held_by.
  void Plan(CompactionPlan* plan) const {
    if (!request_.floor_ms) return;
    const int64_t wanted = CutBelow(INT64_MAX);
    RetentionLimit limit{.lsn = manifest_.checkpoint, .reason = "the checkpoint"};
    for (const RetentionLimit& other : request_.limits) {
      if (other.lsn < limit.lsn) limit = other;
    }
    const int64_t cut = CutBelow(limit.lsn);
    if (cut < wanted) plan->held_by = fmt::format("{}: lsn {}", limit.reason, limit.lsn);
    if (cut <= manifest_.compacted_through) return;
    plan->cut = cut;
    for (const SegmentEntry& entry : manifest_.segments) {
      // A base at the cut is there already: the log begins with it from now on.
      bool begins = entry.is_base && entry.max_lsn == cut;
      if (entry.max_lsn <= cut && !begins) plan->retired.push_back(entry);
    }
  }

 private:
  // The end of the last segment that lies wholly before the floor, and not beyond `lsn`; 0: none.
  int64_t CutBelow(int64_t lsn) const {
    int64_t cut = 0;
    for (const SegmentEntry& entry : manifest_.segments) {
      if (entry.is_base) continue;
      if (entry.max_ts_ms >= *request_.floor_ms || entry.max_lsn > lsn) break;
      cut = entry.max_lsn;
    }
    return cut;
  }

  const EventManifest& manifest_;
  const CompactionRequest& request_;
};

// Puts what stays into pieces.
class PieceMaker {
 public:
  PieceMaker(const CompactionRequest& request, CompactionPlan* plan) : request_(request), plan_(plan) {}

  void Add(const SegmentEntry& entry, bool begins) {
    if (entry.is_base) return AddBase(entry, begins);
    since_base_ += entry.size_bytes;
    const bool is_small = entry.size_bytes < request_.small_bytes;
    const bool fits = is_small && is_open_ && plan_->pieces.back().bytes() + entry.size_bytes <= request_.merged_bytes;
    if (fits)
      plan_->pieces.back().parts.push_back(entry);
    else
      plan_->pieces.push_back({.parts = {entry}});
    is_open_ = is_small;
  }

 private:
  // A base ends a piece. One that stands so close behind another that replay does without goes.
  void AddBase(const SegmentEntry& entry, bool begins) {
    if (!begins && since_base_ < BaseSchedule::min_bytes()) {
      plan_->superfluous.push_back(entry);
      return;
    }
    plan_->pieces.push_back({.parts = {entry}});
    since_base_ = 0;
    is_open_ = false;
  }

  const CompactionRequest& request_;
  CompactionPlan* plan_;
  bool is_open_ = false;  // the last piece takes more
  int64_t since_base_ = 0;
};

bool Holds(const std::vector<SegmentEntry>& entries, const SegmentEntry& entry) {
  return std::any_of(entries.begin(), entries.end(), [&](const auto& other) { return other.seq == entry.seq; });
}

class CompactionRun {
 public:
  CompactionRun(LogWriter& log, const CompactionPlan& plan, Progress* progress)
      : log_(log), storage_(log.storage()), plan_(plan), progress_(progress), next_(log.manifest()) {}

  Status Run() {
    Status done = Write();
    if (done.ok()) {
      PassKillPoint("compact.before_manifest");
      // Whether a replacement that failed took place is not known: the new files must stay.
      RETURN_IF_ERROR(log_.UpdateManifest([this](EventManifest* manifest) {
        manifest->segments = next_.segments;
        manifest->next_seq = next_.next_seq;
        manifest->compacted_through = next_.compacted_through;
      }));
      PassKillPoint("compact.manifest");
      return RemoveOld();
    }
    for (const std::string& path : written_) {
      // Recovery removes what can't be removed now.
      if (!storage_.Remove(path).ok()) break;
    }
    return done;
  }

 private:
  Status Write() {
    for (const LogPiece& piece : plan_.pieces) {
      if (piece.parts.size() < 2) continue;
      for (const SegmentEntry& part : piece.parts) Expect(progress_, part.size_bytes);
    }
    // Bases first where a merged segment ends: they are made from the parts, whose ends are the same.
    for (int64_t cut : plan_.bases) RETURN_IF_ERROR(WriteBaseAt(cut));
    for (const LogPiece& piece : plan_.pieces) {
      if (piece.parts.size() > 1) RETURN_IF_ERROR(Merge(piece));
    }
    std::erase_if(next_.segments, [this](const SegmentEntry& entry) {
      return Holds(plan_.retired, entry) || Holds(plan_.superfluous, entry);
    });
    if (plan_.cut > 0) next_.compacted_through = plan_.cut;
    return Status::Ok();
  }

  Status WriteBaseAt(int64_t cut) {
    ASSIGN_OR_RETURN(Base base, MakeBase(storage_, next_, cut, next_.next_seq, log_.clock().NowMs()));
    written_.push_back(base.entry.path);
    InsertBase(base.entry, &next_);
    PassKillPoint("base.published");
    return Status::Ok();
  }

  Status Merge(const LogPiece& piece) {
    const int64_t seq = next_.next_seq++;
    ASSIGN_OR_RETURN(SegmentEntry merged,
                     MergeSegments(storage_, piece.parts, next_.database_id, seq, log_.clock().NowMs(), progress_));
    written_.push_back(merged.path);
    auto first = std::find(next_.segments.begin(), next_.segments.end(), piece.parts.front());
    PARQUEDB_CHECK(first != next_.segments.end());
    *first = merged;
    std::erase_if(next_.segments, [&](const SegmentEntry& entry) { return Holds(piece.parts, entry); });
    return Status::Ok();
  }

  Status RemoveOld() {
    for (const std::string& path : plan_.removed()) RETURN_IF_ERROR(storage_.Remove(path));
    PassKillPoint("compact.removed");
    return Status::Ok();
  }

  LogWriter& log_;
  StorageBackend& storage_;
  const CompactionPlan& plan_;
  Progress* progress_;
  EventManifest next_;
  std::vector<std::string> written_;
};

}  // namespace

int64_t CompactionPlan::merge_count() const {
  return std::count_if(pieces.begin(), pieces.end(), [](const LogPiece& piece) { return piece.parts.size() > 1; });
}

int64_t CompactionPlan::retired_events() const {
  int64_t events = 0;
  for (const SegmentEntry& entry : retired) events += entry.is_base ? 0 : entry.count;
  return events;
}

std::vector<std::string> CompactionPlan::removed() const {
  std::vector<std::string> paths;
  for (const SegmentEntry& entry : retired) paths.push_back(entry.path);
  for (const SegmentEntry& entry : superfluous) paths.push_back(entry.path);
  for (const LogPiece& piece : pieces) {
    if (piece.parts.size() < 2) continue;
    for (const SegmentEntry& part : piece.parts) paths.push_back(part.path);
  }
  return paths;
}

Result<CompactionPlan> PlanCompaction(const StorageBackend& storage, const EventManifest& manifest,
                                      const CompactionRequest& request, BaseSchedule& bases) {
  CompactionPlan plan;
  plan.window_from_ms = manifest.window_from_ms();
  RetirementPlanner(manifest, request).Plan(&plan);
  const int64_t begin = plan.cut > 0 ? plan.cut : manifest.compacted_through;
  PieceMaker maker(request, &plan);
  for (const SegmentEntry& entry : manifest.segments) {
    if (!Holds(plan.retired, entry)) maker.Add(entry, entry.is_base && entry.max_lsn == begin);
  }
  // For what is due behind the cut the segments before it count as they are: a base stands between.
  std::vector<LogPiece> whole;
  for (const SegmentEntry& entry : plan.retired) {
    bool is_last = !entry.is_base && entry.max_lsn == plan.cut;
    whole.push_back({.parts = {entry}, .wants_base = is_last});
    if (is_last) plan.window_from_ms = entry.max_ts_ms;
  }
  whole.insert(whole.end(), plan.pieces.begin(), plan.pieces.end());
  ASSIGN_OR_RETURN(plan.bases, bases.Due(storage, manifest.database_id, whole));
  std::erase_if(plan.bases, [&](int64_t cut) { return cut < plan.cut; });
  return plan;
}

Status ExecuteCompaction(LogWriter& log, const CompactionPlan& plan, Progress* progress) {
  return plan.is_empty() ? Status::Ok() : CompactionRun(log, plan, progress).Run();
}

}  // namespace parquedb
