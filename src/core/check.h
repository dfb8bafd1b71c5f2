// PARQUEDB_CHECK: an invariant of our own code, checked in release builds too. It stops the process; input from outside
// never reaches it.
#pragma once

namespace parquedb {
[[noreturn]] void CheckFailed(const char* file, int line, const char* what);
}  // namespace parquedb

#define PARQUEDB_CHECK(condition)                              \
  do {                                                         \
    if (!(condition)) [[unlikely]] {                           \
      ::parquedb::CheckFailed(__FILE__, __LINE__, #condition); \
    }                                                          \
  } while (false)
