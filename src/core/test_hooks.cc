#include "core/test_hooks.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string>

namespace parquedb {

std::optional<int64_t> TestNumber(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  int64_t number = 0;
  auto [end, error] = std::from_chars(text, text + std::strlen(text), number);
  if (error != std::errc() || *end != '\0') return std::nullopt;
  return number;
}

void PassKillPoint(const char* name) {
  static const char* const wanted = std::getenv(kKillAtVariable);
  if (wanted == nullptr) return;
  std::string point = wanted;
  int64_t passing = 1;
  if (size_t colon = point.find(':'); colon != std::string::npos) {
    std::from_chars(point.data() + colon + 1, point.data() + point.size(), passing);
    point.resize(colon);
  }
  static std::atomic<int64_t> passed = 0;
  if (point == name && ++passed == passing) ::kill(::getpid(), SIGKILL);
}

}  // namespace parquedb
