#include "repository/pull.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/limits.h"
#include "core/sha256.h"
#include "core/test_hooks.h"
#include "eventlog/checkpoint_marker.h"
#include "eventlog/event_at.h"
#include "eventlog/manifest_file.h"
#include "eventlog/segment_batch.h"
#include "eventlog/wal_directory.h"
#include "model/layout.h"
#include "repository/relation.h"
#include "repository/snapshot_backend.h"
#include "storage/hash_file.h"

namespace parquedb {
namespace {

constexpr int64_t kPublishBytes = 256 * static_cast<int64_t>(kMiB);
constexpr size_t kPublishFiles = 4096;

bool IsDerived(FileKind kind) {
  return kind == FileKind::kData || kind == FileKind::kForward || kind == FileKind::kReverse ||
         kind == FileKind::kBloom;
}

Status DamagedObject(const ManifestFile& file, std::string_view what) {
  return Corruption(fmt::format("the object {} of {} {}", file.hash, file.path, what),
                    "pull from another remote; parquedb verify tells what else is damaged");
}

// Copies one object into a pending file at `path`, checking its hash; a wrong one is fetched once more.
Result<std::unique_ptr<PendingFile>> Fetch(const StorageBackend& repository, const ManifestFile& file,
                                           StorageBackend& target, const std::string& path, Progress* progress) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto object = repository.Open(file.object);
    if (!object.ok() && object.status().code() == StatusCode::kNotFound) return DamagedObject(file, "is missing");
    if (!object.ok()) return object.status();
    if ((*object)->size() != static_cast<uint64_t>(file.stored_size)) {
      return DamagedObject(file, fmt::format("has {} bytes; {} were expected", (*object)->size(), file.stored_size));
    }
    ASSIGN_OR_RETURN(auto pending, target.CreatePending(path));
    ASSIGN_OR_RETURN(std::string hash, HashFile(**object, [&](std::string_view block) {
                       if (attempt == 0)
                         Advance(progress, static_cast<int64_t>(block.size()), static_cast<int64_t>(block.size()));
                       return pending->Append(block);
                     }));
    if (hash == file.hash) {
      RETURN_IF_ERROR(pending->Close());
      return pending;
    }
  }
  return DamagedObject(file, "is damaged: its content has another hash");
}

Result<bool> HasContent(const StorageBackend& target, const std::string& path, const ManifestFile& file) {
  auto present = target.Open(path);
  if (!present.ok()) return false;
  if ((*present)->size() != static_cast<uint64_t>(file.size)) return false;
  ASSIGN_OR_RETURN(std::string hash, HashFile(**present));
  return hash == file.hash;
}

// The manifest of the log in the backup, its hash checked.
Result<EventManifest> EventManifestOf(const PullSource& source) {
  auto entry = source.snapshot.files.find(std::string(kEventManifestPath));
  if (entry == source.snapshot.files.end())
    return Corruption("the backup " + source.name + " has no events/manifest.json");
  auto text = ReadWhole(*source.repository, entry->second.object, kMaxManifestBytes);
  if (!text.ok() && text.status().code() == StatusCode::kNotFound) return DamagedObject(entry->second, "is missing");
  if (!text.ok()) return text.status();
  if (Sha256Hex(*text) != entry->second.hash)
    return DamagedObject(entry->second, "is damaged: its content has another hash");
  return DecodeEventManifest(*text);
}

// Fetches files of the snapshot and puts them in place together.
class Fetcher {
 public:
  Fetcher(const PullSource& source, StorageBackend& target, PullResult* result)
      : source_(source), target_(target), result_(result) {}

  // False when a damaged derived file was left out.
  Result<bool> Add(const ManifestFile& file, const std::string& path) {
    auto pending = Fetch(*source_.repository, file, target_, path, source_.progress);
    if (!pending.ok()) {
      auto name = ParsePath(file.path);
      if (pending.status().code() != StatusCode::kCorruption || !name || !IsDerived(name->kind))
        return pending.status();
      result_->warnings.push_back(file.path +
                                  " is left out and read from the log instead: " + pending.status().message());
      return false;
    }
    pending_bytes_ += file.size;
    files_.push_back(std::move(*pending));
    result_->downloaded.push_back({file.path, file.size});
    result_->bytes += file.size;
    return true;
  }
  Status Publish() {
    pending_bytes_ = 0;
    return target_.Publish(std::exchange(files_, {}));
  }
  // So that a pull that is cut off has something to go on from.
  bool publish_due() const { return pending_bytes_ >= kPublishBytes || files_.size() >= kPublishFiles; }

