// What is shown of a long call: a bar that is drawn again, lines, or JSON lines. Text only; ProgressDisplay writes it.
#pragma once

#include <cstdint>
#include <string>

namespace parquedb {

enum class ProgressStyle { kNone, kBar, kLines, kJson };

struct ProgressCount {
  int64_t done = 0, total = 0;  // units; total 0: not known
  int64_t bytes = 0;
};

class ProgressText {
 public:
  // `start_ms`: of a clock that only goes forward. `columns`: of the terminal.
  ProgressText(ProgressStyle style, std::string verb, int64_t start_ms, int columns)
      : style_(style), verb_(std::move(verb)), start_ms_(start_ms), columns_(columns), last_line_ms_(start_ms) {}

  // What to write now; "" for nothing. Before half a second has gone there is nothing. A bar replaces the one before.
  // Lines: one when another tenth is done, or after 30 s.
  std::string At(int64_t now_ms, const ProgressCount& count);
  // Takes the bar off the screen, so that something else can be written; "" when none is there.
  std::string Erase();
  // At the end: the bar goes; JSON has a last line, with total = done where all went well.
  std::string Finish(int64_t now_ms, ProgressCount count, bool completed);

 private:
  std::string Bar(int64_t now_ms, const ProgressCount& count) const;
  std::string Json(int64_t now_ms, const ProgressCount& count) const;
  std::string Numbers(int64_t now_ms, const ProgressCount& count) const;

  ProgressStyle style_;
  std::string verb_;
  int64_t start_ms_;
  int columns_;
  int64_t last_line_ms_;
  int64_t tenths_ = 0;
  bool drawn_ = false;
};

// "12 B", "3.4 MB".
std::string HumanBytes(int64_t bytes);

}  // namespace parquedb
