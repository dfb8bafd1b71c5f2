#include "replay/change_cursor.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <future>
#include <map>
#include <queue>

#include "core/external_sort.h"
#include "core/limits.h"
#include "core/siphash.h"
#include "eventlog/segment_file.h"
#include "model/names.h"

namespace parquedb {
namespace {

constexpr uint64_t kSortBudgetBytes = 128 * kMiB;
constexpr int64_t kRowsReadAhead = 4096;        // of a row group, from which on its keys are worth a thread
constexpr uint64_t kLargeRowBytes = 16 * 1024;  // a row group's average, from which on rows are read one by one

// A run yields changes in id order. Runs never share an id: each entity has one newest event.
class Run {
 public:
  virtual ~Run() = default;
  virtual Result<bool> Next() = 0;
  Change change;
  bool waiting = false;  // only change.id is known; Next fetches the rest of it
};

class TailRun : public Run {
 public:
  explicit TailRun(std::map<std::string, const Event*> winners) : winners_(std::move(winners)), at_(winners_.begin()) {}
  Result<bool> Next() override {
    if (at_ == winners_.end()) return false;
    const Event& event = *at_->second;
    change.id = at_->first;
    change.lsn = event.lsn;
    change.deleted = event.op == Op::kDelete;
    change.state = event.after.value_or("");
    ++at_;
    return true;
  }

 private:
  std::map<std::string, const Event*> winners_;
  std::map<std::string, const Event*>::const_iterator at_;
};

// The winners of one row group whose targets ascend: streamed from the file, which is not touched before the first of
// them is due. So of runs that follow each other one is open at a time.
class RowGroupRun : public Run {
 public:
  RowGroupRun(std::shared_ptr<Segment> segment, int group, const EventColumns& columns, std::string first_id,
              std::vector<bool> wins)
      : segment_(std::move(segment)), group_(group), columns_(columns), wins_(std::move(wins)) {
    change.id = std::move(first_id);
    waiting = true;
  }
  Result<bool> Next() override {
    waiting = false;
    if (cursor_ == nullptr) {
      ASSIGN_OR_RETURN(cursor_, segment_->Scan(group_, group_ + 1, columns_));
    }
    EventView event;
    while (true) {
      ASSIGN_OR_RETURN(bool more, cursor_->Next(&event));
      if (!more) {
        cursor_.reset();  // its pages are of no more use
        return false;
      }
      if (!wins_[row_++]) continue;
      change.id = TargetToId(event.target);
      change.lsn = event.lsn;
      change.deleted = event.op == Op::kDelete;
      change.state.assign(event.after.value_or(std::string_view()));
      return true;
    }
  }

 private:
  std::shared_ptr<Segment> segment_;
  int group_;
  EventColumns columns_;
  std::unique_ptr<EventCursor> cursor_;
  std::vector<bool> wins_;
  size_t row_ = 0;
};

// The winners of one row group of large documents: only their ids are held, and each state is read when it is due. So
// any number of such row groups can be merged at once.
class LargeRowsRun : public Run {
 public:
  struct Row {
    std::string id;
    int64_t number;  // in the segment
  };
  LargeRowsRun(std::shared_ptr<Segment> segment, const EventColumns& columns, std::vector<Row> rows)
      : segment_(std::move(segment)), columns_(columns), rows_(std::move(rows)) {
    std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) { return a.id < b.id; });
    change.id = rows_.front().id;
    waiting = true;
  }
  Result<bool> Next() override {
    if (!waiting) {
      if (++at_ == rows_.size()) return false;
      change = Change();
      change.id = rows_[at_].id;
      waiting = true;
      return true;
    }
    waiting = false;
    ASSIGN_OR_RETURN(Event event, segment_->ReadRow(rows_[at_].number, columns_));
    change.lsn = event.lsn;
    change.deleted = event.op == Op::kDelete;
    change.state = std::move(event.after).value_or("");
    return true;
  }

 private:
  std::shared_ptr<Segment> segment_;
  EventColumns columns_;
  std::vector<Row> rows_;  // by id
  size_t at_ = 0;
};

