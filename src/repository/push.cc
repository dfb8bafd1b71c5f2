#include "repository/push.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/limits.h"
#include "core/sha256.h"
#include "core/test_hooks.h"
#include "core/ulid.h"
#include "eventlog/event_at.h"
#include "eventlog/wal_format.h"
#include "model/layout.h"
#include "repository/relation.h"
#include "repository/snapshot_backend.h"
#include "storage/hash_file.h"

namespace parquedb {
namespace {

// The derived files of an earlier snapshot are taken over while the log behind them is shorter than this.
constexpr int64_t kMaxEventsBehind = 100'000;
constexpr uint64_t kMaxBytesBehind = 64 * kMiB;

std::string ExtensionOf(std::string_view path) { return std::string(path.substr(path.rfind('.') + 1)); }

Status UploadOne(const StorageBackend& storage, const View& view, StorageBackend& target, const PushObject& object,
                 const std::string& hash, Progress* progress) {
  ASSIGN_OR_RETURN(auto pending, target.CreatePending(object.object));
  if (object.made) {
    RETURN_IF_ERROR(pending->Append(object.bytes));
    Advance(progress, object.size, object.size);
  } else {
    std::shared_ptr<const ReadableFile> file;
    if (auto pinned = view.derived.find(object.path); pinned != view.derived.end()) {
      file = pinned->second;
    } else if (auto segment = view.segments.find(object.path); segment != view.segments.end()) {
      file = segment->second;
    } else {
      ASSIGN_OR_RETURN(file, storage.Open(object.path));
    }
    ASSIGN_OR_RETURN(std::string found, HashFile(*file, [&](std::string_view block) {
                       Advance(progress, static_cast<int64_t>(block.size()), static_cast<int64_t>(block.size()));
                       return pending->Append(block);
                     }));
    if (found != hash) {
      return Corruption(fmt::format("{} has the hash {}; {} was expected", object.path, found, hash),
                        "parquedb verify");
    }
  }
  std::vector<std::unique_ptr<PendingFile>> files;
  files.push_back(std::move(pending));
  return target.Publish(std::move(files));
}

class PushPlanner {
 public:
  PushPlanner(const StorageBackend& storage, const View& view, Repository& repository, const PushRequest& request)
      : storage_(storage), view_(view), repository_(repository), request_(request) {}

  Result<PushPlan> Plan() {
    if (request_.strategy == ConflictStrategy::kRemoteWins) {
      plan_.nothing_to_do = true;
      return std::move(plan_);
    }
    ASSIGN_OR_RETURN(auto commits, repository_.ListCommits());
    epoch_ = std::count_if(commits.begin(), commits.end(), [](const Commit& commit) { return commit.kind == "sweep"; });
    RETURN_IF_ERROR(CheckPast(commits));
    FillCommit();
    if (plan_.only_instant) return std::move(plan_);
    RETURN_IF_ERROR(AddSegments());
    RETURN_IF_ERROR(AddDerived());
    RETURN_IF_ERROR(AddWal());
    RETURN_IF_ERROR(AddMade(std::string(kEventManifestPath), EncodeEventManifest(manifest_)));
    RETURN_IF_ERROR(FillSnapshot());
    return std::move(plan_);
  }

