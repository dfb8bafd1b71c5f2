#include "core/clock.h"

#include <chrono>

#include "core/test_hooks.h"

namespace parquedb {
namespace {

class RealClock : public Clock {
 public:
  int64_t NowMs() override {
    static const std::optional<int64_t> fixed = TestNumber(kTestClockVariable);
    if (fixed) return *fixed;
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  }
};

}  // namespace

Clock& SystemClock() {
  static RealClock clock;
  return clock;
}

}  // namespace parquedb
