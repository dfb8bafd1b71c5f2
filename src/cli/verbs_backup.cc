#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "cli/csv_text.h"
#include "cli/remote.h"
#include "cli/required_remotes.h"
#include "cli/subject.h"
#include "cli/verbs.h"
#include "core/time_text.h"
#include "eventlog/checkpoint_marker.h"
#include "eventlog/manifest_file.h"
#include "maintenance/manifest_writer.h"
#include "model/layout.h"
#include "model/names.h"
#include "parquedb/sync.h"
#include "repository/relation.h"
#include "repository/snapshot_backend.h"
#include "restore/restore.h"
#include "restore/whole_restore.h"

namespace parquedb {
namespace {

const std::vector<AnswerFormat> kPlainFormats = {AnswerFormat::kTable, AnswerFormat::kJson};
constexpr int64_t kNoWait = 0;

// Flushes when the lock is free at once; a push needs no lock.
void FlushIfFree(Session& session, const std::shared_ptr<StorageBackend>& storage) {
  LogWriterOptions options{.lock_timeout_ms = kNoWait, .holder = fmt::format("pid {}, verb push", ::getpid())};
  auto log = LogWriter::Open(storage, options);
  Status flushed = log.ok() ? FlushAll(**log) : log.status();
  session.Tell(flushed.ok() ? "flushed first" : "not flushed first: " + flushed.message());
}

struct PushOutcome {
  PushTarget target;
  Status status;
  PushResult result;
};

// What --slug, --owner and --visibility say; without a slug the database's name.
Result<SyncEngineOptions> EngineOptionsOf(Session& session, const Call& call, const std::string& directory) {
  SyncEngineOptions options;
  if (call.Has("--dry-run") || call.Has("--status")) {
    ASSIGN_OR_RETURN(options.local, OpenForDryRun(directory));
  } else {
    ASSIGN_OR_RETURN(options.local, OpenDirectory(directory));
  }
  ASSIGN_OR_RETURN(EventManifest manifest, ReadEventManifest(*options.local));
  ASSIGN_OR_RETURN(options.owner, OwnerOf(call));
  options.slug = call.Get("--slug", manifest.dataset);
  if (!call.Has("--slug") && !CheckSlug(options.slug).ok()) options.slug = "database";
  RETURN_IF_ERROR(CheckSlug(options.slug));
  options.visibility = call.Get("--visibility", "private");
  options.progress = session.StartProgress(call);
  options.actor = session.Operator(call);
  RETURN_IF_ERROR(CheckActor(options.actor));
  return options;
}

Result<PushResult> PushOne(SyncEngineOptions options, const PushTarget& target, const PushOptions& push) {
  ASSIGN_OR_RETURN(options.remote, OpenDirectory(target.repository));
  return CreateSyncEngine(std::move(options))->Push(push);
}

Status PrintSync(Session& session, AnswerFormat format, const PushTarget& target, const SyncStatus& status,
                 bool only_looked, bool is_status) {
  const SyncDiff& diff = status.diff;
  if (format == AnswerFormat::kJson) {
    auto array = [](const std::vector<std::string>& paths) { return Array(paths.begin(), paths.end()); };
    Object answer{{"synced", status.is_synced || (!is_status && status.relation != SyncRelation::kDiverged)},
                  {"ref", target.ref()},
                  {"toUpload", array(diff.to_upload)},
                  {"toDownload", array(diff.to_download)},
                  {"conflicts", Array()},
                  {"unchanged", array(diff.unchanged)},
                  {"localEvents", status.local_events},
                  {"remoteEvents", status.remote_events}};
    if (only_looked) answer.emplace("dryRun", true);
    return session.PrintJson(std::move(answer));
  }
  const char* verb = only_looked ? "would " : "";
  switch (status.relation) {
    case SyncRelation::kEqual:
      return session.Print(fmt::format("in sync with {} on {}\n", target.ref(), target.remote));
    case SyncRelation::kDiverged:
      return session.Print(fmt::format("{} on {} went another way: events only here: {}, only there: {}\n",
                                       target.ref(), target.remote, status.local_events, status.remote_events));
    case SyncRelation::kNoBackup:
    case SyncRelation::kAhead:
      return session.Print(fmt::format("{}{} {} to {} on {}; {} unchanged\n", verb, only_looked ? "push" : "pushed",
                                       Counted(std::ssize(diff.to_upload), "file"), target.ref(), target.remote,
                                       diff.unchanged.size()));
    case SyncRelation::kBehind:
      return session.Print(fmt::format("{}{} {} from {} on {}; {} unchanged\n", verb, only_looked ? "pull" : "pulled",
                                       Counted(std::ssize(diff.to_download), "file"), target.ref(), target.remote,
                                       diff.unchanged.size()));
  }
  return Status::Ok();
}

// 0 when all went well, the one failure when all failed alike, else partial.
Status JudgePush(Session& session, const std::vector<PushOutcome>& outcomes) {
  size_t failed = 0;
  Status first;
  for (const PushOutcome& outcome : outcomes) {
    if (outcome.status.ok()) continue;
    ++failed;
    if (first.ok()) first = outcome.status.With(outcome.target.remote);
    if (outcomes.size() > 1) session.Say(fmt::format("error: {}: {}", outcome.target.remote, outcome.status.message()));
  }
  if (failed == 0) return Status::Ok();
  if (failed == outcomes.size()) return first;
  return {StatusCode::kPartial, fmt::format("{} of {} remotes failed: {}", failed, outcomes.size(), first.message()),
          "run the same push again"};
}

Status PrintPush(Session& session, AnswerFormat format, bool dry_run, const std::vector<PushOutcome>& outcomes) {
  Array results;
  for (const PushOutcome& outcome : outcomes) {
    if (!outcome.status.ok()) continue;
    const PushResult& result = outcome.result;
    for (const std::string& warning : result.warnings) session.Say("warning: " + warning);
    for (const TransferredFile& file : result.uploaded)
      session.Tell(fmt::format("{}: {} ({} bytes)", outcome.target.ref(), file.path, file.size));
    if (format == AnswerFormat::kTable) {
      RETURN_IF_ERROR(session.Print(
          fmt::format("{}{}: {}uploaded {}, {}; {} unchanged\n", outcome.target.ref(),
                      outcome.target.remote.empty() ? "" : " on " + outcome.target.remote, dry_run ? "would have " : "",
                      Counted(std::ssize(result.uploaded), "file"), session.SizeText(result.bytes), result.unchanged)));
      if (dry_run) {
        for (const TransferredFile& file : result.uploaded) RETURN_IF_ERROR(session.Print("  " + file.path + "\n"));
      }
    }
    results.push_back(Object{{"remote", outcome.target.remote},
                             {"ref", outcome.target.ref()},
                             {"snapshot", result.snapshot},
                             {"commit", result.commit},
                             {"uploaded", FilesArray(result.uploaded)},
                             {"unchanged", result.unchanged},
                             {"bytes", result.bytes}});
  }
  if (format != AnswerFormat::kJson) return Status::Ok();
  Object answer{{"results", std::move(results)}};
  if (dry_run) answer.emplace("dryRun", true);
  return session.PrintJson(std::move(answer));
}

}  // namespace

Array FilesArray(const std::vector<TransferredFile>& files) {
  Array array;
  for (const TransferredFile& file : files) array.push_back(Object{{"path", file.path}, {"size", file.size}});
  return array;
}

// Among those that the verb knows.
ConflictStrategy StrategyOf(const Call& call) {
  std::string name = call.Get("--strategy");
  if (name == "newest") return ConflictStrategy::kNewest;
  if (name == "local-wins") return ConflictStrategy::kLocalWins;
  if (name == "remote-wins") return ConflictStrategy::kRemoteWins;
  return ConflictStrategy::kManual;
}

Status RunPush(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format, session.Format(call, kPlainFormats));
  std::vector<std::string> remotes = call.All("--to");
  if (remotes.empty()) {
    ASSIGN_OR_RETURN(std::string remote, DefaultRemote(call));
    remotes.push_back(remote);
  }
  for (const std::string& remote : remotes) RETURN_IF_ERROR(ResolvePushTarget(call, remote, "o", "s").status());
  std::string directory = session.Directory(call);
  ASSIGN_OR_RETURN(SyncEngineOptions options, EngineOptionsOf(session, call, directory));
  PushOptions push{.dry_run = call.Has("--dry-run"), .conflict_strategy = StrategyOf(call), .full = call.Has("--full")};
  FlushIfFree(session, options.local);  // in a dry run, in memory
  std::vector<PushOutcome> outcomes;
  for (const std::string& remote : remotes) {
    PushOutcome outcome;
    ASSIGN_OR_RETURN(outcome.target, ResolvePushTarget(call, remote, options.owner, options.slug));
    SyncEngineOptions here = options;
    here.owner = outcome.target.owner;
    here.slug = outcome.target.slug;
    auto pushed = PushOne(std::move(here), outcome.target, push);
    outcome.status = pushed.status();
    if (pushed.ok()) outcome.result = std::move(*pushed);
    if (pushed.ok() && !push.dry_run) NotePush(session, call, *options.local, outcome.target);
    outcomes.push_back(std::move(outcome));
  }
  Status judged = JudgePush(session, outcomes);
  session.answers_failure = judged.code() == StatusCode::kPartial;
  if (judged.ok() || session.answers_failure) RETURN_IF_ERROR(PrintPush(session, format, push.dry_run, outcomes));
  return judged;
}

