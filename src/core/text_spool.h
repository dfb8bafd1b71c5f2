// Texts put aside and read back by place: the newest in memory, older ones in a temporary file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/temporary_file.h"
#include "parquedb/status.h"

namespace parquedb {

class TextSpool {
 public:
  struct Place {
    uint64_t offset = 0;
    uint32_t bytes = 0;
  };
  explicit TextSpool(uint64_t memory_bytes) : memory_bytes_(memory_bytes) {}
  Result<Place> Append(std::string_view text);
  Result<std::string> Read(const Place& place) const;

 private:
  uint64_t memory_bytes_;
  std::string recent_;  // what lies behind the file's end
  TemporaryFile file_;
};

}  // namespace parquedb