// What came out of order, sorted. Payload: lsn, deleted, state.
class SortedRun : public Run {
 public:
  explicit SortedRun(ExternalSorter sorter) : sorter_(std::move(sorter)) {}
  static std::string Payload(const EventView& event) {
    std::string payload(reinterpret_cast<const char*>(&event.lsn), sizeof event.lsn);
    payload.push_back(event.op == Op::kDelete ? 1 : 0);
    payload.append(event.after.value_or(std::string_view()));
    return payload;
  }
  Result<bool> Next() override {
    std::string_view key, payload;
    ASSIGN_OR_RETURN(bool more, sorter_.Next(&key, &payload));
    if (!more) return false;
    change.id.assign(key);
    std::copy_n(payload.data(), sizeof change.lsn, reinterpret_cast<char*>(&change.lsn));
    change.deleted = payload[sizeof change.lsn] != 0;
    change.state.assign(payload.substr(sizeof change.lsn + 1));
    return true;
  }

 private:
  ExternalSorter sorter_;
};

class MergedChanges : public ChangeCursor {
 public:
  static Result<std::unique_ptr<ChangeCursor>> Open(std::vector<std::unique_ptr<Run>> runs) {
    auto merged = std::make_unique<MergedChanges>();
    merged->runs_ = std::move(runs);
    for (auto& run : merged->runs_) {
      bool more = run->waiting;
      if (!more) {
        ASSIGN_OR_RETURN(more, run->Next());
      }
      if (more) merged->heap_.push_back(run.get());
    }
    std::make_heap(merged->heap_.begin(), merged->heap_.end(), Behind);
    return std::unique_ptr<ChangeCursor>(std::move(merged));
  }

  Result<bool> Next(Change* change) override {
    if (heap_.empty()) return false;
    std::pop_heap(heap_.begin(), heap_.end(), Behind);
    Run* run = heap_.back();
    if (run->waiting) {
      ASSIGN_OR_RETURN(bool there, run->Next());
      if (!there) return Corruption("a row group has fewer rows than before");
    }
    std::swap(*change, run->change);
    ASSIGN_OR_RETURN(bool more, run->Next());
    if (more) {
      std::push_heap(heap_.begin(), heap_.end(), Behind);
    } else {
      heap_.pop_back();
    }
    return true;
  }

 private:
  static bool Behind(const Run* a, const Run* b) { return a->change.id > b->change.id; }
  std::vector<std::unique_ptr<Run>> runs_;
  std::vector<Run*> heap_;
};

// Chooses the winners and builds the runs.
class ChangePlanner {
 public:
  ChangePlanner(const StorageBackend& storage, const View& view, const ChangeRequest& request)
      : storage_(storage),
        view_(view),
        request_(request),
        columns_(request.states ? EventColumns::State() : EventColumns::Keys()),
        unordered_(kSortBudgetBytes) {}

  Result<std::unique_ptr<ChangeCursor>> Plan() {
    PlanTail();
    const auto& segments = view_.manifest.segments;
    for (auto entry = segments.rbegin(); entry != segments.rend(); ++entry) {
      if (entry->max_lsn <= request_.lowest) break;
      if (entry->min_lsn > request_.cut) continue;
      const bool begins = view_.manifest.begins_with(*entry);
      if (entry->is_base && !begins && !request_.from_nothing) continue;
      RETURN_IF_ERROR(PlanSegment(*entry));
      if (entry->is_base) break;  // it stands for everything before it
    }
    if (unordered_.count() > 0) {
      RETURN_IF_ERROR(unordered_.Finish());
      runs_.push_back(std::make_unique<SortedRun>(std::move(unordered_)));
    }
    return MergedChanges::Open(std::move(runs_));
  }

 private:
  bool Wins(std::string_view target, int64_t lsn) {
    if (lsn > request_.cut) return false;
    std::string_view ns = NamespaceOfTarget(target);
    if (ns != last_ns_) {
      last_ns_ = std::string(ns);
      last_from_ = request_.from(ns);
    }
    return last_from_ && lsn > *last_from_ && seen_.insert(KeyedHash(target)).second;
  }

  void PlanTail() {
    std::map<std::string, const Event*> winners;
    for (auto event = view_.tail.rbegin(); event != view_.tail.rend(); ++event) {
      if (Wins(event->target, event->lsn)) winners.emplace(TargetToId(event->target), &*event);
    }
    if (!winners.empty()) runs_.push_back(std::make_unique<TailRun>(std::move(winners)));
  }

