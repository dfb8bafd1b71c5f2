#include "cli/progress_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "document/value.h"

namespace parquedb {
namespace {

constexpr int64_t kPatienceMs = 500;      // work that is over by then shows nothing
constexpr int64_t kLineEveryMs = 30'000;  // where no bar can be drawn
constexpr int kBarCells = 30;

int64_t Part(const ProgressCount& count, int64_t of) {
  if (count.total <= 0) return 0;
  return std::clamp<int64_t>(static_cast<int64_t>(static_cast<double>(count.done) / static_cast<double>(count.total) *
                                                  static_cast<double>(of)),
                             0, of);
}

// At the pace up to now.
std::optional<int64_t> SecondsLeft(int64_t elapsed_ms, const ProgressCount& count) {
  if (count.total <= 0 || count.done <= 0) return std::nullopt;
  int64_t left = std::max<int64_t>(count.total - count.done, 0);
  return static_cast<int64_t>(static_cast<double>(elapsed_ms) * static_cast<double>(left) /
                              static_cast<double>(count.done) / 1000.0);
}

std::string Duration(int64_t seconds) {
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
}

}  // namespace

std::string HumanBytes(int64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 999.95 && unit + 1 < std::size(kUnits)) {
    value /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string ProgressText::Numbers(int64_t now_ms, const ProgressCount& count) const {
  int64_t elapsed_ms = std::max<int64_t>(now_ms - start_ms_, 1);
  std::string text;
  if (count.total > 0) text = fmt::format("{} %, ", Part(count, 100));
  auto rate = static_cast<int64_t>(static_cast<double>(count.bytes) * 1000.0 / static_cast<double>(elapsed_ms));
  text += fmt::format("{}, {}/s", HumanBytes(count.bytes), HumanBytes(rate));
  if (auto left = SecondsLeft(elapsed_ms, count)) text += fmt::format(", {} left", Duration(*left));
  return text;
}

std::string ProgressText::Bar(int64_t now_ms, const ProgressCount& count) const {
  std::string bar;
  if (count.total > 0) {
    auto full = static_cast<size_t>(Part(count, kBarCells));
    bar = fmt::format("[{}{}] ", std::string(full, '#'), std::string(kBarCells - full, '-'));
  }
  std::string line = fmt::format("{} {}{}", verb_, bar, Numbers(now_ms, count));
  // A line that breaks at the edge of the terminal could not be drawn again.
  if (columns_ > 1 && line.size() > static_cast<size_t>(columns_ - 1)) line.resize(static_cast<size_t>(columns_ - 1));
  return line;
}

std::string ProgressText::Json(int64_t now_ms, const ProgressCount& count) const {
  Object object{{"verb", verb_}, {"done", count.done}, {"total", nullptr}, {"bytes", count.bytes}};
  if (count.total > 0) object["total"] = count.total;
  auto left = SecondsLeft(std::max<int64_t>(now_ms - start_ms_, 1), count);
  object.emplace("secondsLeft", left ? Value(*left) : Value(nullptr));
  return WriteJson(object) + "\n";
}

std::string ProgressText::At(int64_t now_ms, const ProgressCount& count) {
  if (now_ms - start_ms_ < kPatienceMs) return "";
  switch (style_) {
    case ProgressStyle::kNone:
      return "";
    case ProgressStyle::kBar:
      drawn_ = true;
      return "\r\x1b[K" + Bar(now_ms, count);
    case ProgressStyle::kJson:
      return Json(now_ms, count);
    case ProgressStyle::kLines:
      break;
  }
  int64_t tenths = Part(count, 10);
  if (tenths <= tenths_ && now_ms - last_line_ms_ < kLineEveryMs) return "";
  tenths_ = std::max(tenths, tenths_);
  last_line_ms_ = now_ms;
  return fmt::format("{}: {}\n", verb_, Numbers(now_ms, count));
}

std::string ProgressText::Erase() { return std::exchange(drawn_, false) ? "\r\x1b[K" : ""; }

std::string ProgressText::Finish(int64_t now_ms, ProgressCount count, bool completed) {
  if (style_ != ProgressStyle::kJson) return Erase();
  if (completed) count.total = count.done;
  return Json(now_ms, count);
}

}  // namespace parquedb
