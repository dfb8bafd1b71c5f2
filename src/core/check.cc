#include "core/check.h"

#include <cstdio>
#include <cstdlib>

namespace parquedb {

void CheckFailed(const char* file, int line, const char* what) {
  std::fprintf(stderr, "parquedb: internal error at %s:%d: %s does not hold\n", file, line, what);
  std::abort();
}

}  // namespace parquedb
