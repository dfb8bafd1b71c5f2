#include "restore/selected_restore.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_set>

#include "collection/entity_fields.h"
#include "model/names.h"
#include "model/state_text.h"
#include "restore/state_difference.h"
#include "restore/undo_command.h"

namespace parquedb {
namespace {

class SelectedDrafts : public DraftSource {
 public:
  SelectedDrafts(DatabaseState& db, const View& view, const Selection& selection, const Cut& cut)
      : db_(db),
        view_(view),
        selection_(selection),
        cut_(cut),
        metadata_(RestoredFrom(cut)),
        then_(db.storage(), view),
        now_(db.storage(), view) {
    if (selection.filter != nullptr) fields_ = selection.filter->TopFields();
  }

  Status Open() {
    if (selection_.filter == nullptr) {
      ids_.push_back(selection_.id);
      reached_.insert(selection_.id);
    }
    if (selection_.with_links > 0) RETURN_IF_ERROR(FollowLinks());
    if (selection_.filter == nullptr) return Status::Ok();
    return states_.Open({db_.storage(), view_, cut_.lsn}, {db_.storage(), view_, view_.head}, selection_.namespaces,
                        db_.progress());
  }

  Result<bool> Next(const Stamp& stamp, EventDraft* draft) override {
    DifferenceCursor::Item item;
    while (true) {
      ASSIGN_OR_RETURN(bool more, NextSelected(&item));
      if (!more) return false;
      RETURN_IF_ERROR(NoteDangling(*item.then));
      if (item.then == item.now) {
        ++plan.unchanged;
        continue;
      }
      ++plan.restored;
      *draft = MakeDraft(item.id, item.now, item.then, stamp.actor);
      draft->metadata = metadata_;
      return true;
    }
  }

  RestorePlan plan;

 private:
  Result<bool> Selects(const Entity& entity) const {
    if (selection_.filter == nullptr) return entity.id == selection_.id;
    if (selection_.filter->matches_all()) return true;
    ASSIGN_OR_RETURN(Value value, EntityFields(entity, fields_));
    return selection_.filter->Matches(value);
  }

  // First what the filter selects, then the records by id.
  Result<bool> NextSelected(DifferenceCursor::Item* item) {
    while (selection_.filter != nullptr && !states_ended_) {
      ASSIGN_OR_RETURN(bool more, states_.Next(item));
      states_ended_ = !more;
      if (!more || !item->then) continue;
      ASSIGN_OR_RETURN(bool selected, Selects(*item->then));
      if (selected) return true;
    }
    while (next_id_ < ids_.size()) {
      item->id = ids_[next_id_++];
      ASSIGN_OR_RETURN(item->then, then_.Find(item->id, cut_.lsn));
      if (!item->then) continue;  // told as dangling by what links to it
      ASSIGN_OR_RETURN(item->now, now_.Find(item->id, view_.head));
      return true;
    }
    return false;
  }

  // Puts into ids_ what is linked to, one round a link away after the other.
  Status FollowLinks() {
    std::vector<std::string> round;
    auto follow = [&](const Entity& entity) -> Status {
      ASSIGN_OR_RETURN(Links links, ReadLinks(entity.data));
      for (const auto& [predicate, targets] : links) {
        for (const std::string& to : targets) round.push_back(to);
      }
      return Status::Ok();
    };
    if (selection_.filter == nullptr) {
      ASSIGN_OR_RETURN(auto entity, then_.Find(selection_.id, cut_.lsn));
      if (entity) RETURN_IF_ERROR(follow(*entity));
    } else {
      ASSIGN_OR_RETURN(auto states, OpenState(db_.storage(), view_, {cut_.lsn, selection_.namespaces}));
      Entity entity;
      while (true) {
        ASSIGN_OR_RETURN(bool more, states->Next(&entity));
        if (!more) break;
        ASSIGN_OR_RETURN(bool selected, Selects(entity));
        if (!selected) continue;
        reached_.insert(entity.id);
        RETURN_IF_ERROR(follow(entity));
      }
    }
    for (int away = 1; away <= selection_.with_links && !round.empty(); ++away) {
      std::vector<std::string> reached = std::move(round);
      round.clear();
      for (std::string& id : reached) {
        if (!reached_.insert(id).second) continue;
        ids_.push_back(id);
        if (away == selection_.with_links) continue;
        ASSIGN_OR_RETURN(auto entity, then_.Find(id, cut_.lsn));
        if (entity) RETURN_IF_ERROR(follow(*entity));
      }
    }
    return Status::Ok();
  }

  // A link dangles when its end is absent now and does not come back with this restore.
  Status NoteDangling(const Entity& entity) {
    ASSIGN_OR_RETURN(Links links, ReadLinks(entity.data));
    for (const auto& [predicate, targets] : links) {
      for (const std::string& to : targets) {
        if (plan.dangling.size() >= kMaxDanglingNamed) return Status::Ok();
        ASSIGN_OR_RETURN(auto now, now_.FindState(to, view_.head));
        if (now) continue;
        ASSIGN_OR_RETURN(auto then, then_.Find(to, cut_.lsn));
        if (then) {
          ASSIGN_OR_RETURN(bool selected, Selects(*then));
          if (reached_.contains(to) || (selected && InNamespaces(to))) continue;
        }
        if (dangling_.insert(to).second) plan.dangling.push_back(to);
      }
    }
    return Status::Ok();
  }

  bool InNamespaces(std::string_view id) const {
    const auto& names = selection_.namespaces;
    return names.empty() || std::find(names.begin(), names.end(), NamespaceOfId(id)) != names.end();
  }

  DatabaseState& db_;
  const View& view_;
  const Selection& selection_;
  const Cut& cut_;
  std::string metadata_;
  std::set<std::string, std::less<>> fields_;
  EntityLookup then_, now_;  // one for each cut: a data file serves one of them, as a rule
  DifferenceCursor states_;
  bool states_ended_ = false;
  std::vector<std::string> ids_;  // that come behind what the filter selects
  size_t next_id_ = 0;
  std::unordered_set<std::string> reached_;  // with links: all that comes back
  std::set<std::string> dangling_;
};

}  // namespace

Result<RestorePlan> RestoreSelected(DatabaseState& db, const Selection& selection, const Cut& cut, bool dry_run) {
  ASSIGN_OR_RETURN(View view, db.TakeReaderView());
  RETURN_IF_ERROR(RequireNamespaces(db.storage(), view, selection.namespaces));
  if (selection.filter == nullptr) {
    ASSIGN_OR_RETURN(auto then, FindEntity(db.storage(), view, selection.id, cut.lsn));
    if (!then) return AbsentThen(selection.id, cut);
  }
  SelectedDrafts drafts(db, view, selection, cut);
  RETURN_IF_ERROR(drafts.Open());
  ASSIGN_OR_RETURN(BatchResult batch, WriteOrCount(db, drafts, dry_run));
  RestorePlan plan = std::move(drafts.plan);
  plan.cut = cut;
  plan.undo = UndoOfBatch(db.actor(), batch);
  return plan;
}

}  // namespace parquedb
