// Time by injection: code that needs the time takes a Clock.
#pragma once

#include <cstdint>

namespace parquedb {

class Clock {
 public:
  virtual ~Clock() = default;
  // UTC milliseconds since 1970. May stand still or jump; the log's guards deal with that (docs/ordering.md).
  virtual int64_t NowMs() = 0;
};

// The system's clock; PARQUEDB_TEST_CLOCK_MS, if set, replaces it by a fixed instant (test_hooks.h).
Clock& SystemClock();

// Stands still until told.
class ManualClock : public Clock {
 public:
  explicit ManualClock(int64_t now_ms) : now_ms_(now_ms) {}
  int64_t NowMs() override { return now_ms_; }
  void Set(int64_t now_ms) { now_ms_ = now_ms; }
  void Advance(int64_t delta_ms) { now_ms_ += delta_ms; }

 private:
  int64_t now_ms_;
};

}  // namespace parquedb
