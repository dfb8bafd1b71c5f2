// Sets of the values that a column can hold, as intervals; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "document/value.h"
#include "query/column_plan.h"
#include "query/regex.h"

namespace parquedb {

enum class FilterOp;

// Of the members only that of the column's kind is used. Intervals ascend and do not overlap.
struct ValueSet {
  struct Integers {  // of kInteger, kBool and kTime; inclusive
    int64_t first, last;
    bool operator==(const Integers&) const = default;
  };
  struct Numbers {  // inclusive
    double first, last;
    bool operator==(const Numbers&) const = default;
  };
  struct Texts {  // `end` is not in it; none: all texts from `first` on
    std::string first;
    std::optional<std::string> end;
    bool operator==(const Texts&) const = default;
  };
  std::vector<Integers> integers;
  std::vector<Numbers> numbers;
  std::vector<Texts> texts;
  std::vector<Regex> patterns;  // texts in which one of them is found are in the set, too

  static ValueSet All(ColumnKind kind);
  // The values for which the comparison (kEq, kGt, kGte, kLt, kLte) holds. An operand of another type, null among them:
  // none.
  static ValueSet Compared(ColumnKind kind, FilterOp op, const Value& operand);

  bool Has(int64_t value) const;
  bool Has(double value) const;
  bool Has(std::string_view value) const;
  bool empty() const { return integers.empty() && numbers.empty() && texts.empty() && patterns.empty(); }

  // Of the values from `low` to `high`, both included.
  Coverage Covers(int64_t low, int64_t high) const;
  Coverage Covers(double low, double high) const;
  Coverage Covers(std::string_view low, std::string_view high) const;

  void Add(const ValueSet& other);  // the union
  // Keeps what is in `other`, too. Neither has patterns.
  void Intersect(const ValueSet& other);
};

}  // namespace parquedb
