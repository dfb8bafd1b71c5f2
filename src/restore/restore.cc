#include "restore/restore.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "collection/entity_fields.h"
#include "core/shell_word.h"
#include "document/value.h"
#include "model/names.h"
#include "model/state_text.h"
#include "replay/hits.h"
#include "restore/state_difference.h"
#include "restore/undo_command.h"

namespace parquedb {
namespace {

// Counts what differs and, as a source of drafts, writes it.
class NamespaceDrafts : public DraftSource {
 public:
  explicit NamespaceDrafts(std::string metadata) : metadata_(std::move(metadata)) {}
  Status Open(const StateAt& then, const StateAt& now, const std::vector<std::string>& namespaces, Progress* progress) {
    return cursor_.Open(then, now, namespaces, progress);
  }

  Result<bool> Next(const Stamp& stamp, EventDraft* draft) override {
    DifferenceCursor::Item item;
    while (true) {
      ASSIGN_OR_RETURN(bool more, cursor_.Next(&item));
      if (!more) return false;
      if (item.then == item.now) {
        ++plan.unchanged;
        continue;
      }
      ++(item.then ? plan.restored : plan.deleted);
      *draft = MakeDraft(item.id, item.now, item.then, stamp.actor);
      draft->metadata = metadata_;
      return true;
    }
  }
  RestorePlan plan;

 private:
  std::string metadata_;
  DifferenceCursor cursor_;
};

std::string JoinNames(const std::vector<std::string>& names) { return fmt::format("{}", fmt::join(names, ",")); }

Status FindDangling(DatabaseState& db, const Entity& entity, RestorePlan* plan) {
  ASSIGN_OR_RETURN(Links links, ReadLinks(entity.data));
  for (const auto& [predicate, targets] : links) {
    for (const std::string& to : targets) {
      ASSIGN_OR_RETURN(auto end, db.Get(to));
      if (!end && plan->dangling.size() < kMaxDanglingNamed) plan->dangling.push_back(to);
    }
  }
  return Status::Ok();
}

// Every live entity of a namespace that the filter lets pass, as DELETEs.
class DeleteDrafts : public DraftSource {
 public:
  explicit DeleteDrafts(std::unique_ptr<HitCursor> hits) : hits_(std::move(hits)) {}
  Result<bool> Next(const Stamp& stamp, EventDraft* draft) override {
    Hit hit;
    ASSIGN_OR_RETURN(bool more, hits_->Next(&hit));
    if (!more) return false;
    ++deleted;
    *draft = EventDraft();
    draft->op = Op::kDelete;
    draft->target = IdToTarget(hit.id);
    draft->before = std::move(hit.text);
    if (!stamp.actor.empty()) draft->actor = stamp.actor;
    return true;
  }
  int64_t deleted = 0;

