// What documents sort by: as values, and as bytes that sort the same.
#include <cmath>
#include <limits>

#include "query/filter.h"
#include "query/projection.h"
#include "query/value_order.h"

namespace parquedb {
namespace {

// The value that a document sorts by: of all that the path reaches the smallest, or the largest when descending.
Value SortKey(const Value& document, const Path& path, bool descending) {
  Value best = nullptr;
  bool any = false;
  auto offer = [&](const Value& value) {
    if (!any || (descending ? CompareValues(value, best) > 0 : CompareValues(value, best) < 0)) best = value;
    any = true;
  };
  WalkPath(document, path, [&](const Value* value, bool) {
    if (value == nullptr)
      offer(nullptr);
    else if (value->is_array() && !value->get_array().empty()) {
      for (const Value& element : value->get_array()) offer(element);
    } else if (!value->is_array())
      offer(*value);
    return false;
  });
  return best;
}

void AppendBigEndian(std::string* out, uint64_t number, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out->push_back(static_cast<char>(number >> shift));
}

// The greatest double that is not above the number, and how far it is above that: less than 2048, as no two doubles
// among the integers of 64 bits lie further apart.
void AppendNumber(std::string* out, const Value& value) {
  double below = value.to_number<double>();
  if (CompareValues(Value(below), value) > 0) below = std::nextafter(below, -std::numeric_limits<double>::infinity());
  uint64_t rest = 0;
  if (value.is_int64()) rest = static_cast<uint64_t>(value.get_int64() - static_cast<int64_t>(below));
  if (value.is_uint64()) rest = value.get_uint64() - static_cast<uint64_t>(below);
  if (below == 0) below = 0.0;  // not -0.0
  uint64_t bits;
  static_assert(sizeof bits == sizeof below);
  std::copy_n(reinterpret_cast<const char*>(&below), sizeof bits, reinterpret_cast<char*>(&bits));
  constexpr uint64_t kSign = uint64_t{1} << 63;
  AppendBigEndian(out, (bits & kSign) != 0 ? ~bits : bits | kSign, 8);
  AppendBigEndian(out, rest, 2);
}

// A zero byte is followed by 255; the end is two zero bytes: before all that goes on.
void AppendText(std::string* out, std::string_view text) {
  for (char c : text) {
    out->push_back(c);
    if (c == '\0') out->push_back('\xFF');
  }
  out->append(2, '\0');
}

char TypeByte(const Value& value) { return static_cast<char>(TypeOrder(value) + 1); }

// Without the type. No encoding begins another, so that one may follow the other.
void AppendValue(std::string* out, const Value& value) {
  constexpr char kEnd = 0;  // before every type
  if (value.is_number()) {
    AppendNumber(out, value);
  } else if (value.is_string()) {
    AppendText(out, TextOf(value.get_string()));
  } else if (value.is_bool()) {
    out->push_back(value.get_bool() ? 1 : 0);
  } else if (value.is_array()) {
    for (const Value& element : value.get_array()) {
      out->push_back(TypeByte(element));
      AppendValue(out, element);
    }
    out->push_back(kEnd);
  } else if (value.is_object()) {
    for (const auto& member : value.get_object()) {
      out->push_back(TypeByte(member.value()));
      AppendText(out, TextOf(member.key()));
      AppendValue(out, member.value());
    }
    out->push_back(kEnd);
  }
}

}  // namespace

int SortSpec::Compare(const Value& a, const Value& b) const {
  for (const Key& key : keys) {
    int order = CompareValues(SortKey(a, key.path, key.descending), SortKey(b, key.path, key.descending));
    if (order != 0) return key.descending ? -order : order;
  }
  return 0;
}

std::string SortSpec::KeyOf(const Value& document) const {
  std::string bytes;
  for (const Key& key : keys) {
    const Value value = SortKey(document, key.path, key.descending);
    size_t begin = bytes.size();
    bytes.push_back(TypeByte(value));
    AppendValue(&bytes, value);
    if (!key.descending) continue;
    for (size_t i = begin; i < bytes.size(); ++i) bytes[i] = static_cast<char>(~bytes[i]);
  }
  return bytes;
}

std::set<std::string, std::less<>> SortSpec::TopFields() const {
  std::set<std::string, std::less<>> names;
  for (const Key& key : keys) names.insert(key.path.front());
  return names;
}

}  // namespace parquedb
