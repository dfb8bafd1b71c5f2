// Instants and lengths of time: what is read is in range, and its text reads back as the same.
#include <cstddef>
#include <cstdint>

#include "core/check.h"
#include "core/time_text.h"
#include "core/ulid.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace parquedb;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr int64_t kNowMs = 1'769'947'200'123;
  if (auto instant = ParseInstant(text, kNowMs)) {
    PARQUEDB_CHECK(*instant >= kMinTsMs && *instant <= kMaxTsMs);
    PARQUEDB_CHECK(ParseRfc3339(FormatTime(*instant)) == instant);
  }
  if (auto instant = ParseRfc3339(text)) PARQUEDB_CHECK(ParseInstant(text, kNowMs) == instant);
  if (auto duration = ParseDurationMs(text)) PARQUEDB_CHECK(*duration >= 0);
  if (auto id = Ulid::Parse(text)) PARQUEDB_CHECK(id->ToString() == text);
  return 0;
}
