#include "replay/bisect.h"

#include <fmt/format.h>

namespace parquedb {

Result<BisectResult> BisectLog(int64_t good, int64_t bad, const CheckState& passes) {
  if (good >= bad) return InvalidArgument(fmt::format("no event lies between lsn {} and lsn {}", good, bad));
  BisectResult result;
  while (bad - good > 1) {
    const int64_t middle = good + (bad - good) / 2;
    ASSIGN_OR_RETURN(bool passed, passes(middle));
    ++result.checks;
    (passed ? result.saw_pass : result.saw_failure) = true;
    (passed ? good : bad) = middle;
  }
  result.lsn = bad;
  return result;
}

}  // namespace parquedb
