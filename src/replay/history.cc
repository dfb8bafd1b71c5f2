#include "replay/history.h"

#include <deque>

#include "model/names.h"

namespace parquedb {
namespace {

bool Fits(const HistoryRequest& request, const EventView& event) {
  return event.ts_ms >= request.after_ms && event.ts_ms < request.before_ms && event.lsn > request.from_lsn &&
         event.lsn <= request.to_lsn && (request.ns.empty() || NamespaceOfTarget(event.target) == request.ns) &&
         (request.target.empty() || event.target == request.target) &&
         (!request.actor || (event.actor && *event.actor == *request.actor));
}

// One stretch of the log: a row group, or the tail.
struct Piece {
  SegmentEntry entry;
  bool is_tail = false;
};

class HistoryCursor : public EventCursor {
 public:
  HistoryCursor(const StorageBackend& storage, const View& view, HistoryRequest request)
      : storage_(storage), view_(view), request_(std::move(request)) {
    for (const SegmentEntry& entry : view.manifest.segments) {
      if (!entry.is_base && entry.max_ts_ms >= request_.after_ms && entry.min_ts_ms < request_.before_ms &&
          entry.max_lsn > request_.from_lsn && entry.min_lsn <= request_.to_lsn) {
        pieces_.push_back({entry, false});
      }
    }
    pieces_.push_back({{}, true});
  }

  Result<bool> Next(EventView* event) override {
    while (true) {
      if (cursor_ != nullptr) {
        ASSIGN_OR_RETURN(bool more, cursor_->Next(event));
        if (!more) {
          cursor_.reset();
          continue;
        }
        if (Fits(request_, *event)) return true;
        continue;
      }
      if (next_held_ < held_.size()) {
        *event = EventView::Of(held_[next_held_++]);
        return true;
      }
      ASSIGN_OR_RETURN(bool more, Advance());
      if (!more) return false;
    }
  }

 private:
  // Opens the next row group or piece. False at the end.
  Result<bool> Advance() {
    held_.clear();
    next_held_ = 0;
    if (segment_ != nullptr && group_ >= 0 && group_ < segment_->table().row_group_count()) {
      RETURN_IF_ERROR(OpenGroup());
      return true;
    }
    if (pieces_.empty()) return false;
    Piece piece = request_.newest_first ? pieces_.back() : pieces_.front();
    request_.newest_first ? pieces_.pop_back() : pieces_.pop_front();
    if (piece.is_tail) {
      segment_.reset();
      HoldTail();
      return true;
    }
    ASSIGN_OR_RETURN(segment_, OpenSegment(storage_, view_, piece.entry));
    group_ = request_.newest_first ? segment_->table().row_group_count() - 1 : 0;
    return true;
  }

  Status OpenGroup() {
    int group = group_;
    group_ += request_.newest_first ? -1 : 1;
    ASSIGN_OR_RETURN(bool may, MayHold(group));
    if (!may) return Status::Ok();
    ASSIGN_OR_RETURN(cursor_, segment_->Scan(group, group + 1, EventColumns::All()));
    if (!request_.newest_first) return Status::Ok();
    std::unique_ptr<EventCursor> forward = std::move(cursor_);
    cursor_.reset();
    EventView event;
    while (true) {
      ASSIGN_OR_RETURN(bool more, forward->Next(&event));
      if (!more) break;
      if (Fits(request_, event)) held_.push_front(event.Copy());
    }
    return Status::Ok();
  }

  Result<bool> MayHold(int group) const {
    const TableReader& table = segment_->table();
    if (auto ts = table.column_index("ts")) {
      auto range = table.int_range(group, *ts);
      if (range && (range->max < request_.after_ms || range->min >= request_.before_ms)) return false;
    }
    auto target = table.column_index("target");
    if (request_.target.empty() || !target) return true;
    return table.MayContain(group, *target, request_.target);
  }

  void HoldTail() {
    for (const Event& event : view_.tail) {
      if (!Fits(request_, EventView::Of(event))) continue;
      request_.newest_first ? held_.push_front(event) : held_.push_back(event);
    }
  }

  const StorageBackend& storage_;
  const View& view_;
  HistoryRequest request_;
  std::deque<Piece> pieces_;
  std::shared_ptr<Segment> segment_;
  int group_ = 0;
  std::unique_ptr<EventCursor> cursor_;
  std::deque<Event> held_;  // of the tail, or of one row group turned round
  size_t next_held_ = 0;
};

}  // namespace

Result<std::unique_ptr<EventCursor>> OpenHistory(const StorageBackend& storage, const View& view,
                                                 const HistoryRequest& request) {
  return std::unique_ptr<EventCursor>(std::make_unique<HistoryCursor>(storage, view, request));
}

}  // namespace parquedb