  // The slug's newest backup must be in the past of what is pushed.
  Status CheckPast(const std::vector<Commit>& commits) {
    const Commit* newest = nullptr;
    for (const Commit& commit : commits) {
      if (commit.slug == request_.slug && (commit.kind == "push" || commit.kind == "ship")) newest = &commit;
    }
    if (newest == nullptr) return Status::Ok();
    if (newest->database_id != view_.manifest.database_id) {
      return Conflict(fmt::format("the slug {} belongs to the database {}; this is {}", request_.slug,
                                  newest->database_id, view_.manifest.database_id),
                      "choose another with --slug");
    }
    ASSIGN_OR_RETURN(FileManifest snapshot, repository_.ReadSnapshot(newest->snapshot));
    plan_.snapshot = std::move(snapshot);
    SnapshotBackend backup(repository_.shared_storage(), plan_.snapshot, request_.slug);
    ASSIGN_OR_RETURN(View theirs, TakeView(backup, newest->instant_ms, {.pin_segments = false}));
    ASSIGN_OR_RETURN(Relation relation, Compare({storage_, view_}, {backup, theirs}));
    bool same_tags = theirs.manifest.tags == view_.manifest.tags;
    if (relation == Relation::kEqual && same_tags) {
      plan_.only_instant = true;
      plan_.commit.snapshot = newest->snapshot;
      return Status::Ok();
    }
    bool follows = relation == Relation::kAhead || relation == Relation::kEqual;
    if (follows) {
      previous_ = plan_.snapshot;
      previous_events_ = std::move(theirs.manifest);
    }
    if (follows || request_.strategy == ConflictStrategy::kLocalWins) return Status::Ok();
    int64_t behind = CountMissing(theirs, view_.knows());
    if (relation == Relation::kBehind) {
      return Conflict(fmt::format("the backup {} has {} events that are not here", request_.slug, behind),
                      "pull first: parquedb pull; or back up what is here all the same: --strategy local-wins");
    }
    return Conflict(fmt::format("the backup {} went another way: events only there: {}", request_.slug, behind),
                    "back up what is here all the same: --strategy local-wins, or another --slug");
  }

 private:
  void FillCommit() {
    Commit& commit = plan_.commit;
    commit.kind = "push";
    commit.time_ms = request_.now_ms;
    commit.database_id = view_.manifest.database_id;
    commit.slug = request_.slug;
    commit.instant_ms = view_.taken_ms;
    commit.head = view_.head;
    commit.knows = view_.knows();
    commit.writer_line = request_.writer_line;
    commit.writer_host = request_.writer_host;
    commit.writer_operator = request_.writer_operator;
    if (plan_.only_instant) {
      plan_.snapshot.last_synced_at_ms = view_.taken_ms;
      plan_.snapshot.visibility = request_.visibility;
      if (plan_.snapshot.metadata) plan_.snapshot.metadata->window_to_ms = view_.taken_ms;
      return;
    }
    manifest_ = view_.manifest;
    manifest_.checkpoint = view_.checkpoint;
    manifest_.files = view_.files;
    entities_ = request_.entities;
    plan_.snapshot = FileManifest();
    commit.snapshot = NewUlid(SystemClock(), SystemRandom()).ToString();
  }

  Status Add(const std::string& path, int64_t size, const std::string& hash, PushObject object) {
    object.path = path;
    object.size = size;
    object.object = ObjectPath(hash, epoch_, ExtensionOf(path));
    // Objects are put in place whole, so one of the right size is the right one.
    ASSIGN_OR_RETURN(auto present, repository_.storage().Stat(object.object));
    object.present = present && present->size == static_cast<uint64_t>(size);
    plan_.snapshot.files[path] = {.path = path,
                                  .size = size,
                                  .hash = hash,
                                  .hash_algorithm = "sha256",
                                  .modified_at_ms = request_.now_ms,
                                  .content_type = std::string(ContentType(path)),
                                  .object = object.object,
                                  .stored_size = size};
    plan_.objects.push_back(std::move(object));
    return Status::Ok();
  }

  Status AddMade(const std::string& path, std::string bytes) {
    std::string hash = Sha256Hex(bytes);
    PushObject object;
    object.made = true;
    object.bytes = std::move(bytes);
    int64_t size = static_cast<int64_t>(object.bytes.size());
    return Add(path, size, hash, std::move(object));
  }

  Status AddSegments() {
    for (const SegmentEntry& entry : manifest_.segments)
      RETURN_IF_ERROR(Add(entry.path, entry.size_bytes, entry.sha256, {}));
    return Status::Ok();
  }

