#include "query/regex.h"

#include <re2/re2.h>

#include <string>

namespace parquedb {

Result<Regex> Regex::Compile(std::string_view pattern, std::string_view options) {
  for (char option : options) {
    if (option != 'i' && option != 'm' && option != 's')
      return InvalidArgument("$options: '" + std::string(1, option) + "' is not known", "options are i, m and s");
  }
  // RE2 has `m` as a flag inside the pattern only.
  std::string text = options.empty() ? "" : "(?" + std::string(options) + ")";
  text += pattern;
  RE2::Options settings;
  settings.set_log_errors(false);  // standard error is not RE2's
  auto compiled = std::make_shared<const RE2>(text, settings);
  if (!compiled->ok()) {
    return InvalidArgument("$regex: " + compiled->error(),
                           "patterns are RE2's, which has no lookaround and no backreferences");
  }
  Regex regex;
  regex.re2_ = std::move(compiled);
  return regex;
}

bool Regex::Finds(std::string_view text) const {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *re2_);
}

}  // namespace parquedb