 private:
  const PullSource& source_;
  StorageBackend& target_;
  PullResult* result_;
  std::vector<std::unique_ptr<PendingFile>> files_;
  int64_t pending_bytes_ = 0;
};

// What a directory's own record says after a pull.
FileManifest DirectoryRecord(const PullSource& source, const std::set<std::string>& left_out) {
  FileManifest record = source.snapshot;
  record.synced_from = source.name;
  record.last_synced_at_ms = source.instant_ms;
  std::erase_if(record.files, [&](const auto& file) {
    auto name = ParsePath(file.first);
    return left_out.contains(file.first) || !name || name->kind == FileKind::kWal ||
           name->kind == FileKind::kEventManifest;
  });
  for (auto& [path, file] : record.files) {
    file.object.clear();
    file.stored_size = 0;
  }
  return record;
}

Result<PullResult> DryRun(const PullSource& source, const StorageBackend& target) {
  PullResult result;
  for (const auto& [path, file] : source.snapshot.files) {
    if (path == kEventManifestPath) continue;
    ASSIGN_OR_RETURN(bool present, HasContent(target, path, file));
    if (present) {
      ++result.unchanged;
      continue;
    }
    result.downloaded.push_back({path, file.size});
    result.bytes += file.size;
  }
  return result;
}

// What an earlier pull or init left that did not end, and that is not of this backup.
Status RemoveLeftovers(StorageBackend& target, const FileManifest& snapshot) {
  for (std::string_view prefix : {"_meta/", "data/", "rels/", "events/", "indexes/"}) {
    ASSIGN_OR_RETURN(auto entries, target.List(prefix));
    for (const FileEntry& entry : entries) {
      bool of_layout = ParsePath(entry.path).has_value() || entry.path == kLinePath || entry.path == kCheckpointPath;
      bool left = of_layout && !snapshot.files.contains(entry.path);
      if (left || entry.path.ends_with(".tmp")) RETURN_IF_ERROR(target.Remove(entry.path));
    }
  }
  return Status::Ok();
}

}  // namespace

Result<PullResult> PullIntoNew(const PullSource& source, StorageBackend& target, bool dry_run) {
  ASSIGN_OR_RETURN(EventManifest manifest, EventManifestOf(source));
  if (dry_run) return DryRun(source, target);
  PullResult result;
  RETURN_IF_ERROR(target.Write(kRestoringPath, source.name + "\n"));
  PassKillPoint("pull.marker");
  RETURN_IF_ERROR(RemoveLeftovers(target, source.snapshot));
  Fetcher fetcher(source, target, &result);
  std::set<std::string> left_out;
  std::set<std::string> found_in = {""};  // what an earlier run left there may not be durable under its name
  for (const auto& [path, file] : source.snapshot.files)
    if (path != kEventManifestPath) Expect(source.progress, file.size);
  for (const auto& [path, file] : source.snapshot.files) {
    if (path == kEventManifestPath) continue;
    ASSIGN_OR_RETURN(bool present, HasContent(target, path, file));
    if (present) {
      ++result.unchanged;
      Advance(source.progress, file.size, 0);
      found_in.insert(path.substr(0, path.rfind('/')));
      continue;
    }
    ASSIGN_OR_RETURN(bool taken, fetcher.Add(file, path));
    if (!taken) left_out.insert(path);
    if (fetcher.publish_due()) RETURN_IF_ERROR(fetcher.Publish());
  }
  RETURN_IF_ERROR(fetcher.Publish());
  for (const std::string& folder : found_in) RETURN_IF_ERROR(target.SyncNames(folder));
  PassKillPoint("pull.files");
  // A file that is missing is read from the log; the next checkpoint makes it again.
  if (!left_out.empty()) RETURN_IF_ERROR(WriteCheckpointMarker(target, CheckpointMarker::kReplacing));
  RETURN_IF_ERROR(WriteEventManifest(target, manifest));
  PassKillPoint("pull.event_manifest");
  RETURN_IF_ERROR(target.Write(kFileManifestPath, EncodeFileManifest(DirectoryRecord(source, left_out))));
  PassKillPoint("pull.file_manifest");
  RETURN_IF_ERROR(target.Remove(kRestoringPath));
  // A marker that comes back would ask for the same pull again, over what was written since.
  RETURN_IF_ERROR(target.SyncNames("_meta"));
  return result;
}

