// Walks the top-level members of stored JSON text (compact, checked when it was written) without building a value.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "parquedb/status.h"

namespace parquedb {

enum class FieldKind {
  kString,
  kInteger,
  kDouble,
  kBool,
  kOther
};  // other: null, object, array, integers above 2^63-1

// Reads one member after another of an object text. Text that is not of the stored form ends with an error.
class FieldScanner {
 public:
  explicit FieldScanner(std::string_view object);
  // False at the end. Then: name() is the decoded name, kind() what the value is, text() its raw text.
  Result<bool> Next();
  std::string_view name() const { return name_; }
  FieldKind kind() const { return kind_; }
  std::string_view text() const { return text_; }
  int64_t Integer() const { return integer_; }

 private:
  Status Damaged() const;
  bool SkipString();
  bool SkipValue();
  std::string_view whole_;
  size_t at_ = 0;
  std::string name_buffer_;
  std::string_view name_, text_;
  FieldKind kind_ = FieldKind::kOther;
  int64_t integer_ = 0;
};

// The top-level members of one text, scanned once for all who look at them. Names and texts lie in the text, or in here
// where escapes had to be decoded. Reused from text to text.
class ScannedFields {
 public:
  struct Field {
    std::string_view name, text;
    FieldKind kind;
    int64_t integer;
    // The value, by kind. String() decodes escapes into `buffer` if there are any.
    double Double() const;
    bool Bool() const { return text == "true"; }
    std::string_view String(std::string* buffer) const;
  };
  Status Scan(std::string_view object);
  const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
  std::deque<std::string> decoded_names_;
};

// True if a double holds this integer exactly.
inline bool IsExactInDouble(int64_t number) {
  constexpr int64_t kLargest = int64_t{1} << 53;
  return (number >= -kLargest && number <= kLargest) ||
         (number != INT64_MAX && static_cast<int64_t>(static_cast<double>(number)) == number);
}

}  // namespace parquedb
