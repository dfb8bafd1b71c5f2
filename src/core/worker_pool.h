// Work for several threads, given out in order; what it comes to is awaited one by one.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace parquedb {

// Submit is called by one thread. Whoever submits bounds what waits: it takes the oldest result before it submits more.
class WorkerPool {
 public:
  // With fewer than two threads, Submit itself does the work. Threads start with the first work.
  explicit WorkerPool(int threads) : threads_(threads) {}
  // Work that has not begun is left undone; what has begun is awaited.
  ~WorkerPool() {
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
      work_.clear();
    }
    changed_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  int threads() const { return threads_; }

  template <typename Work>
  auto Submit(Work work) -> std::future<decltype(work())> {
    auto task = std::make_shared<std::packaged_task<decltype(work())()>>(std::move(work));
    auto result = task->get_future();
    if (threads_ < 2) {
      (*task)();
      return result;
    }
    {
      std::lock_guard lock(mutex_);
      work_.push_back([task] { (*task)(); });
    }
    changed_.notify_one();
    if (workers_.size() < static_cast<size_t>(threads_)) workers_.emplace_back([this] { Run(); });
    return result;
  }

 private:
  void Run() {
    while (true) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stop_ || !work_.empty(); });
      if (work_.empty()) return;
      std::function<void()> work = std::move(work_.front());
      work_.pop_front();
      lock.unlock();
      work();
    }
  }

  const int threads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> work_;  // guarded by mutex_, as is stop_
  bool stop_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace parquedb
