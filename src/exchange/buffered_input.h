// What was read of an input and not yet used; for those who cut it into records. Inside this folder only.
#pragma once

#include <memory>
#include <string>

#include "parquedb/status.h"
#include "storage/input_stream.h"

namespace parquedb {

class Buffered {
 public:
  explicit Buffered(std::unique_ptr<InputStream> input) : input_(std::move(input)) {}
  // Drops what is in front of `begin` and reads on. False at the end of the input.
  Result<bool> More() {
    if (ended_) return false;
    bytes.erase(0, begin);
    begin = 0;
    ASSIGN_OR_RETURN(size_t got, input_->Read(kBlockBytes, &bytes));
    ended_ = got == 0;
    return got > 0;
  }
  std::string bytes;
  size_t begin = 0;

 private:
  static constexpr size_t kBlockBytes = 1 << 20;
  std::unique_ptr<InputStream> input_;
  bool ended_ = false;
};

}  // namespace parquedb
