#include "eventlog/log_writer.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "core/check.h"
#include "core/limits.h"
#include "core/test_hooks.h"
#include "core/time_text.h"
#include "eventlog/group_commit.h"
#include "eventlog/manifest_file.h"
#include "eventlog/recovery.h"
#include "eventlog/segment_batch.h"
#include "eventlog/wal_directory.h"
#include "eventlog/wal_format.h"
#include "model/file_manifest.h"
#include "model/layout.h"

namespace parquedb {
namespace {

constexpr int64_t kLockPollMs = 20;

Result<std::unique_ptr<FileLock>> WaitForLock(StorageBackend& storage, const LogWriterOptions& options) {
  auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(options.lock_timeout_ms);
  while (true) {
    auto lock = storage.Lock(kLockPath, options.holder);
    if (lock.ok() || lock.status().code() != StatusCode::kLocked || std::chrono::steady_clock::now() >= deadline)
      return lock;
    std::this_thread::sleep_for(std::chrono::milliseconds(kLockPollMs));
  }
}

// True if the record of the directory's files names this WAL file: a copy brought it, and its hash is written down.
bool IsRecorded(const StorageBackend& storage, const std::string& path) {
  auto text = ReadWhole(storage, kFileManifestPath, kMaxManifestBytes);
  if (!text.ok()) return false;
  auto manifest = DecodeFileManifest(*text);
  return manifest.ok() && manifest->files.contains(path);
}

int64_t EndOf(const WalPart& part) { return part.events.empty() ? part.first_lsn - 1 : part.events.back().lsn; }

class DirectoryLog : public LogWriter {
 public:
  DirectoryLog(std::shared_ptr<StorageBackend> storage, const LogWriterOptions& options)
      : storage_(std::move(storage)),
        options_(options),
        clock_(options.clock != nullptr ? *options.clock : SystemClock()),
        random_(options.random != nullptr ? *options.random : SystemRandom()),
        commit_(options.durability, [this](int64_t durable) { SetAside(durable); }),
        flush_events_(TestNumber(kFlushEventsVariable).value_or(kFlushEvents)) {}

  Status Open() {
    // A folder that holds no database is not to be touched, not even by a lock file.
    RETURN_IF_ERROR(CheckNotRestoring(*storage_));
    ASSIGN_OR_RETURN(EventManifest present, ReadEventManifest(*storage_));
    (void)present;
    ASSIGN_OR_RETURN(lock_, WaitForLock(*storage_, options_));
    ASSIGN_OR_RETURN(RecoveredLog log, RecoverLog(*storage_));
    manifest_ = std::move(log.manifest);
    tail_ = std::move(log.tail);
    line_ = std::move(log.line);
    head_ = tail_.empty() ? std::max(manifest_.last_lsn(), manifest_.compacted_through) : tail_.back().lsn;
    std::optional<Ulid> last;
    if (log.last_id) {
      last = Ulid::Parse(*log.last_id);
      if (!last) return Corruption("the last event's id '" + *log.last_id + "' is no ULID");
    }
    bool fresh_line = line_.empty();
    ids_.emplace(last, fresh_line, random_);
    for (const WalPart& part : log.parts) {
      bool behind_segments = !part.events.empty() && part.first_lsn > manifest_.last_lsn();
      if (behind_segments && LastLine() != part.line) manifest_.lines.push_back({part.line, part.first_lsn});
    }
    if (!line_.empty() && LastLine() != line_) manifest_.lines.push_back({line_, head_ + 1});
    if (log.has_failed_wal) return FlushFailed(log.parts);
    return OpenWal(log.parts);
  }

  Result<EventIdSource::Stamp> Reserve() override {
    RETURN_IF_ERROR(commit_.status());
    RETURN_IF_ERROR(stopped_);
    int64_t now_ms = clock_.NowMs();
    if (ids_->last() && now_ms < ids_->last()->ts_ms() - kMaxClockRegressionMs && !options_.accept_clock) {
      return Status(StatusCode::kBusy,
                    fmt::format("the clock says {}, the last event is of {}", FormatTime(now_ms),
                                FormatTime(ids_->last()->ts_ms())),
                    "set the clock, or use --accept-clock to go on with the last event's time");
    }
    return ids_->Next(now_ms);
  }

  Result<int64_t> Enqueue(Event event) override {
    RETURN_IF_ERROR(stopped_);
    RETURN_IF_ERROR(EnsureLine());
    event.lsn = head_ + 1;
    std::string frame;
    RETURN_IF_ERROR(AppendFrame(&frame, event, commit_.durable_lsn(), false));
    RETURN_IF_ERROR(commit_.Enqueue(frame, event.lsn));
    head_ = event.lsn;
    tail_.push_back(std::move(event));
    return head_;
  }