namespace {

// Where two logs, of which one is the beginning of the other, are put together: the segments of the first stay up to
// `lsn`, those of the second follow. Each may have merged its segments, or retired some, in its own way.
struct Joint {
  int64_t lsn = 0;        // both have the end of a segment there, or begin there; 0: nothing stays
  size_t kept = 0;        // of the local segments, from the first on
  size_t taken_from = 0;  // of the remote segments, to the end
};

// The ends of segments, and where the log begins.
std::set<int64_t> EndsOf(const EventManifest& manifest) {
  std::set<int64_t> ends = {manifest.compacted_through};
  for (const SegmentEntry& entry : manifest.segments) {
    if (!entry.is_base) ends.insert(entry.max_lsn);
  }
  return ends;
}

// The segments through `lsn`, bases too.
size_t CountThrough(const EventManifest& manifest, int64_t lsn) {
  const auto& segments = manifest.segments;
  auto behind = std::find_if(segments.begin(), segments.end(), [&](const auto& entry) { return entry.max_lsn > lsn; });
  return static_cast<size_t>(behind - segments.begin());
}

Joint FindJoint(const EventManifest& local, const EventManifest& remote) {
  const std::set<int64_t> here = EndsOf(local), there = EndsOf(remote);
  for (auto lsn = here.rbegin(); lsn != here.rend(); ++lsn) {
    if (!there.contains(*lsn)) continue;
    Joint joint{.lsn = *lsn, .kept = CountThrough(local, *lsn), .taken_from = CountThrough(remote, *lsn)};
    // A log that begins there needs its base, whichever side has it.
    if (joint.kept == 0) joint.taken_from = 0;
    return joint;
  }
  return {};
}

// The log and the derived files of a copy that is behind are replaced in an order in which every reader sees the old
// state or the new: segments, the manifest that names them, and only then derived files (a reader takes one that is
// older than its entry from the log).
class FastForward {
 public:
  FastForward(const PullSource& source, StorageBackend& target, EventManifest local, const StorageBackend& backup,
              const View& theirs)
      : source_(source),
        target_(target),
        local_(std::move(local)),
        backup_(backup),
        theirs_(theirs),
        remote_(theirs.manifest) {}

  Result<PullResult> Run() {
    RETURN_IF_ERROR(TakeSegments());
    RETURN_IF_ERROR(TakeTail());
    PassKillPoint("pull.segments");
    EventManifest next = remote_;
    next.segments = segments_;
    next.tags = local_.tags;  // names given here stay
    next.tags.insert(remote_.tags.begin(), remote_.tags.end());
    next.lines = theirs_.lines();
    next.total_events += static_cast<int64_t>(theirs_.tail.size());
    next.next_seq = NextSeq();
    // What was retired there alone is still here.
    if (joint_.kept > 0) next.compacted_through = local_.compacted_through;
    // From here on the manifest names derived files that are not there yet.
    RETURN_IF_ERROR(WriteCheckpointMarker(target_, CheckpointMarker::kReplacing));
    RETURN_IF_ERROR(WriteEventManifest(target_, next));
    PassKillPoint("pull.event_manifest");
    RETURN_IF_ERROR(RemoveWal());
    PassKillPoint("pull.wal");
    RETURN_IF_ERROR(TakeDerived());
    FileManifest record = DirectoryRecord(source_, left_out_);
    Renumber(&record);
    RETURN_IF_ERROR(target_.Write(kFileManifestPath, EncodeFileManifest(record)));
    RETURN_IF_ERROR(RemoveOld(next));
    if (left_out_.empty()) RETURN_IF_ERROR(WriteCheckpointMarker(target_, CheckpointMarker::kNone));
    return std::move(result_);
  }

