// {"filter": F, "value": V}: a filter compiles or says why not, and matches any value without harm; twice the same.
#include "query/filter.h"

#include <cstddef>
#include <cstdint>

#include "core/check.h"
#include "document/value.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace parquedb;
  auto input = ParseJson(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!input.ok() || !input->is_object()) return 0;
  const Value* condition = input->get_object().if_contains("filter");
  const Value* value = input->get_object().if_contains("value");
  if (condition == nullptr) return 0;
  auto filter = Filter::Compile(*condition, Filter::EntityFields());
  auto element = Filter::CompileElement(*condition);
  if (!filter.ok()) PARQUEDB_CHECK(filter.status().code() == StatusCode::kInvalidArgument);
  if (!filter.ok()) PARQUEDB_CHECK(!filter.status().message().empty());
  const Value document = value != nullptr ? *value : Value(Object());
  if (filter.ok()) {
    PARQUEDB_CHECK(filter->Matches(document) == filter->Matches(document));
    if (filter->matches_all()) PARQUEDB_CHECK(filter->Matches(document));
  }
  if (element.ok()) element->Matches(document);
  PARQUEDB_CHECK(CompareValues(*condition, document) == -CompareValues(document, *condition));
  return 0;
}