 private:
  std::unique_ptr<HitCursor> hits_;  // texts are states
};

// The entities that the filter selects, with their states.
MakeHit MakeState(const Filter* filter) {
  if (filter == nullptr || filter->matches_all()) {
    return [](const Entity& entity, Hit* hit) -> Result<bool> {
      hit->text = EncodeState(entity);
      return true;
    };
  }
  return [filter, fields = filter->TopFields()](const Entity& entity, Hit* hit) -> Result<bool> {
    ASSIGN_OR_RETURN(Value value, EntityFields(entity, fields));
    if (!filter->Matches(value)) return false;
    hit->text = EncodeState(entity);
    return true;
  };
}

Result<DropPlan> Delete(DatabaseState& db, const std::string& ns, const Filter* filter, bool dry_run) {
  ASSIGN_OR_RETURN(View view, db.TakeReaderView());
  RETURN_IF_ERROR(RequireNamespaces(db.storage(), view, {ns}));
  HitPlan how;
  const HitRequest request{.ns = ns, .cut = view.head, .filter = filter, .make = MakeState(filter), .threads = 0};
  ASSIGN_OR_RETURN(auto hits, OpenHits(db.storage(), view, request, &how));
  DeleteDrafts drafts(std::move(hits));
  ASSIGN_OR_RETURN(BatchResult batch, WriteOrCount(db, drafts, dry_run));
  DropPlan plan{.deleted = drafts.deleted, .undo = {}};
  if (plan.deleted > 0) plan.undo = fmt::format("restore --namespace {} --at {} --confirm", ns, batch.undo_point);
  return plan;
}

// Carries the drafts out, or only counts them. `namespaces`: for the undo command.
Result<RestorePlan> Carry(DatabaseState& db, NamespaceDrafts& drafts, const std::vector<std::string>& namespaces,
                          const Cut& cut, bool dry_run) {
  ASSIGN_OR_RETURN(BatchResult batch, WriteOrCount(db, drafts, dry_run));
  RestorePlan plan = drafts.plan;
  plan.cut = cut;
  if (plan.restored + plan.deleted > 0) {
    plan.undo = fmt::format("restore --namespace {} --at {} --confirm", JoinNames(namespaces), batch.undo_point);
  }
  return plan;
}

Result<RestorePlan> RestoreSome(DatabaseState& db, const std::vector<std::string>& namespaces, const Cut& cut,
                                bool dry_run) {
  ASSIGN_OR_RETURN(View view, db.TakeReaderView());
  RETURN_IF_ERROR(RequireNamespaces(db.storage(), view, namespaces));
  NamespaceDrafts drafts(RestoredFrom(cut));
  RETURN_IF_ERROR(
      drafts.Open({db.storage(), view, cut.lsn}, {db.storage(), view, view.head}, namespaces, db.progress()));
  return Carry(db, drafts, namespaces, cut, dry_run);
}

}  // namespace

Status RequireNamespaces(const StorageBackend& storage, const View& view, const std::vector<std::string>& namespaces) {
  ASSIGN_OR_RETURN(auto known, ListNamespaces(storage, view));
  for (const std::string& ns : namespaces) {
    if (std::find(known.begin(), known.end(), ns) != known.end()) continue;
    return NotFound("there is no namespace " + ns,
                    known.empty() ? "the database is empty" : fmt::format("there is {}", fmt::join(known, ", ")));
  }
  return Status::Ok();
}

Result<RestorePlan> PlanEntityRestore(DatabaseState& db, const std::string& id, const Cut& cut) {
  ASSIGN_OR_RETURN(View view, db.TakeReaderView());
  RestorePlan plan{.cut = cut, .restored = 0, .deleted = 0, .unchanged = 0, .dangling = {}, .undo = {}};
  ASSIGN_OR_RETURN(auto then, FindEntity(db.storage(), view, id, cut.lsn));
  if (!then) return AbsentThen(id, cut);
  ASSIGN_OR_RETURN(auto now, db.Get(id));
  RETURN_IF_ERROR(FindDangling(db, *then, &plan));
  if (then == now) {
    plan.unchanged = 1;
    return plan;
  }
  plan.restored = 1;
  plan.undo =
      now ? fmt::format("restore --entity {} --at {}", ShellWord(id), db.UndoPoint()) : "delete " + ShellWord(id);
  return plan;
}

Result<RestorePlan> RestoreEntity(DatabaseState& db, const std::string& id, const Cut& cut) {
  ASSIGN_OR_RETURN(RestorePlan plan, PlanEntityRestore(db, id, cut));
  if (plan.restored == 0) return plan;
  ASSIGN_OR_RETURN(View view, db.TakeReaderView());
  ASSIGN_OR_RETURN(auto then, FindEntity(db.storage(), view, id, cut.lsn));
  auto write = [&](const std::optional<Entity>& before, const Stamp&) -> Result<std::optional<WritePlan>> {
    if (before == then) return std::optional<WritePlan>();
    return std::optional<WritePlan>({then, RestoredFrom(cut)});
  };
  ASSIGN_OR_RETURN(auto outcome, db.Write(id, write));
  (void)outcome;
  return plan;
}

Result<RestorePlan> PlanNamespaceRestore(DatabaseState& db, const std::vector<std::string>& namespaces,
                                         const Cut& cut) {
  return RestoreSome(db, namespaces, cut, true);
}

Result<RestorePlan> RestoreNamespaces(DatabaseState& db, const std::vector<std::string>& namespaces, const Cut& cut) {
  return RestoreSome(db, namespaces, cut, false);
}

Result<DropPlan> PlanDrop(DatabaseState& db, const std::string& ns) { return Delete(db, ns, nullptr, true); }
Result<DropPlan> DropNamespace(DatabaseState& db, const std::string& ns) { return Delete(db, ns, nullptr, false); }

Result<DropPlan> DeleteWhere(DatabaseState& db, const std::string& ns, const Filter& filter, bool dry_run) {
  return Delete(db, ns, &filter, dry_run);
}

Result<RestorePlan> TakeBackupState(DatabaseState& db, const StorageBackend& backup, const View& theirs, bool dry_run) {
  ASSIGN_OR_RETURN(View view, db.TakeReaderView());
  ASSIGN_OR_RETURN(auto here, ListNamespaces(db.storage(), view));
  ASSIGN_OR_RETURN(auto there, ListNamespaces(backup, theirs));
  std::set<std::string> namespaces(here.begin(), here.end());
  namespaces.insert(there.begin(), there.end());
  ASSIGN_OR_RETURN(Cut cut, HeadCut(backup, theirs));
  NamespaceDrafts drafts(RestoredFrom(cut));
  RETURN_IF_ERROR(drafts.Open({backup, theirs, theirs.head}, {db.storage(), view, view.head}, {}, db.progress()));
  ASSIGN_OR_RETURN(RestorePlan plan, Carry(db, drafts, {namespaces.begin(), namespaces.end()}, cut, dry_run));
  // From here on this log knows what the backup's does: the next push goes on from it.
  if (!dry_run) RETURN_IF_ERROR(db.RecordMerge(theirs.knows()));
  return plan;
}

Result<RestorePlan> TakeBackupNamespaces(DatabaseState& db, const StorageBackend& backup, const View& theirs,
                                         const Cut& cut, const std::vector<std::string>& namespaces, bool dry_run) {
  RETURN_IF_ERROR(RequireNamespaces(backup, theirs, namespaces));
  ASSIGN_OR_RETURN(View view, db.TakeReaderView());
  NamespaceDrafts drafts(RestoredFrom(cut));
  RETURN_IF_ERROR(drafts.Open({backup, theirs, cut.lsn}, {db.storage(), view, view.head}, namespaces, db.progress()));
  return Carry(db, drafts, namespaces, cut, dry_run);
}

}  // namespace parquedb
