#include <fmt/format.h>
#include <unistd.h>

#include "core/clock.h"
#include "eventlog/checkpoint_marker.h"
#include "model/layout.h"
#include "model/names.h"
#include "parquedb/database.h"
#include "parquedb/sync.h"
#include "replay/state.h"
#include "repository/pull.h"
#include "repository/push.h"
#include "repository/relation.h"
#include "repository/snapshot_backend.h"
#include "storage/memory_backend.h"

namespace parquedb {
namespace {

Clock& ClockOf(const SyncEngineOptions& options) { return options.clock != nullptr ? *options.clock : SystemClock(); }

std::string HostName() {
  char host[256] = "";
  ::gethostname(host, sizeof host - 1);
  return host;
}

// A view whose derived files are of one checkpoint, if one can be had: a checkpoint that puts files in place at the
// moment is soon over, and the third view is taken under the writer's lock.
Result<View> TakeViewForPush(const SyncEngineOptions& options) {
  constexpr int kAttempts = 3;
  for (int attempt = 1;; ++attempt) {
    std::unique_ptr<ParqueDB> writer;
    if (attempt == kAttempts) {
      auto opened = ParqueDB::Open(
          {.storage = options.local, .actor = options.actor, .verb = "verb push", .clock = options.clock});
      if (opened.ok()) writer = std::move(*opened);
    }
    ASSIGN_OR_RETURN(View view, TakeView(*options.local, ClockOf(options).NowMs(),
                                         {.pin_all = true, .namespaces = {}, .check_segments = true}));
    if (view.derived_together || attempt == kAttempts) return view;
  }
}

PushRequest RequestOf(const SyncEngineOptions& options, const View& view, const PushOptions& push) {
  PushRequest request;
  request.owner = options.owner;
  request.slug = options.slug;
  request.visibility = options.visibility;
  request.strategy = push.conflict_strategy;
  request.full = push.full;
  request.writer_operator = options.actor;
  request.writer_host = HostName();
  auto lines = view.lines();
  request.writer_line = lines.empty() ? "" : lines.back().id;
  request.entities = CountAtCheckpoint(view);
  request.now_ms = ClockOf(options).NowMs();
  request.progress = options.progress;
  return request;
}

// The repository; for a plan where there is none yet, an empty one in memory.
Result<std::unique_ptr<Repository>> OpenRepository(const SyncEngineOptions& options, bool may_make) {
  auto present = Repository::Open(options.remote);
  if (present.ok() || present.status().code() != StatusCode::kNotFound) return present;
  std::shared_ptr<StorageBackend> place = options.remote;
  if (!may_make) place = std::make_shared<MemoryBackend>(std::make_shared<MemoryDisk>());
  return Repository::OpenOrCreate(place, ClockOf(options));
}

Result<std::optional<PullSource>> NewestBackup(const SyncEngineOptions& options) {
  auto repository = Repository::Open(options.remote);
  if (!repository.ok() && repository.status().code() == StatusCode::kNotFound) return std::optional<PullSource>();
  if (!repository.ok()) return repository.status();
  ASSIGN_OR_RETURN(auto newest, (*repository)->Newest(options.slug));
  if (!newest) return std::optional<PullSource>();
  ASSIGN_OR_RETURN(FileManifest snapshot, (*repository)->ReadSnapshot(newest->snapshot));
  return std::optional<PullSource>(
      PullSource{options.remote, std::move(snapshot), options.slug, newest->instant_ms, options.progress});
}

// A damaged derived file was left out of a pull: the log makes it again.
Status RebuildIfNeeded(const SyncEngineOptions& options) {
  ASSIGN_OR_RETURN(CheckpointMarker marker, ReadCheckpointMarker(*options.local));
  if (marker == CheckpointMarker::kNone) return Status::Ok();
  ASSIGN_OR_RETURN(
      auto db,
      ParqueDB::Open({.storage = options.local, .actor = options.actor, .verb = "verb pull", .clock = options.clock}));
  return db->Checkpoint();
}

// Into a folder that holds no database.
Result<PullResult> PullNew(const SyncEngineOptions& options, bool dry_run) {
  RETURN_IF_ERROR(CheckSlug(options.slug));
  ASSIGN_OR_RETURN(auto backup, NewestBackup(options));
  if (!backup) return NotFound("the remote has no backup " + options.slug, "push first");
  ASSIGN_OR_RETURN(PullResult result, PullIntoNew(*backup, *options.local, dry_run));
  if (!dry_run) RETURN_IF_ERROR(RebuildIfNeeded(options));
  return result;
}

SyncRelation RelationOf(Relation relation) {
  switch (relation) {
    case Relation::kEqual:
      return SyncRelation::kEqual;
    case Relation::kBehind:
      return SyncRelation::kBehind;
    case Relation::kAhead:
      return SyncRelation::kAhead;
    case Relation::kDiverged:
      return SyncRelation::kDiverged;
  }
  return SyncRelation::kDiverged;
}

class Operation {
 public:
  explicit Operation(const SyncEngineOptions& options) : options_(options) {}

  parquedb::Status TakeLocal() {
    ASSIGN_OR_RETURN(view_, TakeViewForPush(options_));
    return parquedb::Status::Ok();
  }

