#include <fmt/format.h>

#include "cli/explain.h"
#include "cli/verbs.h"
#include "core/time_text.h"
#include "database/query_run.h"
#include "model/names.h"
#include "restore/restore.h"
#include "restore/selected_restore.h"
#include "restore/undo_actor.h"
#include "restore/whole_restore.h"

namespace parquedb {
namespace {

constexpr int64_t kMostLinksAway = 100;

// --all --to DIR: everything, into a new directory. The source is only read.
Status RestoreAll(Session& session, const Call& call, AnswerFormat format) {
  std::string directory = session.Directory(call), target = call.Get("--to");
  ASSIGN_OR_RETURN(Source source, session.OpenSource(directory, {.pin_all = true}));
  ASSIGN_OR_RETURN(Cut cut, session.ResolveAt(call, source));
  bool dry_run = call.Has("--dry-run");
  ASSIGN_OR_RETURN(WholeRestorePlan plan, PlanWholeRestore(*source.storage, source.view, cut));
  ASSIGN_OR_RETURN(std::shared_ptr<StorageBackend> place, OpenFreshFolder(target));
  if (!dry_run) {
    auto fill = [&] {
      return ExecuteWholeRestore(*source.storage, source.view, plan, place, SystemClock(), session.StartProgress(call));
    };
    RETURN_IF_ERROR(FillFolder(target, fill).status());
  }
  Object answer{
      {"restored", plan.entities}, {"deleted", 0}, {"unchanged", 0}, {"at", FormatTime(cut.ts_ms)}, {"to", target}};
  AddExplain(session, source.view, &answer);
  if (format == AnswerFormat::kTable) {
    return session.Print(fmt::format("{}restored {} entities and {} events to {}\n", dry_run ? "would have " : "",
                                     plan.entities, cut.lsn - source.view.manifest.compacted_through, target));
  }
  if (dry_run) answer.emplace("dryRun", true);
  return session.PrintJson(std::move(answer));
}

// What is said of a restore into the database itself.
struct Report {
  RestorePlan plan;
  bool of_actor = false;
  UndoPlan undone;  // its records are in `plan`
};

Status CheckRestore(const Call& call) {
  const bool of_actor = call.Has("--undo-actor");
  const bool selects = call.Has("--filter") || (call.Has("--namespace") && !of_actor);
  if (call.Has("--all") + call.Has("--entity") + of_actor + selects != 1)
    return InvalidArgument(
        "restore takes one of --entity NS/ID, --namespace NS, --filter J, --undo-actor A --from T1 --to T2, and --all "
        "--to DIR",
        "parquedb help restore");
  if (of_actor) {
    for (const char* option : {"--from", "--to"}) {
      if (!call.Has(option))
        return InvalidArgument(std::string(option) + " is missing: which instant?",
                               "parquedb restore --undo-actor ann --from \"1h ago\" --to latest --dry-run");
    }
    if (call.Has("--at")) return InvalidArgument("--undo-actor has an interval: --from and --to, not --at");
  } else {
    if (call.Has("--all") != call.Has("--to"))
      return InvalidArgument("--all and --to DIR go together",
                             "parquedb restore --all --to ./restored --at \"1h ago\"");
    for (const char* option : {"--from", "--force"}) {
      if (call.Has(option)) return InvalidArgument(std::string(option) + " goes with --undo-actor");
    }
    if (!call.Has("--all") && !call.Has("--at"))
      return InvalidArgument("--at is missing: which instant?",
                             "for example --at \"2026-02-01T12:00:00Z\" or --at \"5m ago\"");
  }
  if (call.Has("--with-links") && !call.Has("--entity") && !call.Has("--filter"))
    return InvalidArgument("--with-links goes with --entity or --filter");
  if (call.Has("--entity")) RETURN_IF_ERROR(ParseEntityId(call.Get("--entity")).status());
  for (const std::string& ns :
       call.Has("--namespace") ? SplitNames(call.Get("--namespace")) : std::vector<std::string>())
    RETURN_IF_ERROR(CheckNamespace(ns));
  return Status::Ok();
}

// Into `query.filter`.
Status ReadFilter(const Call& call, QueryRequest* query) {
  if (call.Get("--filter").empty())
    return InvalidArgument("--filter: an empty text is no JSON", "--namespace NS restores all of a namespace");
  return ParseQuery(call.Get("--filter"), "", "", query);
}

Status ConfirmRestore(Session& session, const Call& call) {
  if (call.Has("--undo-actor"))
    return session.Confirm(call, "undo what " + call.Get("--undo-actor") + " changed in this interval");
  if (call.Has("--filter")) return session.Confirm(call, "restore the records that the filter selects");
  if (call.Has("--namespace")) return session.Confirm(call, "restore the namespace " + call.Get("--namespace"));
  return Status::Ok();
}

Result<Report> UndoChanges(Session& session, const Call& call, DatabaseState& db, const Source& source,
                           const std::vector<std::string>& namespaces) {
  UndoRequest request{
      .actor = call.Get("--undo-actor"), .from = {}, .to = {}, .namespaces = namespaces, .force = call.Has("--force")};
  ASSIGN_OR_RETURN(request.from, session.ResolveAt(call, source, "--from"));
  ASSIGN_OR_RETURN(request.to, session.ResolveAt(call, source, "--to"));
  RETURN_IF_ERROR(CheckOrder(request.from, "--from", request.to, "--to"));
  ASSIGN_OR_RETURN(UndoPlan undone, UndoActor(db, request, call.Has("--dry-run")));
  RestorePlan plan = undone.records;
  return Report{.plan = std::move(plan), .of_actor = true, .undone = std::move(undone)};
}

Result<Report> RestoreHere(Session& session, const Call& call, DatabaseState& db, const Source& source) {
  std::vector<std::string> namespaces;
  if (call.Has("--namespace")) namespaces = SplitNames(call.Get("--namespace"));
  if (call.Has("--undo-actor")) return UndoChanges(session, call, db, source, namespaces);
  ASSIGN_OR_RETURN(int64_t with_links, call.Number("--with-links", 0));
  if (with_links > kMostLinksAway) return InvalidArgument(fmt::format("--with-links is at most {}", kMostLinksAway));
  ASSIGN_OR_RETURN(Cut cut, session.ResolveAt(call, source));
  const bool dry_run = call.Has("--dry-run");
  Report report;
  if (call.Has("--filter") || with_links > 0) {
    Selection selection{.id = call.Get("--entity"),
                        .filter = nullptr,
                        .namespaces = namespaces,
                        .with_links = static_cast<int>(with_links)};
    QueryRequest query;
    if (call.Has("--filter")) {
      RETURN_IF_ERROR(ReadFilter(call, &query));
      selection.filter = &*query.filter;
    }
    ASSIGN_OR_RETURN(report.plan, RestoreSelected(db, selection, cut, dry_run));
  } else if (call.Has("--entity")) {
    ASSIGN_OR_RETURN(report.plan, dry_run ? PlanEntityRestore(db, call.Get("--entity"), cut)
                                          : RestoreEntity(db, call.Get("--entity"), cut));
  } else {
    ASSIGN_OR_RETURN(report.plan,
                     dry_run ? PlanNamespaceRestore(db, namespaces, cut) : RestoreNamespaces(db, namespaces, cut));
  }
  return report;
}

// Records that were left as they are, for people and as `left` and `later`.
void AddLater(Session& session, const Report& report, Object* answer) {
  if (!report.of_actor) return;
  Array later;
  for (const LaterChange& change : report.undone.later) {
    later.push_back(Object{{"$id", change.id},
                           {"lsn", change.lsn},
                           {"ts", change.ts_ms},
                           {"actor", change.actor.empty() ? Value(nullptr) : Value(change.actor)}});
    session.Note(fmt::format("left as it is: {}, written by {} at {} (--force undoes through that)", change.id,
                             change.actor.empty() ? "nobody" : change.actor, FormatTime(change.ts_ms)));
  }
  if (report.undone.left > static_cast<int64_t>(report.undone.later.size()))
    session.Note(fmt::format("and {} more", report.undone.left - static_cast<int64_t>(report.undone.later.size())));
  answer->emplace("left", report.undone.left);
  answer->emplace("later", std::move(later));
  answer->emplace("forced", report.undone.undone_through);
}

std::string RestoreText(const Report& report, bool dry_run) {
  std::string text = fmt::format("{}restored {}, deleted {}, unchanged {}", dry_run ? "would have " : "",
                                 report.plan.restored, report.plan.deleted, report.plan.unchanged);
  if (report.of_actor) text += fmt::format(", left {}", report.undone.left);
  return text + "\n";
}

}  // namespace

Status RunRestore(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format, session.Format(call, {AnswerFormat::kTable, AnswerFormat::kJson}));
  RETURN_IF_ERROR(CheckRestore(call));
  if (call.Has("--all")) return RestoreAll(session, call, format);
  QueryRequest unused;
  if (call.Has("--filter")) RETURN_IF_ERROR(ReadFilter(call, &unused));
  RETURN_IF_ERROR(ConfirmRestore(session, call));
  session.StartProgress(call);
  std::string directory = session.Directory(call);
  ASSIGN_OR_RETURN(auto db, session.OpenWriter(call, directory, false));
  ASSIGN_OR_RETURN(View view, db->state().TakeReaderView());
  Source source{.storage = {}, .view = std::move(view), .name = directory};
  ASSIGN_OR_RETURN(auto reading, OpenDirectory(directory));
  source.storage = session.Metered(std::move(reading));
  ASSIGN_OR_RETURN(Report report, RestoreHere(session, call, db->state(), source));
  const RestorePlan& plan = report.plan;
  Object answer{{"restored", plan.restored},
                {"deleted", plan.deleted},
                {"unchanged", plan.unchanged},
                {"at", FormatTime(plan.cut.ts_ms)}};
  if (!plan.dangling.empty()) answer.emplace("dangling", Array(plan.dangling.begin(), plan.dangling.end()));
  const bool dry_run = call.Has("--dry-run");
  if (dry_run) answer.emplace("dryRun", true);
  AddExplain(session, source.view, &answer);
  for (const std::string& id : plan.dangling) session.Note("dangling link to " + id);
  AddLater(session, report, &answer);
  if (format == AnswerFormat::kTable) RETURN_IF_ERROR(session.Print(RestoreText(report, dry_run)));
  RETURN_IF_ERROR(AddUndo(session, format, plan.undo, directory, &answer));
  return format == AnswerFormat::kJson ? session.PrintJson(std::move(answer)) : Status::Ok();
}

}  // namespace parquedb
