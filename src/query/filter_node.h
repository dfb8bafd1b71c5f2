// A compiled filter: a tree of conditions. Inside of query only.
#pragma once

#include <cstdint>
#include <vector>

#include "query/filter.h"
#include "query/regex.h"
#include "query/value_order.h"

namespace parquedb {

enum class FilterOp {
  // Of conditions.
  kAnd,
  kOr,
  kNor,
  kNot,
  // Of the values that a path reaches; one that holds is enough.
  kEq,
  kGt,
  kGte,
  kLt,
  kLte,
  kIn,
  kExists,
  kType,
  kRegex,
  kMod,
  // Of the array itself that a path reaches.
  kSize,
  kElementMatches,  // $elemMatch with operators: an element for which all children hold
  kObjectMatches,   // $elemMatch with fields: an object among the elements for which the child holds
  kIsObject,        // an object itself: $pull by fields
};

// Bits of $type.
enum TypeBit : uint32_t {
  kTypeNull = 1,
  kTypeInt = 2,  // an integer of 32 bits
  kTypeLong = 4,
  kTypeDouble = 8,
  kTypeString = 16,
  kTypeObject = 32,
  kTypeArray = 64,
  kTypeBool = 128,
};

struct Filter::Node {
  FilterOp op = FilterOp::kAnd;
  Path path = {};                 // empty: the value itself
  bool elements = true;           // an array at the end of the path matches by an element, too
  Value operand = nullptr;        // of comparisons; of $in, an array in BSON's order
  std::vector<Regex> regex = {};  // one, or those of $in
  uint32_t types = 0;             // of $type
  __int128 divisor = 1, remainder = 0;
  size_t size = 0;  // of $size
  std::vector<Node> children = {};
};

bool Holds(const Filter::Node& node, const Value& value);

}  // namespace parquedb
