#include "collection/entity_fields.h"

#include "collection/field_scan.h"
#include "core/time_text.h"
#include "model/names.h"

namespace parquedb {

Result<Value> EntityFields(const Entity& entity, const std::set<std::string, std::less<>>& names) {
  Object object;
  size_t own = names.size();
  auto system = [&](std::string_view name, auto&& make) {
    if (names.empty() || !names.contains(name)) return;
    --own;
    if (auto text = make(); !text.is_null()) object.emplace(name, std::move(text));
  };
  auto optional = [](const std::optional<std::string>& text) { return text ? Value(*text) : Value(nullptr); };
  if (names.lower_bound("$") != names.lower_bound("%")) {  // the names that begin with '$'
    system("$id", [&] { return Value(entity.id); });
    system("$type", [&] { return Value(NamespaceOfId(entity.id)); });
    system("$version", [&] { return Value(entity.version); });
    system("$createdAt", [&] { return Value(FormatTime(entity.created_at_ms)); });
    system("$createdBy", [&] { return optional(entity.created_by); });
    system("$updatedAt", [&] { return Value(FormatTime(entity.updated_at_ms)); });
    system("$updatedBy", [&] { return optional(entity.updated_by); });
  }
  FieldScanner scanner(entity.data);
  while (own > 0) {
    auto more = scanner.Next();
    if (!more.ok()) return more.status().With(entity.id);
    if (!*more) break;
    if (!names.contains(scanner.name())) continue;
    auto value = ParseJson(scanner.text());
    if (!value.ok()) return Corruption("the document of " + entity.id + " can't be read: " + value.status().message());
    object.emplace(scanner.name(), std::move(*value));
    --own;
  }
  return Value(std::move(object));
}

}  // namespace parquedb
