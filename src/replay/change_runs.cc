#include "replay/change_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/key_prefix.h"

namespace parquedb {
namespace {

class TailChanges : public ChangeRun {
 public:
  TailChanges(std::map<std::string, const Event*> winners, StateText text)
      : winners_(std::move(winners)), at_(winners_.begin()), text_(text) {}
  Result<bool> Next() override {
    if (at_ == winners_.end()) return false;
    const Event& event = *at_->second;
    const std::optional<std::string>& state = text_ == StateText::kAfter ? event.after : event.before;
    change.id = at_->first;
    change.lsn = event.lsn;
    change.deleted = !state;
    change.state = state.value_or("");
    ++at_;
    return true;
  }

 private:
  std::map<std::string, const Event*> winners_;
  std::map<std::string, const Event*>::const_iterator at_;
  StateText text_;
};

// What is known of a winner without its text.
void TakeKeys(const GroupWinners::Winner& winner, Change* change) {
  change->id.assign(winner.id);
  change->lsn = winner.lsn;
  change->deleted = winner.deleted;
}

void SortById(std::vector<GroupWinners::Winner>* winners) {
  std::sort(winners->begin(), winners->end(), [](const auto& a, const auto& b) { return a.id < b.id; });
}

Status CheckText(const GroupWinners& group, const GroupWinners::Winner& winner, bool is_null) {
  if (is_null == winner.deleted) return Status::Ok();
  return Corruption(fmt::format("{}: lsn {} {} a text in {}, which does not fit its op", group.segment->entry().path,
                                winner.lsn, is_null ? "lacks" : "has",
                                group.text == StateText::kAfter ? "after" : "before"));
}

class StreamedChanges : public ChangeRun {
 public:
  explicit StreamedChanges(GroupWinners winners) : group_(std::move(winners)) {
    change.id.assign(group_.winners.front().id);
    waiting = true;
  }
  Result<bool> Next() override {
    waiting = false;
    if (at_ == group_.winners.size()) {
      cursor_.reset();  // its pages are of no more use
      return false;
    }
    const bool after = group_.text == StateText::kAfter;
    if (cursor_ == nullptr) {
      const EventColumns columns{.id = false, .before = !after, .after = after, .actor = false, .metadata = false};
      ASSIGN_OR_RETURN(cursor_, group_.segment->Scan(group_.group, group_.group + 1, columns));
      row_ = group_.segment->table().row_group_first_row(group_.group);
    }
    const GroupWinners::Winner& winner = group_.winners[at_++];
    EventView event;
    for (; row_ <= winner.row; ++row_) {
      ASSIGN_OR_RETURN(bool more, cursor_->Next(&event));
      if (!more) return Corruption(group_.segment->entry().path + ": a row group has fewer rows than before");
    }
    const auto& text = after ? event.after : event.before;
    RETURN_IF_ERROR(CheckText(group_, winner, !text));
    TakeKeys(winner, &change);
    change.state.assign(text.value_or(std::string_view()));
    return true;
  }

 private:
  GroupWinners group_;
  std::unique_ptr<EventCursor> cursor_;
  int64_t row_ = 0;
  size_t at_ = 0;
};

class LargeChanges : public ChangeRun {
 public:
  explicit LargeChanges(GroupWinners winners) : group_(std::move(winners)) {
    SortById(&group_.winners);
    change.id.assign(group_.winners.front().id);
    waiting = true;
  }
  Result<bool> Next() override {
    if (!waiting) {
      if (++at_ == group_.winners.size()) return false;
      change = Change();
      change.id.assign(group_.winners[at_].id);
      waiting = true;
      return true;
    }
    waiting = false;
    const GroupWinners::Winner& winner = group_.winners[at_];
    const RowSpan row{winner.row, winner.row + 1};
    TableChunk chunk;
    RETURN_IF_ERROR(group_.segment->ReadStates({&row, 1}, group_.text, &chunk));
    RETURN_IF_ERROR(CheckText(group_, winner, chunk.columns.front().is_null(0)));
    change.lsn = winner.lsn;
    change.deleted = winner.deleted;
    change.state.assign(chunk.columns.front().strings.front());
    return true;
  }

 private:
  GroupWinners group_;
  size_t at_ = 0;
};

class KeyChanges : public ChangeRun {
 public:
  explicit KeyChanges(GroupWinners winners) : group_(std::move(winners)) { SortById(&group_.winners); }
  Result<bool> Next() override {
    if (at_ == group_.winners.size()) return false;
    const GroupWinners::Winner& winner = group_.winners[at_++];
    TakeKeys(winner, &change);
    return true;
  }

 private:
  GroupWinners group_;
  size_t at_ = 0;
};

class HeldInMemory : public ChangeRun {
 public:
  explicit HeldInMemory(HeldChanges held) : held_(std::move(held)) {}
  Result<bool> Next() override {
    if (at_ == held_.group.winners.size()) return false;
    const GroupWinners::Winner& winner = held_.group.winners[at_];
    TakeKeys(winner, &change);
    change.state.assign(held_.chunk.columns.front().strings[held_.places[at_]]);
    ++at_;
    return true;
  }

 private:
  HeldChanges held_;
  size_t at_ = 0;
};

// Payload: lsn, deleted, state.
class SortedChanges : public ChangeRun {
 public:
  explicit SortedChanges(ExternalSorter sorter) : sorter_(std::move(sorter)) {}
  Result<bool> Next() override {
    std::string_view key, payload;
    ASSIGN_OR_RETURN(bool more, sorter_.Next(&key, &payload));
    if (!more) return false;
    change.id.assign(key);
    payload.copy(reinterpret_cast<char*>(&change.lsn), sizeof change.lsn);
    change.deleted = payload[sizeof change.lsn] != 0;
    change.state.assign(payload.substr(sizeof change.lsn + 1));
    return true;
  }