  // The derived files of the slug's last snapshot with the state they came with, if the log behind them is short and
  // all their objects are there. False: they do not do.
  Result<bool> TakeOverDerived() {
    if (!previous_ || request_.full || !previous_->metadata || previous_events_.files.empty()) return false;
    int64_t checkpoint = previous_events_.checkpoint, events = view_.head - checkpoint;
    uint64_t bytes = 0;
    // What was retired since can't be replayed on top of them.
    if (checkpoint < manifest_.compacted_through) return false;
    for (const SegmentEntry& entry : manifest_.segments)
      bytes += !entry.is_base && entry.max_lsn > checkpoint ? static_cast<uint64_t>(entry.size_bytes) : 0;
    for (const WalPart& part : view_.wal) bytes += part.valid_bytes;
    if (events >= kMaxEventsBehind || bytes >= kMaxBytesBehind) return false;
    std::vector<const ManifestFile*> files;
    for (const auto& [path, through] : previous_events_.files) {
      auto name = ParsePath(path);
      std::vector<std::string> wanted = {path};
      if (name && name->kind == FileKind::kData) wanted.push_back(BloomPath(name->ns));
      for (const std::string& one : wanted) {
        auto file = previous_->files.find(one);
        if (file == previous_->files.end()) return false;  // it was left out then
        ASSIGN_OR_RETURN(auto object, repository_.storage().Stat(file->second.object));
        if (!object || object->size != static_cast<uint64_t>(file->second.stored_size)) return false;
        files.push_back(&file->second);
      }
    }
    manifest_.checkpoint = checkpoint;
    manifest_.files = previous_events_.files;
    entities_ = previous_->metadata->entities;
    for (const ManifestFile* file : files) {
      plan_.snapshot.files[file->path] = *file;
      PushObject object{
          .path = file->path, .object = file->object, .size = file->size, .bytes = {}, .made = false, .present = true};
      plan_.objects.push_back(std::move(object));
    }
    return true;
  }

  void LeaveOutAllDerived(const std::string& why) {
    plan_.warnings.push_back("the derived files are left out: " + why);
    manifest_.checkpoint = 0;
    manifest_.files.clear();
    entities_.clear();
  }

  // What the directory's own record says of the files that the view pins; nullopt when it is of another checkpoint.
  Result<std::optional<FileManifest>> ReadRecord() const {
    auto text = ReadWhole(storage_, kFileManifestPath, kMaxManifestBytes);
    if (!text.ok())
      return text.status().code() == StatusCode::kIo ? Result<std::optional<FileManifest>>(text.status())
                                                     : std::optional<FileManifest>();
    auto record = DecodeFileManifest(*text);
    if (!record.ok() || !record->metadata || record->metadata->checkpoint != view_.checkpoint)
      return std::optional<FileManifest>();
    return std::optional<FileManifest>(std::move(*record));
  }

  Status AddDerived() {
    ASSIGN_OR_RETURN(bool taken_over, TakeOverDerived());
    if (taken_over) return Status::Ok();
    if (!view_.derived_together) {
      LeaveOutAllDerived("a checkpoint did not end; parquedb checkpoint makes them anew");
      return Status::Ok();
    }
    ASSIGN_OR_RETURN(auto record, ReadRecord());
    for (const auto& [path, through] : manifest_.files) {
      RETURN_IF_ERROR(AddDerivedFile(record, path));
      auto name = ParsePath(path);
      if (name && name->kind == FileKind::kData) RETURN_IF_ERROR(AddBloom(record, BloomPath(name->ns)));
    }
    return Status::Ok();
  }

  Status LeaveOut(const std::string& path, const std::string& why) {
    plan_.warnings.push_back(path + " is left out: " + why);
    return Status::Ok();
  }

  // What the directory's record says of a file; null when it says nothing that can be checked.
  static const ManifestFile* KnownTo(const std::optional<FileManifest>& record, const std::string& path) {
    if (!record) return nullptr;
    auto entry = record->files.find(path);
    return entry != record->files.end() && entry->second.hash_algorithm == "sha256" ? &entry->second : nullptr;
  }

