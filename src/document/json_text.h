// The one place that reads JSON text from outside: checks it and writes it in stored form (docs/format/json.md).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "document/value.h"
#include "parquedb/status.h"

namespace parquedb {

// Where a top-level member lies in the stored text, as byte offsets; the name with its quotes.
struct MemberSpan {
  size_t name_begin, name_end, value_begin, value_end;
};

// One pass, no Value is built; memory is reused from text to text. One thread at a time.
class JsonNormalizer {
 public:
  // Replaces *out by the stored form of `text`. `members`, if given, is filled when the text is an object. Errors as
  // ParseJson.
  Status Run(std::string_view text, const ParseLimits& limits, std::string* out, std::vector<MemberSpan>* members);
  // The same without a copy where there is nothing to change: *stored lies in `text` or in *buffer.
  Status View(std::string_view text, const ParseLimits& limits, std::string* buffer, std::string_view* stored,
              std::vector<MemberSpan>* members);

 private:
  struct Name {
    size_t begin, end;  // in the stored text
    uint64_t mark;      // of its length and first bytes; names that differ mostly differ here
  };
  Status ReadValue(int depth);
  Status ReadObject(int depth);
  Status ReadArray(int depth);
  Status ReadString();
  Status ReadEscape();
  Status ReadUtf8();
  Status ReadNumber();
  Status ReadFraction(const char* begin, bool plain);
  Status ReadLiteral(std::string_view word);
  Status CheckDuplicates(size_t first_name);
  Status CheckDuplicate(size_t first_name) const;
  Result<uint32_t> ReadHex4();
  Status Fail(std::string_view what) const;
  void SkipBlanks();
  // Input from kept_ to at_ is stored as it is and not copied before something else has to be written.
  size_t stored_size() const { return out_->size() + static_cast<size_t>(at_ - kept_); }
  void CopyKept(const char* until);
  std::string_view TextOf(const Name& name) const;
  void PushName(size_t begin);

  const char* begin_ = nullptr;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  const char* kept_ = nullptr;
  int max_depth_ = 0;
  std::string* out_ = nullptr;
  std::vector<MemberSpan>* members_ = nullptr;
  std::vector<Name> names_;  // of the objects that are open
};

}  // namespace parquedb