 private:
  // What both have stays as it lies here; the rest comes under new numbers.
  Status TakeSegments() {
    joint_ = FindJoint(local_, remote_);
    segments_.assign(local_.segments.begin(), local_.segments.begin() + static_cast<std::ptrdiff_t>(joint_.kept));
    result_.unchanged += static_cast<int64_t>(joint_.kept);
    Fetcher fetcher(source_, target_, &result_);
    int64_t seq = local_.next_seq;
    for (size_t i = joint_.taken_from; i < remote_.segments.size(); ++i)
      Expect(source_.progress, remote_.segments[i].size_bytes);
    for (size_t i = joint_.taken_from; i < remote_.segments.size(); ++i) {
      SegmentEntry entry = remote_.segments[i];
      auto file = source_.snapshot.files.find(entry.path);
      if (file == source_.snapshot.files.end())
        return Corruption("the backup " + source_.name + " lacks " + entry.path);
      entry.seq = seq++;
      entry.path = SegmentPath(entry.seq);
      ASSIGN_OR_RETURN(bool taken, fetcher.Add(file->second, entry.path));
      (void)taken;
      segments_.push_back(entry);
    }
    return fetcher.Publish();
  }

  int64_t NextSeq() const {
    int64_t next = local_.next_seq;
    for (const SegmentEntry& entry : segments_) next = std::max(next, entry.seq + 1);
    return next;
  }

  // What the backup holds as WAL becomes a segment here, so that one manifest takes the whole log from the old state to
  // the new. The events keep all they have.
  Status TakeTail() {
    if (theirs_.tail.empty()) return Status::Ok();
    ASSIGN_OR_RETURN(StateDigest digest, DigestAtSegments(backup_, theirs_));
    SegmentBatch batch(target_, {.next_seq = NextSeq(),
                                 .database_id = remote_.database_id,
                                 .lines = theirs_.lines(),
                                 .digest = digest,
                                 .now_ms = theirs_.taken_ms});
    for (const Event& event : theirs_.tail) RETURN_IF_ERROR(batch.Append(EventView::Of(event)));
    RETURN_IF_ERROR(batch.Finish());
    batch.Keep();  // whether the manifest that names them takes effect is not known when its replacement fails
    for (const SegmentEntry& entry : batch.entries()) {
      segments_.push_back(entry);
      result_.downloaded.push_back({entry.path, entry.size_bytes});
      result_.bytes += entry.size_bytes;
    }
    return Status::Ok();
  }

  // Segments hold what it held.
  Status RemoveWal() {
    ASSIGN_OR_RETURN(auto present, target_.List("_meta/wal/"));
    for (const FileEntry& entry : present) {
      if (ParseWalName(entry.path)) RETURN_IF_ERROR(target_.Remove(entry.path));
    }
    return Status::Ok();
  }

  Status TakeDerived() {
    Fetcher fetcher(source_, target_, &result_);
    for (const auto& [path, file] : source_.snapshot.files) {
      auto name = ParsePath(path);
      if (name && IsDerived(name->kind)) Expect(source_.progress, file.size);
    }
    for (const auto& [path, file] : source_.snapshot.files) {
      auto name = ParsePath(path);
      if (!name || !IsDerived(name->kind)) continue;
      ASSIGN_OR_RETURN(bool present, HasContent(target_, path, file));
      if (present) {
        ++result_.unchanged;
        Advance(source_.progress, file.size, 0);
        continue;
      }
      ASSIGN_OR_RETURN(bool taken, fetcher.Add(file, path));
      if (!taken) left_out_.insert(path);
    }
    return fetcher.Publish();
  }

  // Segments lie under this directory's numbers.
  void Renumber(FileManifest* record) const {
    std::erase_if(record->files, [](const auto& file) { return ParsePath(file.first)->kind == FileKind::kSegment; });
    for (const SegmentEntry& entry : segments_) {
      record->files[entry.path] = {.path = entry.path,
                                   .size = entry.size_bytes,
                                   .hash = entry.sha256,
                                   .hash_algorithm = "sha256",
                                   .modified_at_ms = entry.created_at_ms,
                                   .content_type = std::string(ContentType(entry.path))};
    }
  }