  Result<int64_t> EnqueueBatch(std::vector<Event> events) override {
    PARQUEDB_CHECK(!events.empty());
    RETURN_IF_ERROR(stopped_);
    RETURN_IF_ERROR(EnsureLine());
    std::string frames;
    int64_t durable = commit_.durable_lsn();
    for (size_t i = 0; i < events.size(); ++i) {
      events[i].lsn = head_ + 1 + static_cast<int64_t>(i);
      RETURN_IF_ERROR(StampEvent(&events[i]));
      RETURN_IF_ERROR(AppendFrame(&frames, events[i], durable, i + 1 < events.size()));
    }
    RETURN_IF_ERROR(commit_.Enqueue(frames, events.back().lsn));
    head_ = events.back().lsn;
    for (Event& event : events) tail_.push_back(std::move(event));
    return head_;
  }

  Status WaitDurable(int64_t lsn) override { return commit_.Wait(lsn); }

  const EventManifest& manifest() const override { return manifest_; }
  const std::vector<Event>& tail() const override { return tail_; }
  int64_t head() const override { return head_; }
  uint64_t wal_bytes() const override { return commit_.file_bytes(); }
  bool flush_due() const override {
    return static_cast<int64_t>(tail_.size()) >= flush_events_ || commit_.file_bytes() >= kFlushBytes;
  }
  const std::string& line() const override { return line_; }
  StorageBackend& storage() override { return *storage_; }
  Clock& clock() override { return clock_; }
  EventIdSource& ids() override { return *ids_; }

  Status Flush() override {
    RETURN_IF_ERROR(stopped_);
    if (tail_.empty()) return Status::Ok();
    RETURN_IF_ERROR(WaitDurable(head_));
    ASSIGN_OR_RETURN(StateDigest digest, SegmentDigest());
    SegmentBatch batch(*storage_, BatchStart(digest));
    RETURN_IF_ERROR(StartWal(head_ + 1));
    PassKillPoint("flush.next_wal");
    for (const Event& event : tail_) RETURN_IF_ERROR(batch.Append(EventView::Of(event)));
    RETURN_IF_ERROR(batch.Finish());
    RETURN_IF_ERROR(Commit(&batch));
    tail_.clear();
    return Status::Ok();
  }

  Status DirectBatch(const std::function<Status(BatchSink&)>& produce) override {
    RETURN_IF_ERROR(Flush());
    RETURN_IF_ERROR(EnsureLine());
    ASSIGN_OR_RETURN(StateDigest digest, SegmentDigest());
    EventIdSource before = *ids_;
    ASSIGN_OR_RETURN(EventIdSource::Stamp first, Reserve());
    ids_.emplace(before);  // the stamp only tells the time: a history brings times of its own
    SegmentBatch batch(*storage_, BatchStart(digest));
    Sink sink(&batch, &*ids_, head_, first.ts_ms);
    Status produced = produce(sink);
    if (produced.ok()) produced = batch.Finish();
    if (!produced.ok() || batch.entries().empty()) {
      ids_.emplace(before);
      return produced;
    }
    RETURN_IF_ERROR(StartWal(sink.head() + 1));
    PassKillPoint("batch.next_wal");
    RETURN_IF_ERROR(Commit(&batch));
    head_ = sink.head();
    return Status::Ok();
  }

  Status UpdateManifest(const std::function<void(EventManifest*)>& change) override {
    RETURN_IF_ERROR(stopped_);
    EventManifest next = manifest_;
    change(&next);
    next.updated_at_ms = clock_.NowMs();
    // Whether a replacement that failed took place is not known: this writer must not go on from either state.
    stopped_ = WriteEventManifest(*storage_, next);
    RETURN_IF_ERROR(stopped_);
    manifest_ = std::move(next);
    return Status::Ok();
  }

  Result<StateDigest> Digest() override {
    ASSIGN_OR_RETURN(StateDigest digest, SegmentDigest());
    for (const Event& event : tail_) digest.Apply(event.target, event.before, event.after);
    return digest;
  }

 private:
  // Stamps what a direct batch appends and hands it on.
  class Sink : public BatchSink {
   public:
    Sink(SegmentBatch* batch, EventIdSource* ids, int64_t head, int64_t ts_ms)
        : batch_(batch), ids_(ids), head_(head), ts_ms_(ts_ms) {}
    Status Append(EventView event) override {
      event.lsn = ++head_;
      if (event.ts_ms == 0) event.ts_ms = ts_ms_;
      if (event.id.empty()) {
        EventIdSource::Stamp stamp = ids_->Next(event.ts_ms);
        event.ts_ms = stamp.ts_ms;
        id_text_ = stamp.id.ToString();
        event.id = id_text_;
      } else {
        auto id = Ulid::Parse(event.id);
        if (!id || id->ts_ms() != event.ts_ms || !ids_->Accept(*id))
          return InvalidData("the id " + std::string(event.id) + " does not fit behind the last event");
      }
      return batch_->Append(event);
    }
    Status EndRun() override { return batch_->EndRun(); }
    int64_t head() const { return head_; }

