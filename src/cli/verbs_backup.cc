#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "cli/remote.h"
#include "cli/verbs.h"
#include "collection/data_file.h"
#include "core/time_text.h"
#include "eventlog/checkpoint_marker.h"
#include "maintenance/manifest_writer.h"
#include "model/layout.h"
#include "model/names.h"
#include "repository/push.h"
#include "storage/memory_backend.h"

namespace parquedb {
namespace {

const std::vector<AnswerFormat> kPlainFormats = {AnswerFormat::kTable, AnswerFormat::kJson};
constexpr int64_t kNoWait = 0;

Array FilesArray(const std::vector<TransferredFile>& files) {
  Array array;
  for (const TransferredFile& file : files) array.push_back(Object{{"path", file.path}, {"size", file.size}});
  return array;
}

// Flushes when the lock is free at once; a push needs no lock.
void FlushIfFree(Session& session, const Call& call, const std::string& directory) {
  auto storage = OpenDirectory(directory);
  if (!storage.ok()) return;
  LogWriterOptions options{.lock_timeout_ms = kNoWait, .holder = fmt::format("pid {}, verb push", ::getpid())};
  auto log = LogWriter::Open(std::move(*storage), options);
  Status flushed = log.ok() ? FlushAll(**log) : log.status();
  if (!flushed.ok() && call.Has("--verbose")) session.Note("not flushed first: " + flushed.message());
}

// A view whose derived files are of one checkpoint, if one can be had: a checkpoint that puts files in place at the
// moment is soon over.
Result<Source> OpenForPush(Session& session, const Call& call, const std::string& directory) {
  constexpr int kAttempts = 3;
  for (int attempt = 1;; ++attempt) {
    std::unique_ptr<ParqueDB> writer;
    if (attempt == kAttempts) {
      if (auto opened = session.OpenWriter(call, directory, false); opened.ok()) writer = std::move(*opened);
    }
    ASSIGN_OR_RETURN(Source source, session.OpenSource(directory, {.pin_all = true}));
    if (source.view.derived_together || attempt == kAttempts) return source;
  }
}

// Entities of each namespace at the view's checkpoint, from the footers of the files that it pins.
std::map<std::string, int64_t> CountAtCheckpoint(const View& view) {
  std::map<std::string, int64_t> entities;
  for (const auto& [path, handle] : view.derived) {
    auto name = ParsePath(path);
    if (!name || name->kind != FileKind::kData) continue;
    auto file = DataFile::Open(handle, path, view.manifest.database_id);
    if (file.ok())
      entities[name->ns] = (*file)->footer().rows;  // a damaged file is left out of the backup, with a warning
  }
  return entities;
}

struct PushOutcome {
  PushTarget target;
  Status status;
  PushResult result;
};

Status PushOne(const Source& source, const PushTarget& target, const PushRequest& request, bool dry_run,
               PushResult* result) {
  ASSIGN_OR_RETURN(auto storage, OpenDirectory(target.repository));
  std::shared_ptr<StorageBackend> shared = std::move(storage);
  std::unique_ptr<Repository> repository;
  auto present = Repository::Open(shared);
  if (present.ok()) {
    repository = std::move(*present);
  } else if (present.status().code() != StatusCode::kNotFound) {
    return present.status();
  } else {
    // Nothing is there yet, and a dry run makes nothing: it plans against an empty repository.
    if (dry_run) shared = std::make_shared<MemoryBackend>(std::make_shared<MemoryDisk>());
    ASSIGN_OR_RETURN(repository, Repository::OpenOrCreate(shared, SystemClock()));
  }
  ASSIGN_OR_RETURN(PushPlan plan, PlanPush(*source.storage, source.view, *repository, request));
  if (dry_run) {
    *result = Describe(plan);
    return Status::Ok();
  }
  ASSIGN_OR_RETURN(*result, ExecutePush(*source.storage, source.view, *repository, request, std::move(plan)));
  return Status::Ok();
}

Result<ConflictStrategy> StrategyOf(const Call& call) {
  std::string name = call.Get("--strategy", "manual");
  if (name == "manual") return ConflictStrategy::kManual;
  if (name == "local-wins") return ConflictStrategy::kLocalWins;
  if (name == "remote-wins") return ConflictStrategy::kRemoteWins;
  return InvalidArgument("--strategy: '" + name + "' is not known", "manual, local-wins or remote-wins");
}

Result<PushRequest> RequestOf(Session& session, const Call& call, const Source& source) {
  PushRequest request;
  ASSIGN_OR_RETURN(request.owner, OwnerOf(call));
  ASSIGN_OR_RETURN(request.strategy, StrategyOf(call));
  request.slug = call.Get("--slug", source.view.manifest.dataset);
  if (request.slug.empty() || (!call.Has("--slug") && !CheckSlug(request.slug).ok())) request.slug = "database";
  RETURN_IF_ERROR(CheckSlug(request.slug));
  request.visibility = call.Get("--visibility", "private");
  if (request.visibility != "public" && request.visibility != "unlisted" && request.visibility != "private") {
    return InvalidArgument("--visibility: '" + request.visibility + "' is not known", "public, unlisted or private");
  }
  request.writer_operator = session.Operator(call);
  RETURN_IF_ERROR(CheckActor(request.writer_operator));
  char host[256] = "";
  ::gethostname(host, sizeof host - 1);
  request.writer_host = host;
  auto lines = source.view.lines();
  request.writer_line = lines.empty() ? "" : lines.back().id;
  request.entities = CountAtCheckpoint(source.view);
  request.full = call.Has("--full");
  request.now_ms = SystemClock().NowMs();
  return request;
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
    if (format == AnswerFormat::kTable) {
      RETURN_IF_ERROR(session.Print(
          fmt::format("{}{}: {}uploaded {} files, {} bytes; {} unchanged\n", outcome.target.ref,
                      outcome.target.remote.empty() ? "" : " on " + outcome.target.remote, dry_run ? "would have " : "",
                      result.uploaded.size(), result.bytes, result.unchanged)));
      if (dry_run) {
        for (const TransferredFile& file : result.uploaded) RETURN_IF_ERROR(session.Print("  " + file.path + "\n"));
      }
    }
    results.push_back(Object{{"remote", outcome.target.remote},
                             {"ref", outcome.target.ref},
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

Result<PullResult> PullInto(Session& session, const Call& call, const PullSource& source, const std::string& directory,
                            bool dry_run) {
  ASSIGN_OR_RETURN(auto target, OpenDirectory(directory));
  ASSIGN_OR_RETURN(auto restoring, target->Stat(kRestoringPath));
  ASSIGN_OR_RETURN(auto manifest, target->Stat(kEventManifestPath));
  if (manifest && !restoring) {
    if (dry_run) return PullIntoCopy(source, *target, SystemClock().NowMs(), true);
    ASSIGN_OR_RETURN(auto db, session.OpenWriter(call, directory, false));  // holds the lock
    return PullIntoCopy(source, db->state().storage(), SystemClock().NowMs(), false);
  }
  ASSIGN_OR_RETURN(bool taken, HoldsLayoutNames(directory));
  if (!restoring && taken) {
    return NotFound(directory + " holds no database, but names of the layout (_meta, data, rels, events, indexes)",
                    "pull into a new folder");
  }
  bool existed = std::filesystem::exists(directory);
  auto result = PullIntoNew(source, *target, dry_run);
  // Damage is not left half restored; what an interruption leaves is taken up by the next run. Only names of the layout
  // go: the folder may be somebody's home for other things.
  if (!result.ok() && result.status().code() == StatusCode::kCorruption && !dry_run) {
    std::error_code error;
    for (const char* name : {"data", "rels", "events", "indexes", "_meta"}) {
      std::filesystem::remove_all(directory + "/" + name, error);
    }
    if (!existed) std::filesystem::remove(directory, error);
  }
  return result;
}

}  // namespace

Status RunPush(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format, session.Format(call, kPlainFormats));
  RETURN_IF_ERROR(StrategyOf(call).status());
  std::vector<std::string> remotes = call.All("--to");
  if (remotes.empty()) {
    ASSIGN_OR_RETURN(std::string remote, DefaultRemote());
    remotes.push_back(remote);
  }
  for (const std::string& remote : remotes) RETURN_IF_ERROR(RemotePath(remote).status());
  std::string directory = session.Directory(call);
  bool dry_run = call.Has("--dry-run");
  if (!dry_run) FlushIfFree(session, call, directory);
  ASSIGN_OR_RETURN(Source source, OpenForPush(session, call, directory));
  ASSIGN_OR_RETURN(PushRequest request, RequestOf(session, call, source));
  std::vector<PushOutcome> outcomes;
  for (const std::string& remote : remotes) {
    PushOutcome outcome;
    ASSIGN_OR_RETURN(outcome.target, ResolvePushTarget(remote, request.owner, request.slug));
    outcome.status = PushOne(source, outcome.target, request, dry_run, &outcome.result);
    outcomes.push_back(std::move(outcome));
  }
  Status judged = JudgePush(session, outcomes);
  session.answers_failure = judged.code() == StatusCode::kPartial;
  if (judged.ok() || session.answers_failure) RETURN_IF_ERROR(PrintPush(session, format, dry_run, outcomes));
  return judged;
}

Status RunPull(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format, session.Format(call, kPlainFormats));
  std::string directory = session.Directory(call);
  bool dry_run = call.Has("--dry-run");
  ASSIGN_OR_RETURN(ResolvedBackup resolved, ResolveBackup(call, call.args[0]));
  session.Note(fmt::format("from {}, as of {}", resolved.name, FormatTime(resolved.backup.instant_ms)));
  ASSIGN_OR_RETURN(PullSource source, OpenBackup(resolved));
  ASSIGN_OR_RETURN(PullResult result, PullInto(session, call, source, directory, dry_run));
  for (const std::string& warning : result.warnings) session.Say("warning: " + warning);
  ASSIGN_OR_RETURN(auto target, OpenDirectory(directory));
  ASSIGN_OR_RETURN(CheckpointMarker marker, ReadCheckpointMarker(*target));
  if (marker != CheckpointMarker::kNone && !dry_run) {
    ASSIGN_OR_RETURN(auto db, session.OpenWriter(call, directory, false));
    RETURN_IF_ERROR(db->Checkpoint());
    session.Say("rebuilt from the log");
  }
  if (format == AnswerFormat::kTable) {
    return session.Print(fmt::format("{}downloaded {} files, {} bytes to {}; {} unchanged\n",
                                     dry_run ? "would have " : "", result.downloaded.size(), result.bytes, directory,
                                     result.unchanged));
  }
  Object answer{
      {"downloaded", FilesArray(result.downloaded)}, {"unchanged", result.unchanged}, {"bytes", result.bytes}};
  if (dry_run) answer.emplace("dryRun", true);
  return session.PrintJson(std::move(answer));
}

Status RunBackups(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format,
                   session.Format(call, {AnswerFormat::kTable, AnswerFormat::kJson, AnswerFormat::kNdjson}));
  std::string remote;
  if (call.args.empty()) {
    ASSIGN_OR_RETURN(remote, DefaultRemote());
  } else {
    remote = call.args[0];
  }
  ASSIGN_OR_RETURN(auto paths, RepositoriesOf(remote));
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
      rows.push_back({entry.snapshot, name, to, std::to_string(snapshot.files.size()), std::to_string(bytes), from});
    }
  }
  if (format == AnswerFormat::kJson) return session.PrintJson({{"backups", std::move(backups)}});
  return format == AnswerFormat::kTable ? session.Print(TextTable(rows)) : Status::Ok();
}

}  // namespace parquedb
