#include "cli/progress_display.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

namespace parquedb {
namespace {

constexpr int64_t kRedrawMs = 100;  // a bar
constexpr int64_t kLookMs = 500;    // lines

int64_t SteadyMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

int Columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void ToStandardError(std::string_view text) {
  if (text.empty()) return;
  fmt::print(stderr, "{}", text);
  std::fflush(stderr);
}

}  // namespace

void ProgressDisplay::Start(ProgressStyle style, std::string verb) {
  std::lock_guard lock(mutex_);
  if (style == ProgressStyle::kNone || text_) return;
  text_.emplace(style, std::move(verb), SteadyMs(), Columns());
  every_ms_ = style == ProgressStyle::kBar ? kRedrawMs : kLookMs;
  thread_ = std::thread([this] { Run(); });
}

void ProgressDisplay::Run() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, std::chrono::milliseconds(every_ms_), [this] { return finished_; }))
    ToStandardError(text_->At(SteadyMs(), Count()));
}

void ProgressDisplay::Write(std::string_view text) {
  std::lock_guard lock(mutex_);
  if (text_) ToStandardError(text_->Erase());
  ToStandardError(text);
}

void ProgressDisplay::Finish(bool completed) {
  {
    std::lock_guard lock(mutex_);
    if (!text_ || finished_) return;
    finished_ = true;
    ToStandardError(text_->Finish(SteadyMs(), Count(), completed));
  }
  changed_.notify_all();
  thread_.join();
}

}  // namespace parquedb