   private:
    SegmentBatch* batch_;
    EventIdSource* ids_;
    int64_t head_, ts_ms_;
    std::string id_text_;
  };

  std::string LastLine() const { return manifest_.lines.empty() ? "" : manifest_.lines.back().id; }

  Status StampEvent(Event* event) {
    if (event->id.empty()) {
      EventIdSource::Stamp stamp = ids_->Next(event->ts_ms);
      event->ts_ms = stamp.ts_ms;
      event->id = stamp.id.ToString();
      return Status::Ok();
    }
    auto id = Ulid::Parse(event->id);
    if (!id || id->ts_ms() != event->ts_ms || !ids_->Accept(*id))
      return InvalidData("the id " + event->id + " does not fit behind the last event");
    return Status::Ok();
  }

  // Draws this directory's line at the first write into a copy.
  Status EnsureLine() {
    if (!line_.empty()) return Status::Ok();
    std::string line = NewUlid(clock_, random_).ToString();
    RETURN_IF_ERROR(storage_->Write(kLinePath, line + "\n"));
    line_ = line;
    manifest_.lines.push_back({line_, head_ + 1});
    RETURN_IF_ERROR(WaitDurable(head_));
    return StartWal(head_ + 1);
  }

  // Goes on in a new WAL file; the old ones stay until segments cover them.
  Status StartWal(int64_t first_lsn) {
    wal_path_ = WalPath(first_lsn);
    RETURN_IF_ERROR(storage_->Write(wal_path_, EncodeWalHeader({first_lsn, manifest_.database_id,
                                                                line_.empty() ? manifest_.lines.back().id : line_})));
    ASSIGN_OR_RETURN(auto file, storage_->OpenAppend(wal_path_));
    commit_.Switch(std::move(file), first_lsn - 1);
    return Status::Ok();
  }

  Status OpenWal(const std::vector<WalPart>& parts) {
    // Frames go on where the last file ends; one that a pull has overtaken ends elsewhere.
    bool fits = !parts.empty() && !line_.empty() && parts.back().line == line_ && EndOf(parts.back()) == head_ &&
                !IsRecorded(*storage_, parts.back().path);
    // A copy that is only read (or flushed) draws no line; EnsureLine starts its WAL.
    if (!fits && line_.empty()) {
      commit_.Switch(nullptr, head_);
      return Status::Ok();
    }
    if (!fits) return StartWal(head_ + 1);
    wal_path_ = parts.back().path;
    ASSIGN_OR_RETURN(auto file, storage_->OpenAppend(wal_path_));
    if (file->size() != parts.back().valid_bytes) RETURN_IF_ERROR(file->Truncate(parts.back().valid_bytes));
    commit_.Switch(std::move(file), head_);
    return Status::Ok();
  }

  // A WAL whose sync had failed is not appended to: what is good in it becomes a segment first.
  Status FlushFailed(const std::vector<WalPart>& parts) {
    ASSIGN_OR_RETURN(StateDigest digest, SegmentDigest());
    SegmentBatch batch(*storage_, BatchStart(digest));
    RETURN_IF_ERROR(StartWal(head_ + 1));
    for (const Event& event : tail_) RETURN_IF_ERROR(batch.Append(EventView::Of(event)));
    RETURN_IF_ERROR(batch.Finish());
    RETURN_IF_ERROR(Commit(&batch));
    tail_.clear();
    for (const WalPart& part : parts) {
      if (part.path != wal_path_) RETURN_IF_ERROR(storage_->Remove(part.path));
    }
    return Status::Ok();
  }

  SegmentBatch::Start BatchStart(const StateDigest& digest) const {
    return {.next_seq = manifest_.next_seq,
            .database_id = manifest_.database_id,
            .lines = manifest_.lines,
            .digest = digest,
            .now_ms = clock_.NowMs()};
  }

