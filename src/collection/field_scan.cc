#include "collection/field_scan.h"

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <cstring>

namespace parquedb {
namespace {

constexpr size_t kPlaces = 1024;         // of a text, whose names are remembered
constexpr size_t kNumberedNames = 4096;  // a text whose names are data may have any number of them

std::string_view Decode(std::string_view quoted, std::string* buffer) {
  std::string_view inner = quoted.substr(1, quoted.size() - 2);
  if (inner.find('\\') == std::string_view::npos) return inner;
  buffer->clear();
  for (size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] != '\\' || i + 1 >= inner.size()) {
      buffer->push_back(inner[i]);
      continue;
    }
    char kind = inner[++i];
    switch (kind) {
      case 'b':
        buffer->push_back('\b');
        break;
      case 'f':
        buffer->push_back('\f');
        break;
      case 'n':
        buffer->push_back('\n');
        break;
      case 'r':
        buffer->push_back('\r');
        break;
      case 't':
        buffer->push_back('\t');
        break;
      case 'u': {
        int code = 0;
        if (i + 4 < inner.size()) std::from_chars(inner.data() + i + 1, inner.data() + i + 5, code, 16);
        buffer->push_back(static_cast<char>(code));  // stored text escapes only control characters so
        i += 4;
        break;
      }
      default:
        buffer->push_back(kind);
    }
  }
  return *buffer;
}

}  // namespace

FieldScanner::FieldScanner(std::string_view object) : whole_(object) {}

Status FieldScanner::Damaged() const {
  return Corruption("a stored document is damaged at byte " + std::to_string(at_));
}

// at_ stands on the opening quote; afterwards behind the closing one.
bool FieldScanner::SkipString() {
  for (size_t from = at_ + 1; from < whole_.size();) {
    const void* quote = std::memchr(whole_.data() + from, '"', whole_.size() - from);
    if (quote == nullptr) return false;
    auto end = static_cast<size_t>(static_cast<const char*>(quote) - whole_.data());
    size_t escapes = end;
    while (escapes > from && whole_[escapes - 1] == '\\') --escapes;
    from = end + 1;
    if ((end - escapes) % 2 == 0) {
      at_ = from;
      return true;
    }
  }
  return false;
}

bool FieldScanner::SkipValue() {
  char c = whole_[at_];
  if (c == '"') {
    kind_ = FieldKind::kString;
    return SkipString();
  }
  if (c == '{' || c == '[') {
    kind_ = FieldKind::kOther;
    int depth = 0;
    while (at_ < whole_.size()) {
      char d = whole_[at_];
      if (d == '"') {
        if (!SkipString()) return false;
        continue;
      }
      ++at_;
      if (d == '{' || d == '[') ++depth;
      if ((d == '}' || d == ']') && --depth == 0) return true;
    }
    return false;
  }
  size_t begin = at_;
  while (at_ < whole_.size() && whole_[at_] != ',' && whole_[at_] != '}') ++at_;
  std::string_view text = whole_.substr(begin, at_ - begin);
  if (text == "true" || text == "false") {
    kind_ = FieldKind::kBool;
  } else if (text == "null" || text.empty()) {
    kind_ = FieldKind::kOther;
  } else if (text.find_first_of(".e") != std::string_view::npos) {
    kind_ = FieldKind::kDouble;
  } else {
    bool fits = std::from_chars(text.data(), text.data() + text.size(), integer_).ec == std::errc();
    kind_ = fits ? FieldKind::kInteger : FieldKind::kOther;
  }
  return at_ < whole_.size();
}

Result<bool> FieldScanner::Next(std::string_view guess) {
  if (whole_.size() < 2 || whole_[0] != '{') return Damaged();
  if (at_ == 0)
    at_ = 1;
  else if (at_ < whole_.size() && whole_[at_] == ',')
    ++at_;
  if (at_ + 1 == whole_.size() && whole_[at_] == '}') return false;
  if (at_ >= whole_.size() || whole_[at_] != '"') return Damaged();
  size_t begin = at_;
  guessed_ = !guess.empty() && whole_.substr(at_).starts_with(guess);
  if (guessed_) {
    name_ = whole_.substr(begin + 1, guess.size() - 3);
    at_ += guess.size();
  } else {
    if (!SkipString()) return Damaged();
    name_ = Decode(whole_.substr(begin, at_ - begin), &name_buffer_);
    if (at_ + 1 >= whole_.size() || whole_[at_] != ':') return Damaged();
    ++at_;
  }
  head_ = whole_.substr(begin, at_ - begin);
  if (at_ >= whole_.size()) return Damaged();
  begin = at_;
  if (!SkipValue()) return Damaged();
  text_ = whole_.substr(begin, at_ - begin);
  return true;
}

Status ScannedFields::Scan(std::string_view object) {
  fields_.clear();
  decoded_names_.clear();
  FieldScanner scanner(object);
  for (size_t i = 0;; ++i) {
    ASSIGN_OR_RETURN(bool more, scanner.Next(i < places_.size() ? std::string_view(places_[i].head) : ""));
    if (!more) return Status::Ok();
    std::string_view name = scanner.name();
    if (scanner.guessed()) {
      fields_.push_back({name, scanner.text(), scanner.kind(), scanner.Integer(), places_[i].number});
      continue;
    }
    uint32_t number = NumberOf(name);
    bool inside = name.data() >= object.data() && name.data() <= object.data() + object.size();
    if (!inside) {
      name = decoded_names_.emplace_back(name);
    } else if (i < kPlaces) {
      if (places_.size() <= i) places_.resize(i + 1);
      places_[i] = {std::string(scanner.head()), number};
    }
    fields_.push_back({name, scanner.text(), scanner.kind(), scanner.Integer(), number});
  }
}

ScannedFields::ScannedFields() {
  static std::atomic<uint64_t> last = 0;
  numbering_ = ++last;
}

uint32_t ScannedFields::NumberOf(std::string_view name) {
  auto known = numbers_.find(name);
  if (known != numbers_.end()) return known->second;
  if (numbers_.size() == kNumberedNames) return 0;
  auto number = static_cast<uint32_t>(numbers_.size()) + 1;
  numbers_.emplace(std::string(name), number);
  return number;
}

double ScannedFields::Field::Double() const {
  double number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc())
    number = std::strtod(std::string(text).c_str(), nullptr);
  return number;
}

std::string_view ScannedFields::Field::String(std::string* buffer) const { return Decode(text, buffer); }

}  // namespace parquedb
