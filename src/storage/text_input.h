// For tests: an input whose reads are as short as one likes.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "storage/input_stream.h"

namespace parquedb {

// Gives its text in pieces of `step` bytes.
class TextInput : public InputStream {
 public:
  TextInput(std::string text, size_t step) : text_(std::move(text)), step_(step) {}
  Result<size_t> Read(size_t bytes, std::string* out) override {
    size_t count = std::min({bytes, step_, text_.size() - at_});
    out->append(text_, at_, count);
    at_ += count;
    return count;
  }

 private:
  std::string text_;
  size_t step_, at_ = 0;
};

}  // namespace parquedb
