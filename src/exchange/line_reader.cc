#include "exchange/line_reader.h"

#include <cstring>

#include "core/limits.h"
#include "exchange/buffered_input.h"

namespace parquedb {
namespace {

Status TooLong(int64_t line) {
  return InvalidData("line " + std::to_string(line) + ": the record has more than " +
                     std::to_string(kMaxInputRecordBytes) + " bytes");
}

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

class LineReader : public RawRecordReader {
 public:
  explicit LineReader(std::unique_ptr<InputStream> input) : input_(std::move(input)) {}

  Result<bool> Next(std::string_view* text, int64_t* line) override {
    size_t scanned = 0;
    while (true) {
      const char* from = input_.bytes.data() + input_.begin + scanned;
      size_t left = input_.bytes.size() - input_.begin - scanned;
      const void* found = left > 0 ? std::memchr(from, '\n', left) : nullptr;
      size_t length = found != nullptr
                          ? static_cast<size_t>(static_cast<const char*>(found) - input_.bytes.data()) - input_.begin
                          : scanned + left;
      if (found == nullptr) {
        if (length > kMaxInputRecordBytes) return TooLong(line_ + 1);
        scanned = length;
        ASSIGN_OR_RETURN(bool more, input_.More());
        if (more) continue;
        if (length == 0) return false;
      }
      *text = std::string_view(input_.bytes).substr(input_.begin, length);
      input_.begin += length + (found != nullptr ? 1 : 0);
      scanned = 0;
      if (line_++ == 0 && text->starts_with("\xEF\xBB\xBF")) text->remove_prefix(3);
      while (!text->empty() && IsBlank(text->back())) text->remove_suffix(1);
      *line = line_;
      if (!text->empty()) return true;
      if (found == nullptr) return false;
    }
  }

 private:
  Buffered input_;
  int64_t line_ = 0;
};

class ArrayReader : public RawRecordReader {
 public:
  explicit ArrayReader(std::unique_ptr<InputStream> input) : input_(std::move(input)) {}

  Result<bool> Next(std::string_view* text, int64_t* line) override {
    if (!opened_) RETURN_IF_ERROR(OpenArray());
    if (given_out_) RETURN_IF_ERROR(PassElement());
    if (ended_) return false;
    ASSIGN_OR_RETURN(char c, Peek());
    if (c == ']' && first_) {
      Take();
      RETURN_IF_ERROR(CloseArray());
      return false;
    }
    first_ = false;
    *line = line_;
    RETURN_IF_ERROR(FindEnd());
    *text = std::string_view(input_.bytes).substr(input_.begin, length_);
    for (char d : *text) line_ += d == '\n';
    while (!text->empty() && IsBlank(text->back())) text->remove_suffix(1);
    given_out_ = true;
    return true;
  }

 private:
  Status Fail(std::string_view what) const {
    return InvalidData("line " + std::to_string(line_) + ": " + std::string(what));
  }

  // Goes behind the element that was given out and the ',' or ']' after it.
  Status PassElement() {
    given_out_ = false;
    input_.begin += length_;
    char c = input_.bytes[input_.begin++];
    return c == ']' ? CloseArray() : Status::Ok();
  }

  // The next character that is no blank; '\0' at the end.
  Result<char> Peek() {
    while (true) {
      while (input_.begin < input_.bytes.size() && IsBlank(input_.bytes[input_.begin])) {
        line_ += input_.bytes[input_.begin++] == '\n';
      }
      if (input_.begin < input_.bytes.size()) return input_.bytes[input_.begin];
      ASSIGN_OR_RETURN(bool more, input_.More());
      if (!more) return '\0';
    }
  }
  void Take() { ++input_.begin; }

  Status OpenArray() {
    opened_ = true;
    ASSIGN_OR_RETURN(char c, Peek());
    if (input_.bytes.starts_with("\xEF\xBB\xBF")) {
      input_.begin = 3;
      ASSIGN_OR_RETURN(c, Peek());
    }
    if (c == '{') {
      in_object_ = true;
      Take();
      ASSIGN_OR_RETURN(c, Peek());
      if (c != '"') return Fail("an array, or an object with one member that is an array, was expected");
      Take();
      for (bool escaped = false;;) {  // the name does not matter
        ASSIGN_OR_RETURN(c, Peek());
        if (c == '\0') return Fail("the text ends too early");
        Take();
        if (c == '"' && !escaped) break;
        escaped = c == '\\' && !escaped;
      }
      ASSIGN_OR_RETURN(c, Peek());
      if (c != ':') return Fail("':' was expected");
      Take();
      ASSIGN_OR_RETURN(c, Peek());
    }
    if (c != '[') return Fail("an array, or an object with one member that is an array, was expected");
    Take();
    return Status::Ok();
  }

  Status CloseArray() {
    ended_ = true;
    ASSIGN_OR_RETURN(char c, Peek());
    if (in_object_) {
      if (c != '}') return Fail("the object has more than one member");
      Take();
      ASSIGN_OR_RETURN(c, Peek());
    }
    return c == '\0' ? Status::Ok() : Fail("something follows the array");
  }

  // length_: bytes of the element at begin, up to its ',' or ']'.
  Status FindEnd() {
    int64_t depth = 0;
    bool in_string = false;
    for (size_t i = 0;; ++i) {
      if (input_.begin + i >= input_.bytes.size()) {
        if (i > kMaxInputRecordBytes) return TooLong(line_);
        ASSIGN_OR_RETURN(bool more, input_.More());
        if (!more) return Fail("the text ends inside the array");
      }
      char c = input_.bytes[input_.begin + i];
      if (in_string) {
        if (c == '\\')
          ++i;
        else if (c == '"')
          in_string = false;
        continue;
      }
      if (c == '"')
        in_string = true;
      else if (c == '{' || c == '[')
        ++depth;
      else if ((c == ',' || c == ']') && depth == 0) {
        length_ = i;
        return Status::Ok();
      } else if (c == '}' || c == ']')
        --depth;
    }
  }

  Buffered input_;
  bool opened_ = false, ended_ = false, first_ = true, in_object_ = false, given_out_ = false;
  size_t length_ = 0;
  int64_t line_ = 1;
};

}  // namespace

std::unique_ptr<RawRecordReader> ReadLines(std::unique_ptr<InputStream> input) {
  return std::make_unique<LineReader>(std::move(input));
}
std::unique_ptr<RawRecordReader> ReadJsonArray(std::unique_ptr<InputStream> input) {
  return std::make_unique<ArrayReader>(std::move(input));
}

}  // namespace parquedb