 private:
  ExternalSorter sorter_;
};

class MergedChanges : public ChangeCursor {
 public:
  static Result<std::unique_ptr<ChangeCursor>> Open(std::vector<std::unique_ptr<ChangeRun>> runs) {
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
    ChangeRun* run = heap_.front();
    if (run->waiting) {
      ASSIGN_OR_RETURN(bool there, run->Next());
      if (!there) return Corruption("a row group has fewer rows than before");
    }
    std::swap(*change, run->change);
    ASSIGN_OR_RETURN(bool more, run->Next());
    if (more) {
      SinkFront();
    } else {
      std::pop_heap(heap_.begin(), heap_.end(), Behind);
      heap_.pop_back();
    }
    return true;
  }

 private:
  static bool Behind(const ChangeRun* a, const ChangeRun* b) { return a->change.id > b->change.id; }

  // Puts the front, which has moved on, into its place.
  void SinkFront() {
    size_t at = 0;
    while (true) {
      size_t child = 2 * at + 1;
      if (child >= heap_.size()) return;
      if (child + 1 < heap_.size() && Behind(heap_[child], heap_[child + 1])) ++child;
      if (!Behind(heap_[at], heap_[child])) return;
      std::swap(heap_[at], heap_[child]);
      at = child;
    }
  }

  std::vector<std::unique_ptr<ChangeRun>> runs_;
  std::vector<ChangeRun*> heap_;
};

// The order of the winners by their ids.
std::vector<uint32_t> OrderById(const std::vector<GroupWinners::Winner>& winners) {
  std::string_view first = winners.front().id;
  size_t common = first.size();
  for (const auto& winner : winners) common = std::min(common, CommonPrefix(first, winner.id));
  struct Place {
    uint64_t prefix;
    uint32_t at;
  };
  std::vector<Place> places(winners.size());
  for (size_t i = 0; i < places.size(); ++i) {
    places[i] = {PrefixBehind(winners[i].id, common), static_cast<uint32_t>(i)};
  }
  std::sort(places.begin(), places.end(), [&](const Place& a, const Place& b) {
    return a.prefix != b.prefix ? a.prefix < b.prefix : winners[a.at].id < winners[b.at].id;
  });
  std::vector<uint32_t> order;
  order.reserve(places.size());
  for (const Place& place : places) order.push_back(place.at);
  return order;
}

}  // namespace

bool GroupWinners::IdsAscend() const {
  return std::adjacent_find(winners.begin(), winners.end(),
                            [](const Winner& a, const Winner& b) { return a.id >= b.id; }) == winners.end();
}

RowSpans GroupWinners::Rows() const {
  RowSpans rows;
  for (const Winner& winner : winners) {
    if (!rows.empty() && rows.back().last == winner.row) {
      ++rows.back().last;
    } else {
      rows.push_back({winner.row, winner.row + 1});
    }
  }
  return rows;
}

Result<HeldChanges> FetchStates(GroupWinners winners) {
  HeldChanges held;
  const RowSpans rows = winners.Rows();
  RETURN_IF_ERROR(winners.segment->ReadStates(rows, winners.text, &held.chunk));
  const ColumnChunkView& texts = held.chunk.columns.front();
  for (size_t i = 0; i < winners.winners.size(); ++i) {
    RETURN_IF_ERROR(CheckText(winners, winners.winners[i], texts.is_null(static_cast<int64_t>(i))));
    held.bytes += texts.strings[i].size();
  }
  held.places = OrderById(winners.winners);
  held.group = winners;
  for (size_t i = 0; i < held.places.size(); ++i) held.group.winners[i] = winners.winners[held.places[i]];
  held.bytes +=
      held.places.size() * (sizeof(GroupWinners::Winner) + sizeof(std::string_view) + 8) + held.group.texts->size();
  return held;
}

Status AddToSorter(const HeldChanges& held, ExternalSorter* sorter) {
  std::string payload;
  for (size_t i = 0; i < held.places.size(); ++i) {
    const GroupWinners::Winner& winner = held.group.winners[i];
    payload.assign(reinterpret_cast<const char*>(&winner.lsn), sizeof winner.lsn);
    payload.push_back(winner.deleted ? 1 : 0);
    payload.append(held.chunk.columns.front().strings[held.places[i]]);
    RETURN_IF_ERROR(sorter->Add(winner.id, payload));
  }
  return Status::Ok();
}

std::unique_ptr<ChangeRun> TailRun(std::map<std::string, const Event*> winners, StateText text) {
  return std::make_unique<TailChanges>(std::move(winners), text);
}
std::unique_ptr<ChangeRun> StreamedRun(GroupWinners winners) {
  return std::make_unique<StreamedChanges>(std::move(winners));
}
std::unique_ptr<ChangeRun> LargeRowsRun(GroupWinners winners) {
  return std::make_unique<LargeChanges>(std::move(winners));
}
std::unique_ptr<ChangeRun> KeysRun(GroupWinners winners) { return std::make_unique<KeyChanges>(std::move(winners)); }
std::unique_ptr<ChangeRun> HeldRun(HeldChanges changes) { return std::make_unique<HeldInMemory>(std::move(changes)); }
std::unique_ptr<ChangeRun> SortedRun(ExternalSorter sorter) {
  return std::make_unique<SortedChanges>(std::move(sorter));
}
Result<std::unique_ptr<ChangeCursor>> MergeRuns(std::vector<std::unique_ptr<ChangeRun>> runs) {
  return MergedChanges::Open(std::move(runs));
}

}  // namespace parquedb
