// Shows a Progress on standard error from a thread of its own, until the verb ends.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "cli/progress_text.h"
#include "parquedb/progress.h"

namespace parquedb {

class ProgressDisplay {
 public:
  ~ProgressDisplay() { Finish(false); }

  // The counters; before Start nobody sees them.
  Progress& progress() { return progress_; }
  // Nothing happens with kNone. Once.
  void Start(ProgressStyle style, std::string verb);
  // Writes text to standard error; a bar goes first, and comes again by itself.
  void Write(std::string_view text);
  // Stops showing. Called once more it does nothing.
  void Finish(bool completed);

 private:
  void Run();
  ProgressCount Count() const { return {progress_.done(), progress_.total(), progress_.bytes()}; }

  Progress progress_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<ProgressText> text_;  // guarded by mutex_, as all below
  bool finished_ = false;
  int64_t every_ms_ = 0;
  std::thread thread_;
};

}  // namespace parquedb
