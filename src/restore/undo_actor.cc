#include "restore/undo_actor.h"

#include <algorithm>
#include <optional>

#include <boost/unordered/unordered_flat_map.hpp>

#include "core/time_text.h"
#include "document/value.h"
#include "model/names.h"
#include "model/state_text.h"
#include "replay/history.h"
#include "replay/state.h"
#include "restore/undo_command.h"

namespace parquedb {
namespace {

constexpr size_t kMaxLaterNamed = 100;

// What is known of a record after one reading of the log.
struct Touched {
  int64_t first_lsn = 0;             // of the actor's first event in the interval
  std::optional<LaterChange> later;  // the newest behind it that is not to be undone
};

class UndoDrafts : public DraftSource {
 public:
  UndoDrafts(DatabaseState& db, const View& view, const UndoRequest& request)
      : db_(db), view_(view), request_(request), now_(db.storage(), view) {}

  Status Open() {
    RETURN_IF_ERROR(FindTouched());
    HistoryRequest history;
    history.from_lsn = request_.from.lsn;
    history.to_lsn = request_.to.lsn;
    history.actor = request_.actor;
    ASSIGN_OR_RETURN(events_, OpenHistory(db_.storage(), view_, history));
    return Status::Ok();
  }

  Result<bool> Next(const Stamp& stamp, EventDraft* draft) override {
    EventView event;
    while (true) {
      ASSIGN_OR_RETURN(bool more, events_->Next(&event));
      if (!more) return false;
      auto touched = touched_.find(std::string(event.target));
      if (touched == touched_.end() || touched->second.first_lsn != event.lsn) continue;
      const std::string id = TargetToId(event.target);
      std::optional<Entity> before;
      if (event.before) RETURN_IF_ERROR(DecodeState(id, *event.before, &before.emplace()));
      ASSIGN_OR_RETURN(auto now, now_.Find(id, view_.head));
      if (now == before) {
        ++plan.records.unchanged;
        continue;
      }
      if (touched->second.later && !request_.force) {
        LeaveAlone(*touched->second.later);
        continue;
      }
      if (touched->second.later) ++plan.undone_through;
      ++(before ? plan.records.restored : plan.records.deleted);
      *draft = MakeDraft(id, now, before, stamp.actor);
      draft->metadata = Metadata(event);
      return true;
    }
  }

  UndoPlan plan;

 private:
  bool InNamespaces(std::string_view target) const {
    const auto& names = request_.namespaces;
    return names.empty() || std::find(names.begin(), names.end(), NamespaceOfTarget(target)) != names.end();
  }

  Status FindTouched() {
    HistoryRequest history;
    history.from_lsn = request_.from.lsn;
    ASSIGN_OR_RETURN(auto events, OpenHistory(db_.storage(), view_, history));
    EventView event;
    while (true) {
      ASSIGN_OR_RETURN(bool more, events->Next(&event));
      if (!more) return Status::Ok();
      const bool undoes = event.lsn <= request_.to.lsn && event.actor == std::string_view(request_.actor);
      if (undoes && InNamespaces(event.target)) {
        touched_.try_emplace(std::string(event.target), Touched{event.lsn, {}});
      } else if (auto touched = touched_.find(std::string(event.target)); touched != touched_.end()) {
        touched->second.later = LaterChange{TargetToId(event.target), event.lsn, event.ts_ms,
                                            std::string(event.actor.value_or(std::string_view()))};
      }
    }
  }

  void LeaveAlone(const LaterChange& later) {
    ++plan.left;
    if (plan.later.size() < kMaxLaterNamed) plan.later.push_back(later);
  }

  std::string Metadata(const EventView& first) const {
    return WriteJson(Object{{"restoredFrom", Object{{"lsn", first.lsn - 1}}},
                            {"undoes", Object{{"actor", request_.actor},
                                              {"from", FormatTime(request_.from.ts_ms)},
                                              {"to", FormatTime(request_.to.ts_ms)}}}});
  }

  DatabaseState& db_;
  const View& view_;
  const UndoRequest& request_;
  EntityLookup now_;
  boost::unordered_flat_map<std::string, Touched> touched_;  // by target
  std::unique_ptr<EventCursor> events_;
};

}  // namespace

Result<UndoPlan> UndoActor(DatabaseState& db, const UndoRequest& request, bool dry_run) {
  ASSIGN_OR_RETURN(View view, db.TakeReaderView());
  RETURN_IF_ERROR(RequireNamespaces(db.storage(), view, request.namespaces));
  UndoDrafts drafts(db, view, request);
  RETURN_IF_ERROR(drafts.Open());
  ASSIGN_OR_RETURN(BatchResult batch, WriteOrCount(db, drafts, dry_run));
  UndoPlan plan = std::move(drafts.plan);
  plan.records.cut = request.from;
  plan.records.undo = UndoOfBatch(db.actor(), batch);
  return plan;
}

}  // namespace parquedb