Status RunSync(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format, session.Format(call, kPlainFormats));
  std::string remote = call.Get("--with");
  if (remote.empty()) {
    ASSIGN_OR_RETURN(remote, DefaultRemote(call));
  }
  std::string directory = session.Directory(call);
  ASSIGN_OR_RETURN(SyncEngineOptions options, EngineOptionsOf(session, call, directory));
  ASSIGN_OR_RETURN(PushTarget target, ResolvePushTarget(call, remote, options.owner, options.slug));
  options.owner = target.owner;
  options.slug = target.slug;
  ASSIGN_OR_RETURN(options.remote, OpenDirectory(target.repository));
  bool only_look = call.Has("--status") || call.Has("--dry-run");
  std::shared_ptr<StorageBackend> local = options.local;
  auto engine = CreateSyncEngine(std::move(options));
  ASSIGN_OR_RETURN(SyncStatus before, engine->Status());
  if (before.relation == SyncRelation::kAhead || before.relation == SyncRelation::kNoBackup) {
    FlushIfFree(session, local);  // where it only looks, in memory
    if (only_look) {
      ASSIGN_OR_RETURN(before, engine->Status());
    }
  }
  // A dry run has been answered by then; of a conflict Sync has the words.
  bool conflict = before.relation == SyncRelation::kDiverged;
  if (!call.Has("--status") && (conflict || (!only_look && !before.is_synced))) {
    ASSIGN_OR_RETURN(SyncResult result, engine->Sync({.dry_run = only_look}));
    for (const std::string& warning : result.pushed.warnings) session.Say("warning: " + warning);
    for (const std::string& warning : result.pulled.warnings) session.Say("warning: " + warning);
    before = std::move(result.before);
    if (!only_look && !conflict) NotePush(session, call, *local, target);
  }
  return PrintSync(session, format, target, before, only_look, call.Has("--status"));
}

