#include "replay/file_hits.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "collection/row_selector.h"
#include "core/check.h"
#include "core/limits.h"

namespace parquedb {
namespace {

constexpr uint64_t kRowBytesAtOnce = 1 * kMiB;  // raw bytes of the rows of a batch
constexpr int64_t kFirstBatchRows = 128;        // a query with a small limit reads little; batches double from there
constexpr uint64_t kHeldBytes = 64 * kMiB;      // of hits that wait for their turn, all threads together
constexpr int kMaxThreads = 8;
constexpr uint64_t kOneThreadRowBytes = 256 * kKiB;  // a row group's average, from which on one thread holds enough
constexpr int kGroupsAhead = 2;                      // a thread may be so far ahead of the row group that is given out

using HitBatch = std::vector<Hit>;

Result<RowSpans> RowsToRead(const DataFile& file, int group, const std::optional<ColumnCondition>& condition) {
  if (condition) return SelectRows(file.table(), group, *condition);
  const int64_t first = file.table().row_group_first_row(group);
  return RowSpans{{first, first + file.table().row_group_rows(group)}};
}

// The hits of one row group.
class GroupHits {
 public:
  GroupHits(const FileHitRequest& request, int group) : request_(request), group_(group) {}

  // Fills the next batch; it may be empty although more follow. False at the end.
  Result<bool> Next(HitBatch* batch) {
    batch->clear();
    if (!selected_) {
      ASSIGN_OR_RETURN(rows_, RowsToRead(*request_.file, group_, request_.condition));
      selected_ = true;
      const TableReader& table = request_.file->table();
      uint64_t row_bytes = table.row_group_raw_bytes(group_) / static_cast<uint64_t>(table.row_group_rows(group_)) + 1;
      most_rows_ = std::max<int64_t>(static_cast<int64_t>(kRowBytesAtOnce / row_bytes), 1);
      batch_rows_ = std::min(kFirstBatchRows, most_rows_);
    }
    RowSpans rows = TakeRows(std::exchange(batch_rows_, std::min(batch_rows_ * 2, most_rows_)));
    if (rows.empty()) return false;
    if (request_.make == nullptr) {
      RETURN_IF_ERROR(request_.file->ReadIds(rows, [&](std::string_view id) {
        batch->push_back({std::string(id), {}, {}});
        return Status::Ok();
      }));
      return true;
    }
    Hit hit;
    RETURN_IF_ERROR(request_.file->ReadEntities(rows, [&](const Entity& entity) -> Status {
      ASSIGN_OR_RETURN(bool wanted, request_.make(entity, &hit));
      if (!wanted) return Status::Ok();
      hit.id = entity.id;
      batch->push_back(std::move(hit));
      hit = Hit();
      return Status::Ok();
    }));
    return true;
  }

 private:
  // The next `count` selected rows.
  RowSpans TakeRows(int64_t count) {
    RowSpans taken;
    while (count > 0 && next_ < rows_.size()) {
      RowSpan& span = rows_[next_];
      int64_t rows = std::min(count, span.size());
      taken.push_back({span.first, span.first + rows});
      span.first += rows;
      count -= rows;
      if (span.first == span.last) ++next_;
    }
    return taken;
  }

  const FileHitRequest& request_;
  int group_;
  bool selected_ = false;
  RowSpans rows_;
  size_t next_ = 0;
  int64_t batch_rows_ = 0, most_rows_ = 0;
};

uint64_t BytesOf(const HitBatch& batch) {
  uint64_t bytes = 0;
  for (const Hit& hit : batch) bytes += sizeof hit + hit.id.size() + hit.text.size() + hit.sort_key.size();
  return bytes;
}

// On this thread alone, as hits are asked for.
class PlainHits : public HitCursor {
 public:
  explicit PlainHits(FileHitRequest request) : request_(std::move(request)) {}
  Result<bool> Next(Hit* hit) override {
    while (at_ == batch_.size()) {
      if (!group_hits_) {
        if (group_ == request_.file->table().row_group_count()) return false;
        group_hits_.emplace(request_, group_++);
      }
      at_ = 0;
      ASSIGN_OR_RETURN(bool more, group_hits_->Next(&batch_));
      if (!more) group_hits_.reset();
    }
    *hit = std::move(batch_[at_++]);
    return true;
  }

