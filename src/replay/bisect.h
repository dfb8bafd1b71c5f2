// The first event after which something no longer holds, by halving.
#pragma once

#include <cstdint>
#include <functional>

#include "parquedb/status.h"

namespace parquedb {

// True: the state at this lsn passes.
using CheckState = std::function<Result<bool>(int64_t lsn)>;

struct BisectResult {
  int64_t lsn = 0;           // of the first event after which the check fails
  int64_t checks = 0;        // that were run: ceil(log2(bad - good)) at most
  bool saw_pass = false;     // some check passed; else only `good` itself was said to
  bool saw_failure = false;  // some check failed; else only `bad` itself was said to
};

// `good` passes and `bad` fails: that is taken from the caller, not checked. Between them the answer changes once. An
// error of a check ends the search. kInvalidArgument unless good < bad.
Result<BisectResult> BisectLog(int64_t good, int64_t bad, const CheckState& passes);

}  // namespace parquedb
