// {"update": U, "value": V}: an update compiles or says why not; what it makes of a document can be stored, and made
// again it is the same.
#include "query/update.h"

#include <cstddef>
#include <cstdint>

#include "core/check.h"
#include "document/value.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace parquedb;
  auto input = ParseJson(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!input.ok() || !input->is_object()) return 0;
  const Value* change = input->get_object().if_contains("update");
  const Value* value = input->get_object().if_contains("value");
  if (change == nullptr) return 0;
  auto update = Update::Compile(*change);
  if (!update.ok()) {
    PARQUEDB_CHECK(update.status().code() == StatusCode::kInvalidData && !update.status().message().empty());
    return 0;
  }
  constexpr int64_t kNowMs = 1'769'947'200'000;
  const Object before = value != nullptr && value->is_object() ? value->get_object() : Object();
  auto after = update->Apply(before, kNowMs), same = update->Apply(before, kNowMs);
  PARQUEDB_CHECK(after.ok() == same.ok());
  if (!after.ok()) return 0;
  PARQUEDB_CHECK(*after == *same);
  auto reread = ParseJson(WriteJson(*after));
  // What is too deep is refused when it is stored, not here.
  if (reread.ok()) PARQUEDB_CHECK(*reread == Value(*after));
  return 0;
}
