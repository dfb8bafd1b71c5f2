#include "query/value_set.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/check.h"
#include "core/time_text.h"
#include "query/filter_node.h"

namespace parquedb {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr __int128 kSmallest = std::numeric_limits<int64_t>::min();
constexpr __int128 kLargest = std::numeric_limits<int64_t>::max();

// What a comparison leaves of the values `low` to `high`, given how the operand divides them: the greatest value that
// is not above it and the least that is not below it (the same if it is one of them).
template <typename Interval, typename Number, typename Step>
std::vector<Interval> Cut(FilterOp op, Number below, Number above, Interval all, Step step) {
  Interval kept = all;
  switch (op) {
    case FilterOp::kEq:
      if (below != above) return {};
      kept = {static_cast<decltype(all.first)>(std::clamp<Number>(above, all.first, all.last)),
              static_cast<decltype(all.first)>(std::clamp<Number>(below, all.first, all.last))};
      return above < all.first || below > all.last ? std::vector<Interval>() : std::vector<Interval>{kept};
    case FilterOp::kGt:
      above = step(below, 1);
      [[fallthrough]];
    case FilterOp::kGte:
      if (above > all.last) return {};
      kept.first = static_cast<decltype(all.first)>(std::max<Number>(above, all.first));
      return {kept};
    case FilterOp::kLt:
      below = step(above, -1);
      [[fallthrough]];
    default:
      if (below < all.first) return {};
      kept.last = static_cast<decltype(all.first)>(std::min<Number>(below, all.last));
      return {kept};
  }
}

std::vector<ValueSet::Integers> CutIntegers(FilterOp op, __int128 below, __int128 above, ValueSet::Integers all) {
  return Cut(op, below, above, all, [](__int128 from, int step) { return from + step; });
}

std::vector<ValueSet::Integers> ComparedIntegers(FilterOp op, const Value& operand) {
  __int128 below = 0, above = 0;
  if (operand.is_int64()) {
    below = above = operand.get_int64();
  } else if (operand.is_uint64()) {
    below = above = operand.get_uint64();
  } else {
    constexpr double kBeyond = 1e20;  // further than any integer of 64 bits
    double number = std::clamp(operand.get_double(), -kBeyond, kBeyond);
    below = static_cast<__int128>(std::floor(number));
    above = static_cast<__int128>(std::ceil(number));
  }
  return CutIntegers(op, below, above, {static_cast<int64_t>(kSmallest), static_cast<int64_t>(kLargest)});
}

std::vector<ValueSet::Numbers> ComparedNumbers(FilterOp op, const Value& operand) {
  double below = operand.to_number<double>(), above = below;
  int order = CompareValues(Value(below), operand);  // of the nearest double and the operand
  if (order < 0) above = std::nextafter(below, kInfinity);
  if (order > 0) below = std::nextafter(above, -kInfinity);
  return Cut(op, below, above, ValueSet::Numbers{-kInfinity, kInfinity},
             [](double from, int step) { return std::nextafter(from, step * kInfinity); });
}

std::vector<ValueSet::Texts> ComparedTexts(FilterOp op, std::string text) {
  std::string next = text + '\0';  // no text lies between the two
  switch (op) {
    case FilterOp::kEq:
      return {{std::move(text), std::move(next)}};
    case FilterOp::kGt:
      return {{std::move(next), std::nullopt}};
    case FilterOp::kGte:
      return {{std::move(text), std::nullopt}};
    case FilterOp::kLt:
      return text.empty() ? std::vector<ValueSet::Texts>() : std::vector<ValueSet::Texts>{{"", std::move(text)}};
    default:
      return {{"", std::move(next)}};
  }
}

// The texts of times ascend as the times do.
std::vector<ValueSet::Integers> ComparedTimes(FilterOp op, std::string_view text) {
  int64_t low = kMinTsMs, high = kMaxTsMs + 1;  // the first time whose text is not before `text` is among these
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    if (FormatTime(middle) < text) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  bool is_time = low <= kMaxTsMs && FormatTime(low) == text;
  return CutIntegers(op, is_time ? low : low - 1, low, {kMinTsMs, kMaxTsMs});
}

bool EndsBefore(const ValueSet::Integers& interval, int64_t value) { return interval.last < value; }
bool EndsBefore(const ValueSet::Numbers& interval, double value) { return interval.last < value; }
bool EndsBefore(const ValueSet::Texts& interval, std::string_view value) {
  return interval.end && std::string_view(*interval.end) <= value;
}

// The first interval that does not end before the value; null: none.
template <typename Interval, typename T>
const Interval* NotBefore(const std::vector<Interval>& intervals, T value) {
  auto found =
      std::partition_point(intervals.begin(), intervals.end(), [&](const auto& i) { return EndsBefore(i, value); });
  return found == intervals.end() ? nullptr : &*found;
}

template <typename Interval, typename T>
bool IsIn(const std::vector<Interval>& intervals, T value) {
  const Interval* near = NotBefore(intervals, value);
  return near != nullptr && near->first <= value;
}

template <typename Interval, typename T>
Coverage CoverageOf(const std::vector<Interval>& intervals, T low, T high) {
  const Interval* near = NotBefore(intervals, low);
  if (near == nullptr || near->first > high) return Coverage::kNone;
  return near->first <= low && !EndsBefore(*near, high) ? Coverage::kAll : Coverage::kSome;
}

bool IsLess(const std::optional<std::string>& a, const std::optional<std::string>& b) {
  return a && (!b || *a < *b);  // no end is the last
}

// Sorted by where they begin; those that overlap become one.
template <typename Interval, typename Overlap, typename Extend>
void Join(std::vector<Interval>* intervals, Overlap overlap, Extend extend) {
  std::sort(intervals->begin(), intervals->end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Interval> joined;
  for (Interval& interval : *intervals) {
    if (!joined.empty() && overlap(joined.back(), interval)) {
      extend(&joined.back(), interval);
    } else {
      joined.push_back(std::move(interval));
    }
  }
  *intervals = std::move(joined);
}

template <typename Interval>
void JoinClosed(std::vector<Interval>* intervals) {
  Join(
      intervals, [](const Interval& a, const Interval& b) { return b.first <= a.last; },
      [](Interval* a, const Interval& b) { a->last = std::max(a->last, b.last); });
}

// Both ascend. `both` makes the common part of two, if there is one; `ends_first` says whether a ends before b.
template <typename Interval, typename Both, typename EndsFirst>
void IntersectSorted(std::vector<Interval>* intervals, const std::vector<Interval>& other, Both both,
                     EndsFirst ends_first) {
  std::vector<Interval> kept;
  auto a = intervals->begin();
  for (auto b = other.begin(); a != intervals->end() && b != other.end();) {
    if (std::optional<Interval> common = both(*a, *b)) kept.push_back(std::move(*common));
    if (ends_first(*a, *b)) {
      ++a;
    } else {
      ++b;
    }
  }
  *intervals = std::move(kept);
}

template <typename Interval>
void IntersectClosed(std::vector<Interval>* intervals, const std::vector<Interval>& other) {
  IntersectSorted(
      intervals, other,
      [](const Interval& a, const Interval& b) {
        Interval both{std::max(a.first, b.first), std::min(a.last, b.last)};
        return both.first <= both.last ? std::optional<Interval>(both) : std::nullopt;
      },
      [](const Interval& a, const Interval& b) { return a.last < b.last; });
}

void IntersectTexts(std::vector<ValueSet::Texts>* intervals, const std::vector<ValueSet::Texts>& other) {
  using Texts = ValueSet::Texts;
  IntersectSorted(
      intervals, other,
      [](const Texts& a, const Texts& b) {
        Texts both{std::max(a.first, b.first), IsLess(a.end, b.end) ? a.end : b.end};
        return !both.end || both.first < *both.end ? std::optional<Texts>(std::move(both)) : std::nullopt;
      },
      [](const Texts& a, const Texts& b) { return IsLess(a.end, b.end); });
}

}  // namespace

ValueSet ValueSet::All(ColumnKind kind) {
  ValueSet all;
  switch (kind) {
    case ColumnKind::kInteger:
    case ColumnKind::kTime:
      all.integers = {{static_cast<int64_t>(kSmallest), static_cast<int64_t>(kLargest)}};
      break;
    case ColumnKind::kBool:
      all.integers = {{0, 1}};
      break;
    case ColumnKind::kNumber:
      all.numbers = {{-kInfinity, kInfinity}};
      break;
    case ColumnKind::kText:
      all.texts = {{"", std::nullopt}};
      break;
  }
  return all;
}

ValueSet ValueSet::Compared(ColumnKind kind, FilterOp op, const Value& operand) {
  ValueSet set;
  switch (kind) {
    case ColumnKind::kInteger:
      if (operand.is_number()) set.integers = ComparedIntegers(op, operand);
      break;
    case ColumnKind::kNumber:
      if (operand.is_number()) set.numbers = ComparedNumbers(op, operand);
      break;
    case ColumnKind::kBool:
      if (operand.is_bool()) set.integers = CutIntegers(op, operand.get_bool(), operand.get_bool(), {0, 1});
      break;
    case ColumnKind::kText:
      if (operand.is_string()) set.texts = ComparedTexts(op, std::string(TextOf(operand.get_string())));
      break;
    case ColumnKind::kTime:
      if (operand.is_string()) set.integers = ComparedTimes(op, TextOf(operand.get_string()));
      break;
  }
  return set;
}

bool ValueSet::Has(int64_t value) const { return IsIn(integers, value); }
bool ValueSet::Has(double value) const { return IsIn(numbers, value); }
bool ValueSet::Has(std::string_view value) const {
  return IsIn(texts, value) ||
         std::any_of(patterns.begin(), patterns.end(), [&](const Regex& regex) { return regex.Finds(value); });
}

Coverage ValueSet::Covers(int64_t low, int64_t high) const { return CoverageOf(integers, low, high); }
Coverage ValueSet::Covers(double low, double high) const { return CoverageOf(numbers, low, high); }
Coverage ValueSet::Covers(std::string_view low, std::string_view high) const {
  Coverage coverage = CoverageOf(texts, low, high);
  return coverage == Coverage::kNone && !patterns.empty() ? Coverage::kSome : coverage;
}

void ValueSet::Add(const ValueSet& other) {
  integers.insert(integers.end(), other.integers.begin(), other.integers.end());
  numbers.insert(numbers.end(), other.numbers.begin(), other.numbers.end());
  texts.insert(texts.end(), other.texts.begin(), other.texts.end());
  patterns.insert(patterns.end(), other.patterns.begin(), other.patterns.end());
  JoinClosed(&integers);
  JoinClosed(&numbers);
  Join(
      &texts, [](const Texts& a, const Texts& b) { return !a.end || b.first <= *a.end; },
      [](Texts* a, const Texts& b) {
        if (IsLess(a->end, b.end)) a->end = b.end;
      });
}

void ValueSet::Intersect(const ValueSet& other) {
  PARQUEDB_CHECK(patterns.empty() && other.patterns.empty());
  IntersectClosed(&integers, other.integers);
  IntersectClosed(&numbers, other.numbers);
  IntersectTexts(&texts, other.texts);
}

}  // namespace parquedb
