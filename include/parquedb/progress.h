// How far a long call is. The call counts; whoever wants to know reads the counters whenever it likes, from any thread.
// The library prints nothing.
//
//   Progress progress;
//   auto db = ParqueDB::Open({.path = "shop", .progress = &progress});   // Checkpoint counts into it
//   ... elsewhere: progress.done() of progress.total()
#pragma once

#include <atomic>
#include <cstdint>

namespace parquedb {

// One for one call at a time; it must outlive the call. Every member may be called from any thread.
class Progress {
 public:
  // ---- the call's side

  // So many more units of work are ahead: bytes of files or of input where a call moves these, else entities. The total
  // may grow while work is found.
  void Expect(int64_t units) { total_.fetch_add(units, std::memory_order_relaxed); }
  // So many units are done, in which so many bytes were read or written.
  void Advance(int64_t units, int64_t bytes) {
    done_.fetch_add(units, std::memory_order_relaxed);
    bytes_.fetch_add(bytes, std::memory_order_relaxed);
  }
  // From here on the call writes what can't be taken back. False when Stop came first: nothing is to be written. Once
  // true it stays so.
  bool BeginCommit() {
    State expected = State::kRunning;
    return state_.compare_exchange_strong(expected, State::kCommitting) || expected == State::kCommitting;
  }

  // ---- the watcher's side

  int64_t done() const { return done_.load(std::memory_order_relaxed); }
  int64_t total() const { return total_.load(std::memory_order_relaxed); }  // units; 0: not known
  int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  // No commit begins any more, and true; or false when one has begun: then the call goes on to its end.
  bool Stop() {
    State expected = State::kRunning;
    return state_.compare_exchange_strong(expected, State::kStopped) || expected == State::kStopped;
  }

 private:
  enum class State { kRunning, kCommitting, kStopped };
  std::atomic<int64_t> done_ = 0, total_ = 0, bytes_ = 0;
  std::atomic<State> state_ = State::kRunning;
};

// For calls that may have no watcher.
inline void Expect(Progress* progress, int64_t units) {
  if (progress != nullptr) progress->Expect(units);
}
inline void Advance(Progress* progress, int64_t units, int64_t bytes) {
  if (progress != nullptr) progress->Advance(units, bytes);
}

}  // namespace parquedb