  parquedb::Status Look() {
    RETURN_IF_ERROR(CheckSlug(options_.slug));
    RETURN_IF_ERROR(TakeLocal());
    ASSIGN_OR_RETURN(backup_, NewestBackup(options_));
    if (!backup_) return parquedb::Status::Ok();
    SnapshotBackend storage(backup_->repository, backup_->snapshot, backup_->name);
    ASSIGN_OR_RETURN(View theirs, TakeView(storage, backup_->instant_ms, {.pin_segments = false}));
    ASSIGN_OR_RETURN(Relation relation, Compare({*options_.local, view_}, {storage, theirs}));
    status.relation = RelationOf(relation);
    status.is_synced = relation == Relation::kEqual;
    status.local_events = CountMissing(view_, theirs.knows());
    status.remote_events = CountMissing(theirs, view_.knows());
    return parquedb::Status::Ok();
  }

  // The lists of files.
  parquedb::Status FillDiff() {
    if (status.relation == SyncRelation::kDiverged) return parquedb::Status::Ok();
    if (status.relation == SyncRelation::kBehind) {
      ASSIGN_OR_RETURN(PullPlan plan, PlanPull(*backup_, *options_.local, view_));
      status.diff.to_download = std::move(plan.to_download);
      status.diff.unchanged = std::move(plan.unchanged);
      return parquedb::Status::Ok();
    }
    ASSIGN_OR_RETURN(auto repository, OpenRepository(options_, false));
    ASSIGN_OR_RETURN(PushPlan plan, PlanPush(*options_.local, view_, *repository, RequestOf(options_, view_, {})));
    for (const PushObject& object : plan.objects) {
      (object.present ? status.diff.unchanged : status.diff.to_upload).push_back(object.path);
    }
    if (plan.only_instant) {
      for (const auto& [path, file] : plan.snapshot.files) status.diff.unchanged.push_back(path);
    }
    return parquedb::Status::Ok();
  }

  Result<PushResult> Push(const PushOptions& options) {
    PushRequest request = RequestOf(options_, view_, options);
    ASSIGN_OR_RETURN(auto repository, OpenRepository(options_, !options.dry_run));
    ASSIGN_OR_RETURN(PushPlan plan, PlanPush(*options_.local, view_, *repository, request));
    if (options.dry_run) return Describe(plan);
    return ExecutePush(*options_.local, view_, *repository, request, std::move(plan));
  }

  Result<PullResult> Pull(const SyncOptions& options) {
    if (!backup_) return NotFound("the remote has no backup " + options_.slug, "push first");
    if (options.dry_run) return PullIntoCopy(*backup_, *options_.local, ClockOf(options_).NowMs(), true);
    PullResult result;
    {
      ASSIGN_OR_RETURN(auto db, ParqueDB::Open({.storage = options_.local,
                                                .actor = options_.actor,
                                                .verb = "verb sync",
                                                .clock = options_.clock}));  // holds the lock
      ASSIGN_OR_RETURN(result, PullIntoCopy(*backup_, *options_.local, ClockOf(options_).NowMs(), false));
    }
    RETURN_IF_ERROR(RebuildIfNeeded(options_));
    return result;
  }

  parquedb::Status ConflictOf() const {
    return Conflict(fmt::format("this copy and the backup {} went different ways: events only here: {}, only there: {}",
                                options_.slug, status.local_events, status.remote_events),
                    "back up what is here under another --slug, or pull into a new folder");
  }

  SyncStatus status;

 private:
  const SyncEngineOptions& options_;
  View view_;
  std::optional<PullSource> backup_;
};

}  // namespace

SyncEngine::SyncEngine(SyncEngineOptions options) : options_(std::move(options)) {}
SyncEngine::~SyncEngine() = default;

std::unique_ptr<SyncEngine> CreateSyncEngine(SyncEngineOptions options) {
  return std::make_unique<SyncEngine>(std::move(options));
}

Result<SyncStatus> SyncEngine::Status() {
  Operation operation(options_);
  RETURN_IF_ERROR(operation.Look());
  RETURN_IF_ERROR(operation.FillDiff());
  return operation.status;
}

Result<PushResult> SyncEngine::Push(const PushOptions& options) {
  RETURN_IF_ERROR(CheckSlug(options_.slug));
  Operation operation(options_);
  RETURN_IF_ERROR(operation.TakeLocal());
  return operation.Push(options);
}

Result<PullResult> SyncEngine::Pull(const SyncOptions& options) {
  ASSIGN_OR_RETURN(auto manifest, options_.local->Stat(kEventManifestPath));
  ASSIGN_OR_RETURN(auto restoring, options_.local->Stat(kRestoringPath));
  if (!manifest || restoring) return PullNew(options_, options.dry_run);
  if (options.conflict_strategy == ConflictStrategy::kLocalWins) return PullResult();
  Operation operation(options_);
  RETURN_IF_ERROR(operation.Look());
  return operation.Pull(options);
}

Result<SyncResult> SyncEngine::Sync(const SyncOptions& options) {
  Operation operation(options_);
  RETURN_IF_ERROR(operation.Look());
  SyncResult result;
  if (operation.status.relation == SyncRelation::kDiverged) return operation.ConflictOf();
  RETURN_IF_ERROR(operation.FillDiff());
  result.before = operation.status;
  switch (operation.status.relation) {
    case SyncRelation::kNoBackup:
    case SyncRelation::kAhead: {
      ASSIGN_OR_RETURN(result.pushed, operation.Push({.dry_run = options.dry_run}));
      break;
    }
    case SyncRelation::kBehind: {
      ASSIGN_OR_RETURN(result.pulled, operation.Pull(options));
      break;
    }
    case SyncRelation::kEqual:
    case SyncRelation::kDiverged:
      break;
  }
  return result;
}

}  // namespace parquedb
