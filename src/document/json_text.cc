#include "document/json_text.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace parquedb {
namespace {

constexpr size_t kFewMembers = 16;  // up to here each name is compared with those before it
constexpr int kExactDigits = 15;    // decimals of so many digits come back from a double as they went in
constexpr uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080;

// True if one of 8 bytes is a quote, a backslash, below 0x20, or not ASCII.
bool HasSpecial(uint64_t word) {
  uint64_t quote = word ^ (kOnes * '"'), backslash = word ^ (kOnes * '\\');
  uint64_t found =
      ((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash) | ((word - kOnes * 0x20) & ~word) | word;
  return (found & kHighs) != 0;
}

bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

void AppendUtf8(std::string* out, uint32_t code) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xC0 | code >> 6));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | code >> 12));
    out->push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out->push_back(static_cast<char>(0xF0 | code >> 18));
    out->push_back(static_cast<char>(0x80 | (code >> 12 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

// Length of the well-formed UTF-8 sequence at `at` (Unicode 15, table 3-7), 0 for none.
int Utf8Length(const unsigned char* at, const unsigned char* end) {
  auto follows = [&](int i, unsigned char low, unsigned char high) {
    return at + i < end && at[i] >= low && at[i] <= high;
  };
  unsigned char c = at[0];
  if (c < 0x80) return 1;
  if (c >= 0xC2 && c <= 0xDF) return follows(1, 0x80, 0xBF) ? 2 : 0;
  if (c >= 0xE0 && c <= 0xEF) {
    unsigned char low = c == 0xE0 ? 0xA0 : 0x80, high = c == 0xED ? 0x9F : 0xBF;
    return follows(1, low, high) && follows(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (c >= 0xF0 && c <= 0xF4) {
    unsigned char low = c == 0xF0 ? 0x90 : 0x80, high = c == 0xF4 ? 0x8F : 0xBF;
    return follows(1, low, high) && follows(2, 0x80, 0xBF) && follows(3, 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

// One character that JSON wants escaped, or as it is.
void AppendCodePoint(std::string* out, uint32_t code) {
  constexpr char kHex[] = "0123456789abcdef";
  switch (code) {
    case '"':
      out->append("\\\"");
      return;
    case '\\':
      out->append("\\\\");
      return;
    case '\b':
      out->append("\\b");
      return;
    case '\f':
      out->append("\\f");
      return;
    case '\n':
      out->append("\\n");
      return;
    case '\r':
      out->append("\\r");
      return;
    case '\t':
      out->append("\\t");
      return;
    default:
      break;
  }
  if (code >= 0x20) return AppendUtf8(out, code);
  out->append("\\u00");
  out->push_back(kHex[code >> 4]);
  out->push_back(kHex[code & 15]);
}

}  // namespace

bool IsValidUtf8(std::string_view text) {
  auto at = reinterpret_cast<const unsigned char*>(text.data()), end = at + text.size();
  while (at < end) {
    int length = Utf8Length(at, end);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

void AppendJsonString(std::string* out, std::string_view text) {
  out->push_back('"');
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\') {
      AppendCodePoint(out, static_cast<unsigned char>(c));
    } else {
      out->push_back(c);
    }
  }
  out->push_back('"');
}

void AppendJsonDouble(std::string* out, double number) {
  char text[40];
  char* end = std::to_chars(text, text + sizeof text - 1, number, std::chars_format::scientific).ptr;
  *end = '\0';
  const char* at = text;
  if (*at == '-') out->push_back(*at++);
  const char* mark = std::find(at, const_cast<const char*>(end), 'e');
  std::string digits(1, *at);
  if (mark - at > 2) digits.append(at + 2, mark);
  int exponent = std::atoi(mark + 1);
  int count = static_cast<int>(digits.size());
  if (exponent < -6 || exponent >= 21) {
    out->append(digits, 0, 1);
    if (count > 1) out->append(1, '.').append(digits, 1);
    out->append("e").append(std::to_string(exponent));
  } else if (exponent < 0) {
    out->append("0.").append(static_cast<size_t>(-exponent - 1), '0').append(digits);
  } else if (count <= exponent + 1) {
    out->append(digits).append(static_cast<size_t>(exponent + 1 - count), '0').append(".0");
  } else {
    out->append(digits, 0, static_cast<size_t>(exponent + 1))
        .append(1, '.')
        .append(digits, static_cast<size_t>(exponent + 1));
  }
}

Status JsonNormalizer::Run(std::string_view text, const ParseLimits& limits, std::string* out,
                           std::vector<MemberSpan>* members) {
  std::string_view stored;
  RETURN_IF_ERROR(View(text, limits, out, &stored, members));
  if (out->empty()) out->assign(stored);
  return Status::Ok();
}

Status JsonNormalizer::View(std::string_view text, const ParseLimits& limits, std::string* buffer,
                            std::string_view* stored, std::vector<MemberSpan>* members) {
  begin_ = at_ = kept_ = text.data();
  end_ = begin_ + text.size();
  max_depth_ = limits.max_depth;
  out_ = buffer;
  members_ = members;
  names_.clear();
  buffer->clear();
  if (members != nullptr) members->clear();
  if (text.size() > limits.max_bytes)
    return InvalidData("the text has " + std::to_string(text.size()) + " bytes; at most " +
                       std::to_string(limits.max_bytes) + " are read");
  SkipBlanks();
  RETURN_IF_ERROR(ReadValue(1));
  const char* value_end = at_;
  while (at_ < end_ && IsBlank(*at_)) ++at_;
  if (at_ != end_) return Fail("something follows the value");
  if (buffer->empty()) {
    *stored = std::string_view(kept_, static_cast<size_t>(value_end - kept_));
    return Status::Ok();
  }
  CopyKept(value_end);
  *stored = *buffer;
  return Status::Ok();
}

Status JsonNormalizer::Fail(std::string_view what) const {
  return InvalidData("not valid JSON at byte " + std::to_string(at_ - begin_) + ": " + std::string(what));
}

void JsonNormalizer::CopyKept(const char* until) {
  out_->append(kept_, until);
  kept_ = until;
}

void JsonNormalizer::SkipBlanks() {
  if (at_ == end_ || !IsBlank(*at_)) return;
  CopyKept(at_);
  while (at_ < end_ && IsBlank(*at_)) ++at_;
  kept_ = at_;
}

Status JsonNormalizer::ReadValue(int depth) {
  if (at_ == end_) return Fail("the text ends too early");
  switch (*at_) {
    case '{':
      return ReadObject(depth);
    case '[':
      return ReadArray(depth);
    case '"':
      return ReadString();
    case 't':
      return ReadLiteral("true");
    case 'f':
      return ReadLiteral("false");
    case 'n':
      return ReadLiteral("null");
    default:
      return ReadNumber();
  }
}

Status JsonNormalizer::ReadLiteral(std::string_view word) {
  if (std::string_view(at_, static_cast<size_t>(end_ - at_)).substr(0, word.size()) != word) {
    return Fail("a value was expected");
  }
  at_ += word.size();
  return Status::Ok();
}

Status JsonNormalizer::ReadObject(int depth) {
  if (depth > max_depth_) return Fail("more than " + std::to_string(max_depth_) + " levels");
  size_t first_name = names_.size();
  ++at_;
  SkipBlanks();
  if (at_ < end_ && *at_ == '}') {
    ++at_;
    return Status::Ok();
  }
  while (true) {
    if (at_ == end_ || *at_ != '"') return Fail("a member name in quotes was expected");
    MemberSpan span;
    span.name_begin = stored_size();
    RETURN_IF_ERROR(ReadString());
    PushName(span.name_begin);
    span.name_end = names_.back().end;
    RETURN_IF_ERROR(CheckDuplicate(first_name));
    SkipBlanks();
    if (at_ == end_ || *at_ != ':') return Fail("':' was expected");
    ++at_;
    SkipBlanks();
    span.value_begin = stored_size();
    RETURN_IF_ERROR(ReadValue(depth + 1));
    span.value_end = stored_size();
    if (depth == 1 && members_ != nullptr) members_->push_back(span);
    SkipBlanks();
    if (at_ == end_) return Fail("the text ends inside an object");
    if (*at_ == '}') break;
    if (*at_ != ',') return Fail("',' or '}' was expected");
    ++at_;
    SkipBlanks();
  }
  ++at_;
  RETURN_IF_ERROR(CheckDuplicates(first_name));
  names_.resize(first_name);
  return Status::Ok();
}

// A name lies in one piece: in the input, or in *out_ if something in it had to be changed.
void JsonNormalizer::PushName(size_t begin) {
  if (begin < out_->size()) CopyKept(at_);
  Name name{begin, stored_size(), 0};
  std::string_view text = TextOf(name);
  if (text.size() >= sizeof name.mark)
    std::memcpy(&name.mark, text.data(), sizeof name.mark);
  else
    std::memcpy(&name.mark, text.data(), text.size());
  name.mark ^= text.size() << 56;
  names_.push_back(name);
}

std::string_view JsonNormalizer::TextOf(const Name& name) const {
  size_t copied = out_->size();
  const char* at = name.begin < copied ? out_->data() + name.begin : kept_ + (name.begin - copied);
  return {at, name.end - name.begin};
}

// Names are compared in stored form, which is one to one.
Status JsonNormalizer::CheckDuplicate(size_t first_name) const {
  if (names_.size() - first_name > kFewMembers) return Status::Ok();  // CheckDuplicates at the end
  const Name& last = names_.back();
  for (size_t i = first_name; i + 1 < names_.size(); ++i) {
    if (names_[i].mark == last.mark && TextOf(names_[i]) == TextOf(last)) {
      return Fail("the member " + std::string(TextOf(last)) + " comes twice");
    }
  }
  return Status::Ok();
}

Status JsonNormalizer::CheckDuplicates(size_t first_name) {
  if (names_.size() - first_name <= kFewMembers) return Status::Ok();
  auto first = names_.begin() + static_cast<std::ptrdiff_t>(first_name);
  std::sort(first, names_.end(), [&](const Name& a, const Name& b) { return TextOf(a) < TextOf(b); });
  auto twice =
      std::adjacent_find(first, names_.end(), [&](const Name& a, const Name& b) { return TextOf(a) == TextOf(b); });
  if (twice != names_.end()) return Fail("the member " + std::string(TextOf(*twice)) + " comes twice");
  return Status::Ok();
}

Status JsonNormalizer::ReadArray(int depth) {
  if (depth > max_depth_) return Fail("more than " + std::to_string(max_depth_) + " levels");
  ++at_;
  SkipBlanks();
  if (at_ < end_ && *at_ == ']') {
    ++at_;
    return Status::Ok();
  }
  while (true) {
    RETURN_IF_ERROR(ReadValue(depth + 1));
    SkipBlanks();
    if (at_ == end_) return Fail("the text ends inside an array");
    if (*at_ == ']') break;
    if (*at_ != ',') return Fail("',' or ']' was expected");
    ++at_;
    SkipBlanks();
  }
  ++at_;
  return Status::Ok();
}

Status JsonNormalizer::ReadString() {
  ++at_;
  while (true) {
    while (end_ - at_ >= 8) {
      uint64_t word;
      std::memcpy(&word, at_, 8);
      if (HasSpecial(word)) break;
      at_ += 8;
    }
    while (at_ < end_ && static_cast<unsigned char>(*at_) >= 0x20 && static_cast<unsigned char>(*at_) < 0x80 &&
           *at_ != '"' && *at_ != '\\') {
      ++at_;
    }
    if (at_ == end_) return Fail("the text ends inside a string");
    if (*at_ == '"') break;
    if (*at_ == '\\') {
      CopyKept(at_);
      RETURN_IF_ERROR(ReadEscape());
      kept_ = at_;
    } else if (static_cast<unsigned char>(*at_) >= 0x80) {
      RETURN_IF_ERROR(ReadUtf8());
    } else {
      return Fail("a control character must be escaped in a string");
    }
  }
  ++at_;
  return Status::Ok();
}

Status JsonNormalizer::ReadUtf8() {
  int length = Utf8Length(reinterpret_cast<const unsigned char*>(at_), reinterpret_cast<const unsigned char*>(end_));
  if (length == 0) return Fail("not valid UTF-8");
  at_ += length;
  return Status::Ok();
}

Result<uint32_t> JsonNormalizer::ReadHex4() {
  uint32_t code = 0;
  if (end_ - at_ < 4) return Fail("four hex digits were expected");
  auto [end, error] = std::from_chars(at_, at_ + 4, code, 16);
  if (error != std::errc() || end != at_ + 4) return Fail("four hex digits were expected");
  at_ += 4;
  return code;
}

Status JsonNormalizer::ReadEscape() {
  ++at_;
  if (at_ == end_) return Fail("the text ends inside a string");
  char kind = *at_++;
  switch (kind) {
    case '"':
    case '\\':
    case '/':
      AppendCodePoint(out_, static_cast<uint32_t>(kind));
      return Status::Ok();
    case 'b':
      out_->append("\\b");
      return Status::Ok();
    case 'f':
      out_->append("\\f");
      return Status::Ok();
    case 'n':
      out_->append("\\n");
      return Status::Ok();
    case 'r':
      out_->append("\\r");
      return Status::Ok();
    case 't':
      out_->append("\\t");
      return Status::Ok();
    case 'u':
      break;
    default:
      return Fail("no such escape");
  }
  ASSIGN_OR_RETURN(uint32_t code, ReadHex4());
  if (code >= 0xDC00 && code <= 0xDFFF) return Fail("half a surrogate pair");
  if (code >= 0xD800 && code <= 0xDBFF) {
    if (end_ - at_ < 6 || at_[0] != '\\' || at_[1] != 'u') return Fail("half a surrogate pair");
    at_ += 2;
    ASSIGN_OR_RETURN(uint32_t low, ReadHex4());
    if (low < 0xDC00 || low > 0xDFFF) return Fail("half a surrogate pair");
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  AppendCodePoint(out_, code);
  return Status::Ok();
}

Status JsonNormalizer::ReadNumber() {
  const char* begin = at_;
  if (at_ < end_ && *at_ == '-') ++at_;
  if (at_ == end_ || !IsDigit(*at_)) {
    at_ = begin;
    return Fail("a value was expected");
  }
  bool leading_zero = *at_ == '0';
  while (at_ < end_ && IsDigit(*at_)) ++at_;
  const char* digits = begin + (*begin == '-' ? 1 : 0);
  if (leading_zero && at_ - digits > 1) return Fail("a number begins with 0");
  bool integer = at_ == end_ || (*at_ != '.' && *at_ != 'e' && *at_ != 'E');
  if (!integer) return ReadFraction(begin, *at_ == '.');
  if (at_ - begin == 2 && begin[0] == '-' && begin[1] == '0') {
    CopyKept(begin);
    out_->append("-0.0");
    kept_ = at_;
    return Status::Ok();
  }
  if (at_ - digits > 18) {  // 19 digits may be too many for 64 bits
    int64_t as_signed;
    uint64_t as_unsigned;
    bool fits = std::from_chars(begin, at_, as_signed).ec == std::errc() ||
                (*begin != '-' && std::from_chars(begin, at_, as_unsigned).ec == std::errc());
    if (!fits) return Fail("the integer " + std::string(begin, at_) + " is outside -2^63 … 2^64-1");
  }
  return Status::Ok();
}

// A number with a fraction or an exponent, from `begin`; at_ stands behind its integer part. `plain`: a '.' is next.
Status JsonNormalizer::ReadFraction(const char* begin, bool plain) {
  const char* point = at_;
  if (*at_ == '.') {
    ++at_;
    if (at_ == end_ || !IsDigit(*at_)) return Fail("a digit was expected behind the point");
    while (at_ < end_ && IsDigit(*at_)) ++at_;
  }
  const char* fraction_end = at_;
  if (at_ < end_ && (*at_ == 'e' || *at_ == 'E')) {
    plain = false;
    ++at_;
    if (at_ < end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    if (at_ == end_ || !IsDigit(*at_)) return Fail("a digit was expected in the exponent");
    while (at_ < end_ && IsDigit(*at_)) ++at_;
  }
  bool canonical_end = fraction_end[-1] != '0' || fraction_end - point == 2;
  bool has_integer_part = *begin != '0' && *begin != '-';  // not "0.00000001"
  if (plain && canonical_end && has_integer_part && fraction_end - begin <= kExactDigits) return Status::Ok();
  double number = 0;
  if (std::from_chars(begin, at_, number).ec == std::errc::result_out_of_range) {
    number = std::strtod(std::string(begin, at_).c_str(), nullptr);  // tells overflow from underflow
  }
  if (std::isinf(number)) return Fail("the number " + std::string(begin, at_) + " is too large for a double");
  CopyKept(begin);
  AppendJsonDouble(out_, number);
  kept_ = at_;
  return Status::Ok();
}

}  // namespace parquedb
