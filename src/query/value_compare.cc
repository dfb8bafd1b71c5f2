#include <algorithm>
#include <cmath>

#include "query/filter.h"
#include "query/value_order.h"

namespace parquedb {
namespace {

int Sign(bool less, bool greater) { return less ? -1 : greater ? 1 : 0; }

// An integer beside a double, by value: the double is cut where an integer can't follow it.
int CompareMixed(int64_t a, double b) {
  constexpr double kTwo63 = 9223372036854775808.0;
  if (b >= kTwo63) return -1;
  if (b < -kTwo63) return 1;
  auto whole = static_cast<int64_t>(b);  // towards zero
  if (a != whole) return Sign(a<whole, a> whole);
  double rest = b - static_cast<double>(whole);
  return Sign(rest > 0, rest < 0);
}

int CompareMixed(uint64_t a, double b) {
  constexpr double kTwo64 = 18446744073709551616.0;
  if (b >= kTwo64) return -1;
  if (b < 0) return 1;
  auto whole = static_cast<uint64_t>(b);
  if (a != whole) return Sign(a<whole, a> whole);
  return Sign(b - static_cast<double>(whole) > 0, false);
}

int CompareNumbers(const Value& a, const Value& b) {
  if (a.is_double() && b.is_double()) return Sign(a.get_double() < b.get_double(), a.get_double() > b.get_double());
  if (a.is_double()) return -CompareNumbers(b, a);
  if (b.is_double())
    return a.is_int64() ? CompareMixed(a.get_int64(), b.get_double()) : CompareMixed(a.get_uint64(), b.get_double());
  if (a.is_int64() && b.is_int64()) return Sign(a.get_int64() < b.get_int64(), a.get_int64() > b.get_int64());
  if (a.is_uint64() && b.is_uint64()) return Sign(a.get_uint64() < b.get_uint64(), a.get_uint64() > b.get_uint64());
  // A uint64 is above 2^63-1 here or equals an int64.
  if (a.is_int64())
    return a.get_int64() < 0 ? -1
                             : Sign(static_cast<uint64_t>(a.get_int64()) < b.get_uint64(),
                                    static_cast<uint64_t>(a.get_int64()) > b.get_uint64());
  return -CompareNumbers(b, a);
}

int CompareObjects(const Object& a, const Object& b) {
  auto x = a.begin(), y = b.begin();
  for (; x != a.end() && y != b.end(); ++x, ++y) {
    if (int order = TypeOrder(x->value()) - TypeOrder(y->value())) return order;
    if (int order = x->key().compare(y->key())) return order;
    if (int order = CompareValues(x->value(), y->value())) return order;
  }
  return Sign(x == a.end() && y != b.end(), x != a.end());
}

}  // namespace

int TypeOrder(const Value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return 0;
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
    case boost::json::kind::double_:
      return 1;
    case boost::json::kind::string:
      return 2;
    case boost::json::kind::object:
      return 3;
    case boost::json::kind::array:
      return 4;
    case boost::json::kind::bool_:
      return 5;
  }
  return 6;
}

std::optional<int64_t> WholeNumber(const Value& value) {
  constexpr double kExact = 9007199254740992.0;  // 2^53: beyond it doubles leave integers out
  if (value.is_int64()) return value.get_int64();
  if (value.is_double() && std::abs(value.get_double()) <= kExact &&
      std::trunc(value.get_double()) == value.get_double())
    return static_cast<int64_t>(value.get_double());
  return std::nullopt;
}

int CompareValues(const Value& a, const Value& b) {
  if (int order = TypeOrder(a) - TypeOrder(b)) return order;
  switch (TypeOrder(a)) {
    case 1:
      return CompareNumbers(a, b);
    case 2:
      return a.get_string().compare(b.get_string());
    case 3:
      return CompareObjects(a.get_object(), b.get_object());
    case 4: {
      const Array &x = a.get_array(), &y = b.get_array();
      for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
        if (int order = CompareValues(x[i], y[i])) return order;
      }
      return Sign(x.size() < y.size(), x.size() > y.size());
    }
    case 5:
      return static_cast<int>(a.get_bool()) - static_cast<int>(b.get_bool());
    default:
      return 0;
  }
}

}  // namespace parquedb
