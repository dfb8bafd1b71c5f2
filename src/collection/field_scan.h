// Walks the top-level members of stored JSON text (compact, checked when it was written) without building a value.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
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
  // False at the end. Then: name() is the decoded name, kind() what the value is, text() its raw text. `guess`: what
  // the member may begin with, `"name":` with nothing in it to decode; guessed() says whether it did.
  Result<bool> Next(std::string_view guess = {});
  bool guessed() const { return guessed_; }
  // The quoted name and the colon, as they stand in the text.
  std::string_view head() const { return head_; }
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
  std::string_view head_, name_, text_;
  bool guessed_ = false;
  FieldKind kind_ = FieldKind::kOther;
  int64_t integer_ = 0;
};

// The top-level members of one text, scanned once for all who look at them. Names and texts lie in the text, or in here
// where escapes had to be decoded. Reused from text to text: those of one kind have their fields in one order, so each
// name is looked for first where it stood the last time.
class ScannedFields {
 public:
  ScannedFields();
  ScannedFields(const ScannedFields&) = delete;
  ScannedFields& operator=(const ScannedFields&) = delete;
  struct Field {
    std::string_view name, text;
    FieldKind kind;
    int64_t integer;
    uint32_t name_number;  // from 1 on, the same in all texts of this object; 0: too many names
    // The value, by kind. String() decodes escapes into `buffer` if there are any.
    double Double() const;
    bool Bool() const { return text == "true"; }
    std::string_view String(std::string* buffer) const;
  };
  Status Scan(std::string_view object);
  const std::vector<Field>& fields() const { return fields_; }
  // Whose numbers of names they are: no two objects of one process have the same.
  uint64_t numbering() const { return numbering_; }

 private:
  struct Place {
    std::string head;  // "" = not known
    uint32_t number = 0;
  };
  uint32_t NumberOf(std::string_view name);
  uint64_t numbering_;
  std::map<std::string, uint32_t, std::less<>> numbers_;
  std::vector<Place> places_;
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
