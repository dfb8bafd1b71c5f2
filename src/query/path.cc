#include <charconv>

#include "query/value_order.h"

namespace parquedb {

std::optional<size_t> AsIndex(std::string_view part) {
  size_t index = 0;
  auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
  if (error != std::errc() || end != part.data() + part.size()) return std::nullopt;
  return index;
}

Result<Path> ParsePathText(std::string_view text) {
  Path path;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find('.', begin), text.size());
    path.emplace_back(text.substr(begin, end - begin));
    if (path.back().empty() && !(text.empty()))
      return InvalidArgument("the path '" + std::string(text) + "' has an empty part");
    begin = end + 1;
  }
  return path;
}

bool WalkPath(const Value& value, const Path& path, size_t part, const std::function<bool(const Value*)>& take) {
  if (part == path.size()) return take(&value);
  if (value.is_object()) {
    const Value* member = value.get_object().if_contains(path[part]);
    return member != nullptr ? WalkPath(*member, path, part + 1, take) : take(nullptr);
  }
  if (!value.is_array()) return take(nullptr);
  const Array& array = value.get_array();
  bool any = false;
  if (auto index = AsIndex(path[part]); index && *index < array.size()) {
    any = true;
    if (WalkPath(array[*index], path, part + 1, take)) return true;
  }
  for (const Value& element : array) {
    if (!element.is_object()) continue;
    any = true;
    if (WalkPath(element, path, part, take)) return true;
  }
  return any ? false : take(nullptr);
}

}  // namespace parquedb
