// A document as users write it: the compact, checked text of one JSON object.
#pragma once

#include <string>
#include <string_view>

#include "parquedb/status.h"

namespace parquedb {

// A value; any thread may copy it. Holds exact integers from -2^63 to 2^64-1, doubles, order of members.
class Document {
 public:
  Document() : json_("{}") {}
  // One JSON object. kInvalidData with the byte offset and the reason: syntax, a member twice, invalid UTF-8, a lone
  // surrogate, a number out of range, more than 100 levels or 16 MiB of compact text.
  static Result<Document> Parse(std::string_view text);
  // Compact text, members in their order.
  const std::string& json() const { return json_; }

 private:
  explicit Document(std::string json) : json_(std::move(json)) {}
  std::string json_;
};

}  // namespace parquedb
