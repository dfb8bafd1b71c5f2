#include "replay/change_cursor.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <deque>
#include <future>
#include <map>
#include <thread>

#include "core/limits.h"
#include "core/siphash.h"
#include "core/worker_pool.h"
#include "model/names.h"
#include "replay/change_runs.h"

namespace parquedb {
namespace {

constexpr uint64_t kHeldBytes = 128 * kMiB;     // of texts in memory, and of the sorter that takes what is more
constexpr uint64_t kLargeRowBytes = 16 * kKiB;  // a row group's average, from which on rows are read one by one
constexpr int64_t kWorthThreads = 8192;         // events, from which on threads are worth their start
constexpr int kMaxThreads = 8;

// The events of a row group that may tell of their entities, found without regard to other row groups.
struct Candidates {
  EventKeys keys;
  struct Row {
    int64_t row;   // of the row group
    Hash128 hash;  // of the target
  };
  std::vector<Row> rows;  // in the order in which they win: the first of an entity tells
};

// One row group of the log.
struct Stretch {
  std::shared_ptr<Segment> segment;
  int group = 0;
  bool is_base = false;
};

// Which lsns count at most.
struct LsnRange {
  int64_t after = 0, through = 0;
};

Result<Candidates> ReadCandidates(const Stretch& stretch, LsnRange range, const ChangeRequest& request) {
  Candidates found;
  ASSIGN_OR_RETURN(found.keys, stretch.segment->ReadKeys(stretch.group));
  const auto& [targets, lsns, ops] = found.keys;
  const auto first = std::upper_bound(lsns.begin(), lsns.end(), range.after) - lsns.begin();
  const auto last = std::max(first, std::upper_bound(lsns.begin(), lsns.end(), range.through) - lsns.begin());
  std::vector<bool> passed(targets.values.size());
  auto look = [&](int64_t row) {
    const uint32_t value = targets.indices[static_cast<size_t>(row)];
    if (passed[value]) return;
    passed[value] = true;
    found.rows.push_back({row, KeyedHash(targets.values[value])});
  };
  if (request.direction == Direction::kOnwards) {
    for (int64_t row = last; row-- > first;) look(row);
  } else {
    for (int64_t row = first; row < last; ++row) look(row);
  }
  return found;
}

// Chooses the winners and builds the runs.
class ChangePlanner {
 public:
  ChangePlanner(const StorageBackend& storage, const View& view, const ChangeRequest& request)
      : storage_(storage), view_(view), request_(request), sorter_(kHeldBytes) {
    threads_ = request.threads > 0 ? request.threads : static_cast<int>(std::thread::hardware_concurrency());
    threads_ = std::clamp(threads_, 1, kMaxThreads);
  }

  Result<std::unique_ptr<ChangeCursor>> Plan() {
    RETURN_IF_ERROR(ListStretches());
    if (onwards()) PlanTail();
    RETURN_IF_ERROR(PlanStretches());
    if (!onwards()) PlanTail();
    if (request_.reads != nullptr) *request_.reads = reads_;
    return MergeRuns(std::move(runs_));
  }

 private:
  bool onwards() const { return request_.direction == Direction::kOnwards; }
  StateText text() const { return onwards() ? StateText::kAfter : StateText::kBefore; }
  LsnRange range() const {
    return onwards() ? LsnRange{request_.farthest, request_.cut} : LsnRange{request_.cut, request_.farthest};
  }

  // The row groups that may hold an event that counts, in the order in which events win.
  Status ListStretches() {
    const auto& segments = view_.manifest.segments;
    const LsnRange lsns = range();
    std::vector<const SegmentEntry*> wanted;
    for (auto entry = segments.rbegin(); entry != segments.rend(); ++entry) {
      if (entry->is_base) {
        if (!onwards() || base_ > 0 || entry->max_lsn > lsns.through || entry->max_lsn <= lsns.after) continue;
        base_ = entry->max_lsn;
        wanted.push_back(&*entry);
        continue;
      }
      if (entry->max_lsn <= lsns.after || entry->min_lsn > lsns.through) continue;
      if (base_ > 0 && entry->max_lsn <= request_.lowest_after_base) break;
      wanted.push_back(&*entry);
    }
    if (!onwards()) std::reverse(wanted.begin(), wanted.end());
    reads_.base = base_;
    for (const SegmentEntry* entry : wanted) RETURN_IF_ERROR(ListRowGroups(*entry));
    return Status::Ok();
  }