  // True if the repository has it: under its hash lies what was read and hashed when it came there.
  Result<bool> IsStored(const ManifestFile& known, const std::string& path) const {
    ASSIGN_OR_RETURN(auto object, repository_.storage().Stat(ObjectPath(known.hash, epoch_, ExtensionOf(path))));
    return object && object->size == static_cast<uint64_t>(known.size);
  }

  static std::string Damaged(const std::string& hash, const ManifestFile& known) {
    return fmt::format("it is damaged: its sha256 is {}, {} was written", hash, known.hash);
  }

  // A file that is missing, can't be read or is not what was written is left out. Its entry in the state stays: a
  // reader takes the namespace from the log.
  Status AddDerivedFile(const std::optional<FileManifest>& record, const std::string& path) {
    auto pinned = view_.derived.find(path);
    if (pinned == view_.derived.end()) return LeaveOut(path, "it is missing");
    const ManifestFile* known = KnownTo(record, path);
    const int64_t size = static_cast<int64_t>(pinned->second->size());
    if (known != nullptr) {
      if (known->size != size)
        return LeaveOut(path, fmt::format("it has {} bytes; {} were written", size, known->size));
      ASSIGN_OR_RETURN(bool stored, IsStored(*known, path));
      if (stored) return Add(path, size, known->hash, {});
    }
    auto hash = HashFile(*pinned->second);
    if (!hash.ok()) return LeaveOut(path, hash.status().message());
    if (known != nullptr && known->hash != *hash) return LeaveOut(path, Damaged(*hash, *known));
    return Add(path, size, *hash, {});
  }

  // A bloom file is not pinned (there are as many as data files), so what is read here is what is stored. One that a
  // checkpoint has replaced since the view was taken does not fit the data file: it is left out, too.
  Status AddBloom(const std::optional<FileManifest>& record, const std::string& path) {
    const ManifestFile* known = KnownTo(record, path);
    if (known != nullptr) {
      ASSIGN_OR_RETURN(bool stored, IsStored(*known, path));
      if (stored) return Add(path, known->size, known->hash, {});
    }
    auto bytes = ReadWhole(storage_, path, kMaxManifestBytes);
    if (!bytes.ok()) return LeaveOut(path, bytes.status().message());
    if (std::string hash = Sha256Hex(*bytes); known != nullptr && known->hash != hash) {
      return LeaveOut(path, Damaged(hash, *known));
    }
    return AddMade(path, std::move(*bytes));
  }

  // The tail as WAL files of their own, one for each line that wrote in it.
  Status AddWal() {
    for (size_t i = 0; i < view_.wal.size(); ++i) {
      int64_t first = std::max(view_.wal[i].first_lsn, view_.tail.front().lsn);
      int64_t next = i + 1 < view_.wal.size() ? view_.wal[i + 1].first_lsn : view_.head + 1;
      std::string bytes = EncodeWalHeader({first, manifest_.database_id, view_.wal[i].line});
      for (const Event& event : view_.tail) {
        if (event.lsn >= first && event.lsn < next) RETURN_IF_ERROR(AppendFrame(&bytes, event, view_.head, false));
      }
      RETURN_IF_ERROR(AddMade(WalPath(first), std::move(bytes)));
    }
    return Status::Ok();
  }

  Status FillSnapshot() {
    FileManifest& snapshot = plan_.snapshot;
    snapshot.database_id = manifest_.database_id;
    snapshot.name = manifest_.dataset;
    snapshot.owner = request_.owner;
    snapshot.slug = request_.slug;
    snapshot.visibility = request_.visibility;
    snapshot.last_synced_at_ms = view_.taken_ms;
    ASSIGN_OR_RETURN(StateDigest digest, DigestAtHead(storage_, view_));
    snapshot.metadata = ManifestMetadata{.head = view_.head,
                                         .checkpoint = manifest_.checkpoint,
                                         .entities = entities_,
                                         .digest = digest.Hex(),
                                         .window_from_ms = view_.window_from_ms(),
                                         .window_to_ms = view_.taken_ms};
    return Status::Ok();
  }

