// BSON's order of types, and paths into values.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "document/value.h"

namespace parquedb {

// null 0, numbers 1, strings 2, objects 3, arrays 4, booleans 5.
int TypeOrder(const Value& value);

// A whole number, a double without a fraction too.
std::optional<int64_t> WholeNumber(const Value& value);

using Path = std::vector<std::string>;
using PathRest = std::span<const std::string>;
// "a.b.0"; kInvalidArgument for an empty path or part.
Result<Path> ParsePathText(std::string_view text);
std::string JoinPath(PathRest path);
// A part as an index into an array, if it is one: digits, no zero in front.
std::optional<size_t> AsIndex(std::string_view part);

template <typename Take>
bool WalkArray(const Array& array, PathRest path, const Take& take);

// Calls `take(value, by_index)` with every value that the path reaches, as MongoDB walks it: through objects by name,
// through arrays by index and, whatever the part is, into each object of the array. `value` is null where nothing is
// there. `by_index`: the last step was an index, so an array there stands for itself and not for its elements. `take`
// returns true to stop; so does the walk.
template <typename Take>
bool WalkPath(const Value& value, PathRest path, const Take& take) {
  const Value* at = &value;
  for (; !path.empty(); path = path.subspan(1)) {
    if (at->is_array()) return WalkArray(at->get_array(), path, take);
    at = at->is_object() ? at->get_object().if_contains(path.front()) : nullptr;
    if (at == nullptr) return take(static_cast<const Value*>(nullptr), false);
  }
  return take(at, false);
}

template <typename Take>
bool WalkArray(const Array& array, PathRest path, const Take& take) {
  std::optional<size_t> index = AsIndex(path.front());
  bool any = false;
  for (size_t i = 0; i < array.size(); ++i) {
    const Value& element = array[i];
    if (element.is_object()) {
      any = true;
      if (WalkPath(element, path, take)) return true;
    }
    if (index != i) continue;
    if (path.size() == 1) {
      any = true;
      if (take(&element, true)) return true;
    } else if (element.is_object() || element.is_array()) {
      any = true;
      if (WalkPath(element, path.subspan(1), take)) return true;
    }
  }
  return !any && take(static_cast<const Value*>(nullptr), false);
}

}  // namespace parquedb