  Status ListRowGroups(const SegmentEntry& entry) {
    ASSIGN_OR_RETURN(std::shared_ptr<Segment> segment, OpenSegment(storage_, view_, entry));
    const TableReader& table = segment->table();
    const auto column = table.column_index("lsn");
    for (int i = 0; i < table.row_group_count(); ++i) {
      const int group = onwards() ? table.row_group_count() - 1 - i : i;
      auto lsns = entry.is_base || !column ? std::nullopt : table.int_range(group, *column);
      if (lsns && (lsns->max <= range().after || lsns->min > range().through)) continue;
      stretches_.push_back({segment, group, entry.is_base});
      reads_.events += table.row_group_rows(group);
    }
    return Status::Ok();
  }

  // Of a namespace; asked for once.
  std::optional<int64_t> From(std::string_view ns) {
    for (const auto& [known, from] : from_) {
      if (known == ns) return from;
    }
    from_.emplace_back(std::string(ns), request_.from(ns));
    return from_.back().second;
  }

  bool Counts(std::string_view target, int64_t lsn, bool is_base_row) {
    auto from = From(NamespaceOfTarget(target));
    if (!from) return false;
    if (!onwards()) return lsn > request_.cut && lsn <= *from;
    if (lsn > request_.cut || lsn <= *from) return false;
    // A base tells all that came before it; but it does not say what was deleted since some later lsn.
    if (base_ > 0 && lsn <= base_) return is_base_row == (*from == 0);
    return true;
  }

  void PlanTail() {
    std::map<std::string, const Event*> winners;
    auto look = [&](const Event& event) {
      ++reads_.events;
      if (!Counts(event.target, event.lsn, false) || !seen_.insert(KeyedHash(event.target)).second) return;
      winners.emplace(TargetToId(event.target), &event);
    };
    if (onwards()) {
      std::for_each(view_.tail.rbegin(), view_.tail.rend(), look);
    } else {
      std::for_each(view_.tail.begin(), view_.tail.end(), look);
    }
    reads_.winners += static_cast<int64_t>(winners.size());
    if (!winners.empty()) runs_.push_back(TailRun(std::move(winners), text()));
  }

  // Keys are read ahead of the choice, texts are fetched behind it.
  Status PlanStretches() {
    WorkerPool pool(reads_.events < kWorthThreads ? 1 : threads_);
    const auto ahead = static_cast<size_t>(pool.threads());
    std::deque<std::future<Result<Candidates>>> keys;
    std::deque<std::future<Result<HeldChanges>>> fetches;
    size_t next = 0;
    for (size_t at = 0; at < stretches_.size(); ++at) {
      for (; next < stretches_.size() && next <= at + ahead; ++next) {
        keys.push_back(pool.Submit(
            [this, stretch = stretches_[next]] { return ReadCandidates(stretch, RangeOf(stretch), request_); }));
      }
      ASSIGN_OR_RETURN(Candidates candidates, keys.front().get());
      keys.pop_front();
      GroupWinners winners = Choose(stretches_[at], candidates);
      stretches_[at].segment.reset();
      if (winners.winners.empty() || TakeUnread(&winners)) continue;
      fetches.push_back(
          pool.Submit([winners = std::move(winners)]() mutable { return FetchStates(std::move(winners)); }));
      if (fetches.size() > ahead) RETURN_IF_ERROR(TakeFetched(&fetches));
    }
    while (!fetches.empty()) RETURN_IF_ERROR(TakeFetched(&fetches));
    return FinishHeld();
  }

  // A base's rows keep their own lsns: all of them count.
  LsnRange RangeOf(const Stretch& stretch) const { return stretch.is_base ? LsnRange{0, base_} : range(); }

