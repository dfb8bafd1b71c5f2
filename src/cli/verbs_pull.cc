#include <fmt/format.h>

#include "cli/remote.h"
#include "cli/subject.h"
#include "cli/verbs.h"
#include "core/time_text.h"
#include "eventlog/checkpoint_marker.h"
#include "eventlog/manifest_file.h"
#include "model/layout.h"
#include "model/names.h"
#include "repository/relation.h"
#include "repository/snapshot_backend.h"
#include "restore/namespace_pull.h"
#include "restore/restore.h"
#include "restore/whole_restore.h"

namespace parquedb {
namespace {

const std::vector<AnswerFormat> kPlainFormats = {AnswerFormat::kTable, AnswerFormat::kJson};

Result<PullResult> PullInto(Session& session, const Call& call, const PullSource& source, const std::string& directory,
                            bool dry_run) {
  ASSIGN_OR_RETURN(auto target, OpenDirectory(directory));
  ASSIGN_OR_RETURN(bool exists, HoldsDatabase(directory));
  if (exists) {
    if (dry_run) return PullIntoCopy(source, *target, SystemClock().NowMs(), true);
    ASSIGN_OR_RETURN(auto db, session.OpenWriter(call, directory, false));  // holds the lock
    return PullIntoCopy(source, db->state().storage(), SystemClock().NowMs(), false);
  }
  ASSIGN_OR_RETURN(auto restoring, target->Stat(kRestoringPath));
  ASSIGN_OR_RETURN(bool taken, HoldsLayoutNames(directory));
  if (!restoring && taken) {
    return NotFound(directory + " holds no database, but names of the layout (_meta, data, rels, events, indexes)",
                    "pull into a new folder");
  }
  if (dry_run) return PullIntoNew(source, *target, true);
  return FillFolder(directory, [&] { return PullIntoNew(source, *target, false); });
}

// How the directory's log stands to the backup; nullopt where there is no database yet.
Result<std::optional<Relation>> RelationTo(const PullSource& source, const std::string& directory) {
  ASSIGN_OR_RETURN(bool exists, HoldsDatabase(directory));
  if (!exists) return std::optional<Relation>();
  ASSIGN_OR_RETURN(auto target, OpenDirectory(directory));
  SnapshotBackend backup(source.repository, source.snapshot, source.name);
  ASSIGN_OR_RETURN(View theirs, TakeView(backup, source.instant_ms));
  ASSIGN_OR_RETURN(View mine, TakeView(*target, SystemClock().NowMs()));
  ASSIGN_OR_RETURN(Relation relation, Compare({*target, mine}, {backup, theirs}));
  return std::optional<Relation>(relation);
}

// What was taken over by new events.
Status PrintTaken(Session& session, AnswerFormat format, const RestorePlan& plan, const std::string& directory,
                  bool dry_run) {
  Object answer{{"downloaded", Array()},
                {"unchanged", plan.unchanged},
                {"bytes", 0},
                {"restored", plan.restored},
                {"deleted", plan.deleted}};
  if (dry_run) answer.emplace("dryRun", true);
  if (format == AnswerFormat::kTable) {
    RETURN_IF_ERROR(
        session.Print(fmt::format("{}restored {}, deleted {}, unchanged {}: as the backup is\n",
                                  dry_run ? "would have " : "", plan.restored, plan.deleted, plan.unchanged)));
  }
  RETURN_IF_ERROR(AddUndo(session, format, plan.undo, directory, &answer));
  return format == AnswerFormat::kJson ? session.PrintJson(std::move(answer)) : Status::Ok();
}

// --strategy remote-wins: the state becomes the backup's by new events; what was here stays in the past.
Status PullByEvents(Session& session, const Call& call, AnswerFormat format, const PullSource& source,
                    const std::string& directory) {
  SnapshotBackend backup(source.repository, source.snapshot, source.name);
  ASSIGN_OR_RETURN(View theirs, TakeView(backup, source.instant_ms, {.pin_all = true, .namespaces = {}}));
  ASSIGN_OR_RETURN(auto db, session.OpenWriter(call, directory, false));
  bool dry_run = call.Has("--dry-run");
  ASSIGN_OR_RETURN(RestorePlan plan, TakeBackupState(db->state(), backup, theirs, dry_run));
  return PrintTaken(session, format, plan, directory, dry_run);
}

// The state at an instant, and the log up to it, from the backup that has it; into a new folder.
Status PullAt(Session& session, const Call& call, AnswerFormat format, const std::string& directory) {
  ASSIGN_OR_RETURN(Source source, OpenBackupSource(session, call, call.args[0], call.Get("--at")));
  ASSIGN_OR_RETURN(Cut cut, session.ResolveAt(call, source));
  bool dry_run = call.Has("--dry-run");
  ASSIGN_OR_RETURN(WholeRestorePlan plan, PlanWholeRestore(*source.storage, source.view, cut));
  ASSIGN_OR_RETURN(std::shared_ptr<StorageBackend> target, OpenFreshFolder(directory));
  auto fill = [&] {
    return ExecuteWholeRestore(*source.storage, source.view, plan, target, SystemClock(), session.StartProgress(call));
  };
  ASSIGN_OR_RETURN(PullResult result, dry_run ? DescribeWholeRestore(*source.storage, source.view, plan, SystemClock())
                                              : FillFolder(directory, fill));
  if (format == AnswerFormat::kTable) {
    return session.Print(fmt::format("{}pulled {} entities, {} of the log to {}\n", dry_run ? "would have " : "",
                                     plan.entities, session.SizeText(result.bytes), directory));
  }
  Object answer{
      {"downloaded", FilesArray(result.downloaded)}, {"unchanged", result.unchanged}, {"bytes", result.bytes}};
  if (dry_run) answer.emplace("dryRun", true);
  return session.PrintJson(std::move(answer));
}

// Some namespaces: as a new database of their own, or into the one that is there, by new events.
Status PullNamespaces(Session& session, const Call& call, AnswerFormat format, const std::string& directory) {
  std::vector<std::string> namespaces = SplitNames(call.Get("--namespaces"));
  for (const std::string& ns : namespaces) RETURN_IF_ERROR(CheckNamespace(ns));
  ConflictStrategy strategy = StrategyOf(call);
  std::optional<std::string> at;
  if (call.Has("--at")) at = call.Get("--at");
  ASSIGN_OR_RETURN(Source source, OpenBackupSource(session, call, call.args[0], at));
  ASSIGN_OR_RETURN(Cut cut, session.ResolveAt(call, source));
  ASSIGN_OR_RETURN(bool exists, HoldsDatabase(directory));
  bool dry_run = call.Has("--dry-run");
  if (exists) {
    if (strategy != ConflictStrategy::kRemoteWins) {
      return Conflict(directory + " holds a database: its namespaces would be replaced, by new events",
                      "--strategy remote-wins does that; or pull into a new folder");
    }
    ASSIGN_OR_RETURN(auto db, session.OpenWriter(call, directory, false));
    auto plan = TakeBackupNamespaces(db->state(), *source.storage, source.view, cut, namespaces, dry_run);
    if (!plan.ok()) return plan.status();
    return PrintTaken(session, format, *plan, directory, dry_run);
  }
  ASSIGN_OR_RETURN(NamespacePullPlan plan, PlanNamespacePull(*source.storage, source.view, cut, namespaces));
  ASSIGN_OR_RETURN(std::shared_ptr<StorageBackend> target, OpenFreshFolder(directory));
  PullResult result = plan.transfer();
  if (!dry_run) {
    ASSIGN_OR_RETURN(result, FillFolder(directory, [&] {
                       return ExecuteNamespacePull(*source.storage, source.view, plan, target, FolderName(directory),
                                                   SystemClock());
                     }));
  }
  int64_t entities = 0;
  Object counts;
  for (const auto& [ns, count] : plan.base.entities) {
    entities += count;
    counts.emplace(ns, count);
  }
  if (format == AnswerFormat::kTable) {
    return session.Print(fmt::format("{}pulled {} entities of {} to {}: a database of its own\n",
                                     dry_run ? "would have " : "", entities, fmt::join(namespaces, ", "), directory));
  }
  Object answer{{"downloaded", FilesArray(result.downloaded)},
                {"unchanged", result.unchanged},
                {"bytes", result.bytes},
                {"namespaces", std::move(counts)}};
  if (dry_run) answer.emplace("dryRun", true);
  return session.PrintJson(std::move(answer));
}

}  // namespace

Status RunPull(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format, session.Format(call, kPlainFormats));
  std::string directory = session.Directory(call);
  bool dry_run = call.Has("--dry-run");
  if (call.Has("--namespaces")) return PullNamespaces(session, call, format, directory);
  if (call.Has("--at")) return PullAt(session, call, format, directory);
  ASSIGN_OR_RETURN(ResolvedBackup resolved, ResolveBackup(call, call.args[0]));
  session.Note(fmt::format("from {}, as of {}", resolved.name, FormatTime(resolved.backup.instant_ms)));
  ASSIGN_OR_RETURN(PullSource source, OpenBackup(resolved));
  source.progress = session.StartProgress(call);
  ConflictStrategy strategy = StrategyOf(call);
  if (strategy != ConflictStrategy::kManual) {
    ASSIGN_OR_RETURN(auto relation, RelationTo(source, directory));
    bool ahead = relation == Relation::kAhead, diverged = relation == Relation::kDiverged;
    if (strategy == ConflictStrategy::kRemoteWins && (ahead || diverged)) {
      return PullByEvents(session, call, format, source, directory);
    }
    if (relation && (strategy == ConflictStrategy::kLocalWins || (strategy == ConflictStrategy::kNewest && ahead))) {
      session.Note("nothing is pulled: what is here stays");
      if (format != AnswerFormat::kJson) return Status::Ok();
      return session.PrintJson({{"downloaded", Array()}, {"unchanged", 0}, {"bytes", 0}});
    }
  }
  ASSIGN_OR_RETURN(PullResult result, PullInto(session, call, source, directory, dry_run));
  for (const std::string& warning : result.warnings) session.Say("warning: " + warning);
  for (const TransferredFile& file : result.downloaded)
    session.Tell(fmt::format("{} ({} bytes)", file.path, file.size));
  ASSIGN_OR_RETURN(auto target, OpenDirectory(directory));
  ASSIGN_OR_RETURN(CheckpointMarker marker, ReadCheckpointMarker(*target));
  if (marker != CheckpointMarker::kNone && !dry_run) {
    ASSIGN_OR_RETURN(auto db, session.OpenWriter(call, directory, false));
    RETURN_IF_ERROR(db->Checkpoint());
    session.Say("rebuilt from the log");
  }
  if (format == AnswerFormat::kTable) {
    return session.Print(fmt::format("{}downloaded {}, {} to {}; {} unchanged\n", dry_run ? "would have " : "",
                                     Counted(std::ssize(result.downloaded), "file"), session.SizeText(result.bytes),
                                     directory, result.unchanged));
  }
  Object answer{
      {"downloaded", FilesArray(result.downloaded)}, {"unchanged", result.unchanged}, {"bytes", result.bytes}};
  if (dry_run) answer.emplace("dryRun", true);
  return session.PrintJson(std::move(answer));
}

}  // namespace parquedb