  // One manifest replacement makes the batch part of the log; then the WAL that it covers goes.
  Status Commit(SegmentBatch* batch) {
    PassKillPoint("flush.before_manifest");
    // Whether a replacement that failed took place is not known: its segments must stay.
    batch->Keep();
    RETURN_IF_ERROR(UpdateManifest([&](EventManifest* next) {
      for (const SegmentEntry& entry : batch->entries()) {
        next->segments.push_back(entry);
        next->next_seq = entry.seq + 1;
        next->total_events += entry.count;
      }
    }));
    digest_ = batch->digest();
    PassKillPoint("flush.manifest");
    ASSIGN_OR_RETURN(auto files, storage_->List("_meta/wal/"));
    for (const FileEntry& file : files) {
      auto name = ParseWalName(file.path);
      if (name && file.path != wal_path_) RETURN_IF_ERROR(storage_->Remove(file.path));
    }
    PassKillPoint("flush.wal_removed");
    return Status::Ok();
  }

  // The digest at the end of the last segment, from its footer.
  Result<StateDigest> SegmentDigest() {
    if (digest_) return *digest_;
    digest_.emplace();
    if (manifest_.segments.empty()) return *digest_;
    auto segment = Segment::Open(*storage_, manifest_.segments.back(), manifest_.database_id);
    auto digest = segment.ok() ? StateDigest::FromHex((*segment)->footer().digest) : std::nullopt;
    if (!digest) {
      digest_.reset();
      return segment.ok() ? Corruption(manifest_.segments.back().path + ": no digest in the footer") : segment.status();
    }
    digest_ = *digest;
    return *digest_;
  }

  // After a failed sync: the file keeps what may be good under a name that nobody appends to.
  void SetAside(int64_t durable_lsn) {
    // Failing here too changes nothing: the frames that were durable stay readable under the old name.
    Status renamed = storage_->Rename(wal_path_, FailedWalPath(wal_path_, durable_lsn));
    (void)renamed;
  }

  std::shared_ptr<StorageBackend> storage_;
  LogWriterOptions options_;
  Clock& clock_;
  RandomSource& random_;
  std::unique_ptr<FileLock> lock_;
  EventManifest manifest_;
  std::vector<Event> tail_;
  int64_t head_ = 0;
  std::string line_, wal_path_;
  std::optional<EventIdSource> ids_;
  std::optional<StateDigest> digest_;  // at the end of the last segment
  GroupCommit commit_;
  Status stopped_;  // a manifest replacement failed
  int64_t flush_events_;
};

}  // namespace

Result<bool> HoldsDatabaseFiles(const StorageBackend& storage) {
  for (std::string_view prefix : {"_meta/", "data/", "rels/", "events/", "indexes/"}) {
    ASSIGN_OR_RETURN(auto entries, storage.List(prefix));
    for (const FileEntry& entry : entries) {
      bool of_init = entry.path == kLinePath || entry.path == kLockPath || entry.path == kFileManifestPath ||
                     (entry.path == WalPath(1) && entry.size <= kWalHeaderBytes) || entry.path.ends_with(".tmp");
      if (!of_init) return true;
    }
  }
  return false;
}

Status InitDatabase(StorageBackend& storage, const std::string& name, Clock& clock, RandomSource& random) {
  EventManifest manifest;
  manifest.dataset = name;
  manifest.database_id = NewUlid(clock, random).ToString();
  manifest.created_at_ms = manifest.updated_at_ms = clock.NowMs();
  std::string line = NewUlid(clock, random).ToString();
  manifest.lines = {{line, 1}};
  // Of two processes that make the same database one does; the other finds it made.
  ASSIGN_OR_RETURN(auto lock, WaitForLock(storage, {.holder = "who makes the database"}));
  ASSIGN_OR_RETURN(auto present, storage.Stat(kEventManifestPath));
  if (present) return Conflict(storage.Describe() + " holds a database already");
  RETURN_IF_ERROR(storage.Write(kLinePath, line + "\n"));
  RETURN_IF_ERROR(storage.Write(WalPath(1), EncodeWalHeader({1, manifest.database_id, line})));
  FileManifest files;
  files.database_id = manifest.database_id;
  files.name = name;
  files.last_synced_at_ms = manifest.created_at_ms;
  files.metadata = ManifestMetadata{.head = 0,
                                    .checkpoint = 0,
                                    .entities = {},
                                    .digest = StateDigest().Hex(),
                                    .window_from_ms = manifest.created_at_ms,
                                    .window_to_ms = manifest.created_at_ms};
  RETURN_IF_ERROR(storage.Write(kFileManifestPath, EncodeFileManifest(files)));
  return storage.Write(kEventManifestPath, EncodeEventManifest(manifest), WriteCondition::CreateOnly());
}

Result<std::unique_ptr<LogWriter>> LogWriter::Open(std::shared_ptr<StorageBackend> storage,
                                                   const LogWriterOptions& options) {
  auto log = std::make_unique<DirectoryLog>(std::move(storage), options);
  RETURN_IF_ERROR(log->Open());
  return std::unique_ptr<LogWriter>(std::move(log));
}

}  // namespace parquedb