  const StorageBackend& storage_;
  const View& view_;
  Repository& repository_;
  const PushRequest& request_;
  PushPlan plan_;
  EventManifest manifest_;  // of the snapshot
  std::map<std::string, int64_t> entities_;
  std::optional<FileManifest> previous_;  // the slug's last snapshot, when it is in the past of what is pushed
  EventManifest previous_events_;
  int64_t epoch_ = 0;
};

// The fronts are for people and the guide's tools; what counts are the commits.
Status WriteFronts(Repository& repository, const PushRequest& request, const FileManifest& snapshot) {
  std::string text = EncodeFileManifest(snapshot);
  for (const std::string& path : {FrontPath(request.slug), FrontPath("")}) {
    auto present = ReadWhole(repository.storage(), path, kMaxManifestBytes);
    if (present.ok()) {
      auto older = DecodeFileManifest(*present);
      // Somebody who committed later may have been quicker here.
      if (older.ok() && older->last_synced_at_ms > snapshot.last_synced_at_ms) continue;
    }
    RETURN_IF_ERROR(repository.storage().Write(path, text));
  }
  return Status::Ok();
}

// What the backup rests on and an earlier push left may not be durable under its name.
Status SyncFound(const StorageBackend& repository, const PushPlan& plan) {
  std::set<std::string> folders = {"", "objects", "_meta", "_meta/commits"};
  for (const PushObject& object : plan.objects) {
    if (object.present) folders.insert(object.object.substr(0, object.object.rfind('/')));
  }
  for (const std::string& folder : folders) RETURN_IF_ERROR(repository.SyncNames(folder));
  return Status::Ok();
}

}  // namespace

Result<PushPlan> PlanPush(const StorageBackend& storage, const View& view, Repository& repository,
                          const PushRequest& request) {
  return PushPlanner(storage, view, repository, request).Plan();
}

PushResult Describe(const PushPlan& plan) {
  PushResult result{.snapshot = plan.commit.snapshot,
                    .commit = 0,
                    .uploaded = {},
                    .unchanged = 0,
                    .bytes = 0,
                    .warnings = plan.warnings};
  for (const PushObject& object : plan.objects) {
    if (object.present) {
      ++result.unchanged;
      continue;
    }
    result.uploaded.push_back({object.path, object.size});
    result.bytes += object.size;
  }
  if (plan.only_instant) result.unchanged = static_cast<int64_t>(plan.snapshot.files.size());
  return result;
}

Result<PushResult> ExecutePush(const StorageBackend& storage, const View& view, Repository& repository,
                               const PushRequest& request, PushPlan plan) {
  PushResult result = Describe(plan);
  if (plan.nothing_to_do) return result;
  Expect(request.progress, result.bytes);
  RETURN_IF_ERROR(SyncFound(repository.storage(), plan));
  if (!plan.only_instant) {
    for (const PushObject& object : plan.objects) {
      if (!object.present)
        RETURN_IF_ERROR(UploadOne(storage, view, repository.storage(), object, plan.snapshot.files.at(object.path).hash,
                                  request.progress));
      PassKillPoint("push.object");
    }
    PassKillPoint("push.before_snapshot");
    RETURN_IF_ERROR(repository.WriteSnapshot(plan.commit.snapshot, plan.snapshot));
  }
  PassKillPoint("push.before_commit");
  auto check = [&](const std::vector<Commit>& commits) {
    return PushPlanner(storage, view, repository, request).CheckPast(commits);
  };
  ASSIGN_OR_RETURN(Commit commit, repository.AppendCommit(plan.commit, check));
  PassKillPoint("push.committed");
  result.commit = commit.number;
  RETURN_IF_ERROR(WriteFronts(repository, request, plan.snapshot));
  return result;
}

}  // namespace parquedb
