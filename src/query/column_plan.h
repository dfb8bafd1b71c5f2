// What of a filter the columns of a file can decide, so that rows are left out before their documents are read; pure.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "query/filter.h"

namespace parquedb {

// How a column holds a field. Null stands for a field that is null or missing, and for nothing else.
enum class ColumnKind {
  kInteger,  // 64 bits
  kNumber,   // double; an integer among them is exact
  kBool,     // 0 or 1
  kText,
  kTime,  // milliseconds since 1970; the field is their RFC 3339 text
};

// How much of a stretch of values is in a set.
enum class Coverage { kNone, kSome, kAll };

struct ValueSet;

// The columns that hold exactly the top-level fields of their names.
using ColumnCatalog = std::map<std::string, ColumnKind, std::less<>>;

struct ColumnCondition {
  enum class Kind { kAnd, kOr, kColumn };
  Kind kind = Kind::kColumn;
  std::vector<ColumnCondition> children = {};   // of kAnd, kOr
  std::string column = {};                      // of kColumn: its value is there and in the set
  std::shared_ptr<const ValueSet> values = {};  // shared: the header does not need to know it
};

struct ColumnPlan {
  std::optional<ColumnCondition> condition;  // nothing: the columns can't tell
  bool is_exact = false;                     // it holds for a row if and only if the filter does; else only if it does
};

// Operators that null and a missing field answer alike, on fields that are columns, and $and and $or of these. $or
// needs all of its parts. What is left ($ne, $nin, $not, $nor, $exists, null, paths) needs the document.
ColumnPlan PlanColumns(const Filter& filter, const ColumnCatalog& columns);

// The names of the columns, each once, in the order of the condition.
std::vector<std::string> ColumnsOf(const ColumnCondition& condition);

}  // namespace parquedb