  Status PlanSegment(const SegmentEntry& entry) {
    ASSIGN_OR_RETURN(auto segment, OpenSegment(storage_, view_, entry));
    std::future<Result<Keys>> ahead;  // of the next row group, while the winners of one are chosen
    for (int group = segment->table().row_group_count() - 1; group >= 0; --group) {
      ASSIGN_OR_RETURN(Keys keys, ahead.valid() ? ahead.get() : ReadKeys(*segment, group));
      if (group > 0 && segment->table().row_group_rows(group - 1) >= kRowsReadAhead) {
        ahead = std::async(std::launch::async, [&segment, group] { return ReadKeys(*segment, group - 1); });
      }
      RETURN_IF_ERROR(PlanRowGroup(segment, group, keys));
    }
    return Status::Ok();
  }

  // Of a row group.
  struct Keys {
    std::string targets;  // one behind the other
    std::vector<size_t> ends;
    std::vector<int64_t> lsns;
  };
  static Result<Keys> ReadKeys(const Segment& segment, int group) {
    Keys keys;
    ASSIGN_OR_RETURN(auto cursor, segment.Scan(group, group + 1, EventColumns::Keys()));
    EventView event;
    while (true) {
      ASSIGN_OR_RETURN(bool more, cursor->Next(&event));
      if (!more) return keys;
      keys.targets.append(event.target);
      keys.ends.push_back(keys.targets.size());
      keys.lsns.push_back(event.lsn);
    }
  }

  Status PlanRowGroup(const std::shared_ptr<Segment>& segment, int group, const Keys& keys) {
    const auto& [targets, ends, lsns] = keys;
    std::vector<bool> wins(ends.size());
    bool any = false, ascending = true;
    std::string id, next_id;
    for (size_t row = ends.size(); row-- > 0;) {
      size_t begin = row == 0 ? 0 : ends[row - 1];
      std::string_view target = std::string_view(targets).substr(begin, ends[row] - begin);
      if (!Wins(target, lsns[row])) continue;
      wins[row] = true;
      id = TargetToId(target);
      if (any && id > next_id) ascending = false;
      any = true;
      std::swap(id, next_id);
    }
    if (!any) return Status::Ok();
    if (segment->table().row_group_raw_bytes(group) >= kLargeRowBytes * ends.size()) {
      std::vector<LargeRowsRun::Row> rows;
      for (size_t row = 0; row < ends.size(); ++row) {
        size_t begin = row == 0 ? 0 : ends[row - 1];
        if (!wins[row]) continue;
        rows.push_back({TargetToId(std::string_view(targets).substr(begin, ends[row] - begin)),
                        segment->table().row_group_first_row(group) + static_cast<int64_t>(row)});
      }
      runs_.push_back(std::make_unique<LargeRowsRun>(segment, columns_, std::move(rows)));
      return Status::Ok();
    }
    if (ascending) {
      runs_.push_back(std::make_unique<RowGroupRun>(segment, group, columns_, std::move(next_id), std::move(wins)));
      return Status::Ok();
    }
    ASSIGN_OR_RETURN(auto states, segment->Scan(group, group + 1, columns_));
    return SortWinners(*states, wins);
  }

  Status SortWinners(EventCursor& states, const std::vector<bool>& wins) {
    EventView event;
    for (size_t row = 0;; ++row) {
      ASSIGN_OR_RETURN(bool more, states.Next(&event));
      if (!more) return Status::Ok();
      if (wins[row]) RETURN_IF_ERROR(unordered_.Add(TargetToId(event.target), SortedRun::Payload(event)));
    }
  }

  const StorageBackend& storage_;
  const View& view_;
  const ChangeRequest& request_;
  const EventColumns columns_;  // of the winners
  std::vector<std::unique_ptr<Run>> runs_;
  ExternalSorter unordered_;
  boost::unordered_flat_set<Hash128> seen_;
  std::string last_ns_;
  std::optional<int64_t> last_from_;
};

}  // namespace

Result<std::unique_ptr<ChangeCursor>> OpenChanges(const StorageBackend& storage, const View& view,
                                                  const ChangeRequest& request) {
  return ChangePlanner(storage, view, request).Plan();
}

}  // namespace parquedb
