// Regular expressions, by RE2: linear time, whatever the pattern is. The only place that knows RE2.
#pragma once

#include <memory>
#include <string_view>

#include "parquedb/status.h"

namespace re2 {
class RE2;
}

namespace parquedb {

// A compiled pattern; a value, and threads may match with one.
class Regex {
 public:
  // `options`: i (case does not matter), m (^ and $ at each line), s (. takes a line end too). kInvalidArgument: a
  // pattern that RE2 has not, with its words, or another option.
  static Result<Regex> Compile(std::string_view pattern, std::string_view options);
  // Anywhere in the text.
  bool Finds(std::string_view text) const;

 private:
  std::shared_ptr<const re2::RE2> re2_;  // shared: filters are copied
};

}  // namespace parquedb