Status RunBackups(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format, session.Format(call, {AnswerFormat::kTable, AnswerFormat::kJson,
                                                              AnswerFormat::kNdjson, AnswerFormat::kCsv}));
  std::string remote;
  if (call.args.empty()) {
    ASSIGN_OR_RETURN(remote, DefaultRemote(call));
  } else {
    remote = call.args[0];
  }
  ASSIGN_OR_RETURN(auto paths, RepositoriesOf(call, remote));
  Array backups;
  std::vector<std::vector<std::string>> rows = {{"id", "name", "time", "files", "bytes", "restorable from"}};
  for (const std::string& path : paths) {
    ASSIGN_OR_RETURN(auto storage, OpenDirectory(path));
    ASSIGN_OR_RETURN(auto repository, Repository::Open(std::move(storage)));
    ASSIGN_OR_RETURN(auto entries, repository->ListBackups());
    for (const BackupEntry& entry : entries) {
      ASSIGN_OR_RETURN(FileManifest snapshot, repository->ReadSnapshot(entry.snapshot));
      int64_t bytes = 0;
      for (const auto& [name, file] : snapshot.files) bytes += file.size;
      std::string name = (snapshot.owner.empty() ? "" : snapshot.owner + "/") + entry.slug;
      std::string from = FormatTime(snapshot.metadata ? snapshot.metadata->window_from_ms : entry.instant_ms),
                  to = FormatTime(entry.instant_ms);
      Object object{{"id", entry.snapshot}, {"name", name},
                    {"time", to},           {"files", static_cast<int64_t>(snapshot.files.size())},
                    {"bytes", bytes},       {"window", Object{{"from", from}, {"to", to}}}};
      if (format == AnswerFormat::kNdjson) RETURN_IF_ERROR(session.Print(WriteJson(object) + "\n"));
      backups.push_back(std::move(object));
      rows.push_back({entry.snapshot, name, to, std::to_string(snapshot.files.size()), session.SizeCell(bytes), from});
    }
  }
  if (format == AnswerFormat::kJson) return session.PrintJson({{"backups", std::move(backups)}});
  if (format == AnswerFormat::kCsv) return session.Print(CsvTable(rows));
  return format == AnswerFormat::kTable ? session.Print(TextTable(rows)) : Status::Ok();
}

}  // namespace parquedb
