#include "replay/change_prefetch.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace parquedb {
namespace {

constexpr size_t kBatchChanges = 512;
constexpr uint64_t kBatchBytes = 1 << 20;
constexpr size_t kHeldBatches = 2;

struct Batch {
  std::vector<Change> changes;
  Status end;         // why reading stopped behind these changes
  bool last = false;  // nothing follows
};

Batch ReadBatch(ChangeCursor& source) {
  Batch batch;
  uint64_t bytes = 0;
  while (batch.changes.size() < kBatchChanges && bytes < kBatchBytes) {
    Change& change = batch.changes.emplace_back();
    auto more = source.Next(&change);
    if (!more.ok() || !*more) {
      batch.changes.pop_back();
      batch.end = more.status();
      batch.last = true;
      break;
    }
    bytes += change.id.size() + change.state.size();
  }
  return batch;
}

class PrefetchedChanges : public ChangeCursor {
 public:
  explicit PrefetchedChanges(std::unique_ptr<ChangeCursor> source) : source_(std::move(source)) {}
  ~PrefetchedChanges() override {
    if (!reader_.joinable()) return;
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    reader_.join();
  }

  Result<bool> Next(Change* change) override {
    while (at_ == batch_.changes.size()) {
      if (batch_.last) {
        if (!batch_.end.ok()) return batch_.end;
        return false;
      }
      Advance();
    }
    std::swap(*change, batch_.changes[at_++]);
    return true;
  }

 private:
  void Advance() {
    at_ = 0;
    if (!started_) {
      started_ = true;
      batch_ = ReadBatch(*source_);
      if (!batch_.last) reader_ = std::thread([this] { Read(); });
      return;
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !ready_.empty(); });
    batch_ = std::move(ready_.front());
    ready_.pop_front();
    lock.unlock();
    changed_.notify_all();
  }

  void Read() {
    while (true) {
      Batch batch = ReadBatch(*source_);
      bool last = batch.last;
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stop_ || ready_.size() < kHeldBatches; });
      if (stop_) return;
      ready_.push_back(std::move(batch));
      lock.unlock();
      changed_.notify_all();
      if (last) return;
    }
  }

  std::unique_ptr<ChangeCursor> source_;  // the thread's, once there is one
  Batch batch_;
  size_t at_ = 0;
  bool started_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> ready_;  // guarded by mutex_, as is stop_
  bool stop_ = false;
  std::thread reader_;
};

}  // namespace

std::unique_ptr<ChangeCursor> ReadAhead(std::unique_ptr<ChangeCursor> source) {
  return std::make_unique<PrefetchedChanges>(std::move(source));
}

}  // namespace parquedb
