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
constexpr size_t kKeptStateBytes = 8 * 1024;  // of a text that is used again; the memory of larger ones goes back

struct Batch {
  std::vector<Change> changes;  // the first `count` are read; others are memory to read into
  size_t count = 0;
  Status end;         // why reading stopped behind these changes
  bool last = false;  // nothing follows
};

// Reads into the memory of a batch that was passed on.
void ReadBatch(ChangeCursor& source, Batch* batch) {
  uint64_t bytes = 0;
  batch->count = 0;
  while (batch->count < kBatchChanges && bytes < kBatchBytes) {
    if (batch->count == batch->changes.size()) batch->changes.emplace_back();
    Change& change = batch->changes[batch->count];
    if (change.state.capacity() > kKeptStateBytes) change.state = std::string();
    auto more = source.Next(&change);
    if (!more.ok() || !*more) {
      batch->end = more.status();
      batch->last = true;
      return;
    }
    ++batch->count;
    bytes += change.id.size() + change.state.size();
  }
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
    while (at_ == batch_.count) {
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
      ReadBatch(*source_, &batch_);
      if (!batch_.last) reader_ = std::thread([this] { Read(); });
      return;
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !ready_.empty(); });
    std::swap(batch_, ready_.front());
    passed_ = std::move(ready_.front());
    ready_.pop_front();
    lock.unlock();
    changed_.notify_all();
  }

  void Read() {
    Batch batch;
    while (true) {
      ReadBatch(*source_, &batch);
      bool last = batch.last;
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stop_ || ready_.size() < kHeldBatches; });
      if (stop_) return;
      ready_.push_back(std::move(batch));
      batch = std::exchange(passed_, Batch());
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
  std::deque<Batch> ready_;  // guarded by mutex_, as are the next two
  Batch passed_;             // its changes are taken: memory to read into
  bool stop_ = false;
  std::thread reader_;
};

}  // namespace

std::unique_ptr<ChangeCursor> ReadAhead(std::unique_ptr<ChangeCursor> source) {
  return std::make_unique<PrefetchedChanges>(std::move(source));
}

}  // namespace parquedb
