// BSON's order of types, and paths into values.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "document/value.h"

namespace parquedb {

// null 0, numbers 1, strings 2, objects 3, arrays 4, booleans 5.
int TypeOrder(const Value& value);

using Path = std::vector<std::string>;
// "a.b.0"; kInvalidArgument for an empty path or part.
Result<Path> ParsePathText(std::string_view text);
// A part as an index into an array, if it is one.
std::optional<size_t> AsIndex(std::string_view part);

// Calls `take` with every value that the path reaches, as MongoDB walks it: through objects by name, through arrays by
// index and, where a part is no index, into each object in the array. `take` gets null where nothing is there. It
// returns true to stop. `expand_last`: an array at the end of the path is followed by its elements.
bool WalkPath(const Value& value, const Path& path, size_t part, const std::function<bool(const Value*)>& take);

}  // namespace parquedb
