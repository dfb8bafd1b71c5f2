// Help on what no single verb owns.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace parquedb {
std::optional<std::string> HelpTopic(std::string_view name);
}  // namespace parquedb