  Status RemoveOld(const EventManifest& next) {
    std::set<std::string> named;
    for (const SegmentEntry& entry : next.segments) named.insert(entry.path);
    for (const SegmentEntry& entry : local_.segments) {
      if (!named.contains(entry.path)) RETURN_IF_ERROR(target_.Remove(entry.path));
    }
    for (const auto& [path, through] : local_.files) {
      if (next.files.contains(path)) continue;
      RETURN_IF_ERROR(target_.Remove(path));
      auto name = ParsePath(path);
      if (name && name->kind == FileKind::kData) RETURN_IF_ERROR(target_.Remove(BloomPath(name->ns)));
    }
    return Status::Ok();
  }

  const PullSource& source_;
  StorageBackend& target_;
  EventManifest local_;
  const StorageBackend& backup_;
  const View& theirs_;
  const EventManifest& remote_;
  Joint joint_;
  std::vector<SegmentEntry> segments_;
  std::set<std::string> left_out_;
  PullResult result_;
};

}  // namespace

Result<PullPlan> PlanPull(const PullSource& source, const StorageBackend& target, const View& mine) {
  ASSIGN_OR_RETURN(EventManifest remote, EventManifestOf(source));
  const Joint joint = FindJoint(mine.manifest, remote);
  std::set<std::string> kept;
  for (size_t i = 0; i < joint.taken_from; ++i) kept.insert(remote.segments[i].path);
  PullPlan plan;
  for (const auto& [path, file] : source.snapshot.files) {
    if (path == kEventManifestPath) continue;  // made anew, for this directory's numbers
    auto name = ParsePath(path);
    bool has = kept.contains(path);
    if (name && IsDerived(name->kind)) {
      ASSIGN_OR_RETURN(has, HasContent(target, path, file));
    }
    (has ? plan.unchanged : plan.to_download).push_back(path);
  }
  return plan;
}

Result<PullResult> PullIntoCopy(const PullSource& source, StorageBackend& target, int64_t now_ms, bool dry_run) {
  SnapshotBackend backup(source.repository, source.snapshot, source.name);
  ASSIGN_OR_RETURN(View theirs, TakeView(backup, source.instant_ms, {.pin_segments = false}));
  ASSIGN_OR_RETURN(View mine, TakeView(target, now_ms));
  ASSIGN_OR_RETURN(Relation relation, Compare({target, mine}, {backup, theirs}));
  int64_t local_events = CountMissing(mine, theirs.knows());
  switch (relation) {
    case Relation::kEqual: {
      EventManifest next = mine.manifest;
      next.tags.insert(theirs.manifest.tags.begin(), theirs.manifest.tags.end());
      if (!dry_run && next.tags != mine.manifest.tags) RETURN_IF_ERROR(WriteEventManifest(target, next));
      PullResult result;
      result.unchanged = static_cast<int64_t>(source.snapshot.files.size());
      return result;
    }
    case Relation::kAhead:
      return Conflict(fmt::format("{} local events are not in the backup {}", local_events, source.name),
                      "push them, or pull into a new folder");
    case Relation::kDiverged:
      return Conflict(fmt::format("this copy and the backup {} went different ways: events only here: {}", source.name,
                                  local_events),
                      "pull into a new folder, or push to another --slug");
    case Relation::kBehind:
      break;
  }
  // What is restorable here stays so. The log there begins later, in the middle of what is one segment here.
  const bool would_narrow = theirs.manifest.compacted_through > mine.manifest.compacted_through &&
                            FindJoint(mine.manifest, theirs.manifest).kept == 0;
  if (would_narrow) {
    return Conflict(fmt::format("the backup {} begins at lsn {}, its history before was retired; no segment here ends "
                                "there, and the history here would go",
                                source.name, theirs.manifest.compacted_through),
                    "pull into a new folder");
  }
  if (dry_run) {
    ASSIGN_OR_RETURN(PullPlan plan, PlanPull(source, target, mine));
    PullResult result;
    result.unchanged = static_cast<int64_t>(plan.unchanged.size());
    for (const std::string& path : plan.to_download) {
      result.downloaded.push_back({path, source.snapshot.files.at(path).size});
      result.bytes += source.snapshot.files.at(path).size;
    }
    return result;
  }
  return FastForward(source, target, mine.manifest, backup, theirs).Run();
}

}  // namespace parquedb