 private:
  FileHitRequest request_;
  int group_ = 0;
  std::optional<GroupHits> group_hits_;
  HitBatch batch_;
  size_t at_ = 0;
};

// Threads take row groups in order; hits are given out in that order, too. A thread that is ahead stops when its row
// group's share of the memory is full, until its turn comes.
class ThreadedHits : public HitCursor {
 public:
  explicit ThreadedHits(FileHitRequest request)
      : request_(std::move(request)), groups_(request_.file->table().row_group_count()) {
    threads_ = std::min({request_.threads, groups_, kMaxThreads});
    for (int i = 0; i < threads_; ++i) workers_.emplace_back([this] { Work(); });
  }
  ~ThreadedHits() override {
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  Result<bool> Next(Hit* hit) override {
    while (at_ == batch_.size()) {
      if (current_ == groups_) return false;
      RETURN_IF_ERROR(Advance());
    }
    *hit = std::move(batch_[at_++]);
    return true;
  }

 private:
  struct Slot {
    std::deque<HitBatch> batches;
    uint64_t bytes = 0;
    bool done = false;
    Status end;  // why the row group ended
  };

  Status Advance() {
    batch_.clear();
    at_ = 0;
    std::unique_lock lock(mutex_);
    Slot& slot = slots_[current_];
    changed_.wait(lock, [&slot] { return !slot.batches.empty() || slot.done; });
    if (slot.batches.empty()) {
      RETURN_IF_ERROR(slot.end);
      slots_.erase(current_++);
    } else {
      batch_ = std::move(slot.batches.front());
      slot.batches.pop_front();
      slot.bytes -= BytesOf(batch_);
    }
    lock.unlock();
    changed_.notify_all();
    return Status::Ok();
  }

  void Work() {
    while (true) {
      std::unique_lock lock(mutex_);
      changed_.wait(
          lock, [this] { return stop_ || next_group_ == groups_ || next_group_ < current_ + threads_ + kGroupsAhead; });
      if (stop_ || next_group_ == groups_) return;
      int group = next_group_++;
      Slot& slot = slots_[group];  // stays where it is until it is done
      lock.unlock();
      Status end = Fill(group, &slot);
      lock.lock();
      slot.end = std::move(end);
      slot.done = true;
      lock.unlock();
      changed_.notify_all();
    }
  }

  Status Fill(int group, Slot* slot) {
    GroupHits hits(request_, group);
    while (true) {
      HitBatch batch;
      ASSIGN_OR_RETURN(bool more, hits.Next(&batch));
      if (!more) return Status::Ok();
      if (batch.empty()) continue;
      uint64_t bytes = BytesOf(batch);
      std::unique_lock lock(mutex_);
      const uint64_t share = kHeldBytes / static_cast<uint64_t>(threads_ + kGroupsAhead);
      changed_.wait(lock, [&] { return stop_ || slot->bytes == 0 || slot->bytes + bytes <= share; });
      if (stop_) return Status::Ok();
      slot->bytes += bytes;
      slot->batches.push_back(std::move(batch));
      lock.unlock();
      changed_.notify_all();
    }
  }

  FileHitRequest request_;
  int groups_, threads_ = 0;
  HitBatch batch_;
  size_t at_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int, Slot> slots_;  // guarded by mutex_, as is what follows; current_ is written by the reader alone
  int next_group_ = 0, current_ = 0;
  bool stop_ = false;
  std::vector<std::thread> workers_;
};

bool HasLargeRows(const TableReader& table) {
  for (int group = 0; group < table.row_group_count(); ++group) {
    if (table.row_group_raw_bytes(group) >= kOneThreadRowBytes * static_cast<uint64_t>(table.row_group_rows(group)))
      return true;
  }
  return false;
}

}  // namespace

std::unique_ptr<HitCursor> OpenFileHits(FileHitRequest request) {
  PARQUEDB_CHECK(request.threads >= 1);
  const TableReader& table = request.file->table();
  if (request.threads < 2 || table.row_group_count() < 2 || HasLargeRows(table))
    return std::make_unique<PlainHits>(std::move(request));
  return std::make_unique<ThreadedHits>(std::move(request));
}

Result<int64_t> CountRows(const DataFile& file, const std::optional<ColumnCondition>& condition, int threads) {
  if (!condition) return file.table().row_count();
  const int groups = file.table().row_group_count();
  std::atomic<int> next = 0;
  std::atomic<int64_t> count = 0;
  std::mutex mutex;
  Status failed;
  auto work = [&] {
    for (int group = next++; group < groups; group = next++) {
      auto rows = SelectRows(file.table(), group, *condition);
      if (rows.ok()) {
        count += RowsOf(*rows);
        continue;
      }
      std::lock_guard lock(mutex);
      failed = rows.status();
      return;
    }
  };
  std::vector<std::thread> others;
  for (int i = 1; i < std::min({threads, groups, kMaxThreads}); ++i) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
  if (!failed.ok()) return failed;
  return count.load();
}

}  // namespace parquedb
