// Help that belongs to no verb.
#pragma once

#include <string_view>
#include <vector>

namespace parquedb {

struct Topic {
  std::string_view name;
  std::string_view summary;
  std::string_view text;  // lines
};

// In alphabetical order.
const std::vector<Topic>& Topics();

}  // namespace parquedb
