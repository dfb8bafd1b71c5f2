#include <charconv>

#include "query/value_order.h"

namespace parquedb {

std::optional<size_t> AsIndex(std::string_view part) {
  if (part.size() > 1 && part.front() == '0') return std::nullopt;
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

std::string JoinPath(PathRest path) {
  std::string text;
  for (const std::string& part : path) text += (text.empty() ? "" : ".") + part;
  return text;
}

}  // namespace parquedb