  GroupWinners Choose(const Stretch& stretch, const Candidates& candidates) {
    GroupWinners chosen{.segment = stretch.segment,
                        .group = stretch.group,
                        .text = text(),
                        .texts = candidates.keys.targets.texts,
                        .winners = {}};
    const auto& [targets, lsns, ops] = candidates.keys;
    const int64_t first = stretch.segment->table().row_group_first_row(stretch.group);
    const Op no_text = onwards() ? Op::kDelete : Op::kCreate;
    for (const Candidates::Row& candidate : candidates.rows) {
      const auto row = static_cast<size_t>(candidate.row);
      std::string_view target = targets.values[targets.indices[row]];
      if (!Counts(target, lsns[row], stretch.is_base) || !seen_.insert(candidate.hash).second) continue;
      chosen.winners.push_back({target, first + candidate.row, lsns[row], ops[row] == no_text});
    }
    if (onwards()) std::reverse(chosen.winners.begin(), chosen.winners.end());
    for (const GroupWinners::Winner& winner : chosen.winners) {
      (*chosen.texts)[static_cast<size_t>(winner.id.data() - chosen.texts->data()) + winner.id.find(':')] = '/';
    }
    reads_.winners += static_cast<int64_t>(chosen.winners.size());
    return chosen;
  }

  // True if the texts are read later, or not at all.
  bool TakeUnread(GroupWinners* winners) {
    const TableReader& table = winners->segment->table();
    const auto rows = static_cast<uint64_t>(table.row_group_rows(winners->group));
    if (!request_.states) {
      runs_.push_back(KeysRun(std::move(*winners)));
    } else if (table.row_group_raw_bytes(winners->group) >= kLargeRowBytes * rows) {
      runs_.push_back(LargeRowsRun(std::move(*winners)));
    } else if (winners->winners.size() * 2 >= rows && winners->IdsAscend()) {
      runs_.push_back(StreamedRun(std::move(*winners)));
    } else {
      return false;
    }
    return true;
  }

  Status TakeFetched(std::deque<std::future<Result<HeldChanges>>>* fetches) {
    ASSIGN_OR_RETURN(HeldChanges fetched, fetches->front().get());
    fetches->pop_front();
    reads_.state_bytes += fetched.bytes;
    held_bytes_ += fetched.bytes;
    held_.push_back(std::move(fetched));
    return held_bytes_ > kHeldBytes ? Sort() : Status::Ok();
  }

  Status Sort() {
    reads_.spilled = true;
    for (HeldChanges& held : held_) {
      RETURN_IF_ERROR(AddToSorter(held, &sorter_));
      held = HeldChanges();
    }
    held_.clear();
    return Status::Ok();
  }

  Status FinishHeld() {
    if (reads_.spilled) {
      RETURN_IF_ERROR(Sort());
      RETURN_IF_ERROR(sorter_.Finish());
      runs_.push_back(SortedRun(std::move(sorter_)));
      return Status::Ok();
    }
    for (HeldChanges& held : held_) runs_.push_back(HeldRun(std::move(held)));
    return Status::Ok();
  }

  const StorageBackend& storage_;
  const View& view_;
  const ChangeRequest& request_;
  int threads_ = 1;
  int64_t base_ = 0;  // cut of the base that stands in for the beginning of the log; 0: there is none
  std::vector<Stretch> stretches_;
  std::vector<std::pair<std::string, std::optional<int64_t>>> from_;
  boost::unordered_flat_set<Hash128> seen_;
  std::vector<std::unique_ptr<ChangeRun>> runs_;
  std::vector<HeldChanges> held_;
  uint64_t held_bytes_ = 0;
  ExternalSorter sorter_;
  LogReads reads_;
};

}  // namespace

Result<std::unique_ptr<ChangeCursor>> OpenChanges(const StorageBackend& storage, const View& view,
                                                  const ChangeRequest& request) {
  return ChangePlanner(storage, view, request).Plan();
}

}  // namespace parquedb
