// JSON text: the parser and the normaliser agree, and stored form is a fixed point.
#include "document/json_text.h"

#include <cstddef>
#include <cstdint>

#include "core/check.h"
#include "document/value.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace parquedb;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto value = ParseJson(text);
  JsonNormalizer normalizer;
  std::string stored, again;
  Status normalized = normalizer.Run(text, {}, &stored, nullptr);
  PARQUEDB_CHECK(value.ok() == normalized.ok());
  if (!value.ok()) {
    PARQUEDB_CHECK(value.status().message() == normalized.message());
    return 0;
  }
  PARQUEDB_CHECK(WriteJson(*value) == stored);
  PARQUEDB_CHECK(normalizer.Run(stored, {}, &again, nullptr).ok() && again == stored);
  auto reread = ParseJson(stored);
  PARQUEDB_CHECK(reread.ok() && *reread == *value);
  return 0;
}
