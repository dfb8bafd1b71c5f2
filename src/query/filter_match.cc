#include <algorithm>
#include <limits>

#include "query/filter_node.h"

namespace parquedb {
namespace {

using Node = Filter::Node;

uint32_t TypeOf(const Value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return kTypeNull;
    case boost::json::kind::int64: {
      int64_t number = value.get_int64();
      bool narrow = number >= std::numeric_limits<int32_t>::min() && number <= std::numeric_limits<int32_t>::max();
      return narrow ? kTypeInt : kTypeLong;
    }
    case boost::json::kind::uint64:
      return kTypeLong;
    case boost::json::kind::double_:
      return kTypeDouble;
    case boost::json::kind::string:
      return kTypeString;
    case boost::json::kind::object:
      return kTypeObject;
    case boost::json::kind::array:
      return kTypeArray;
    case boost::json::kind::bool_:
      return kTypeBool;
  }
  return 0;
}

// Only values of one type compare; a missing value is like null.
bool Compares(FilterOp op, const Value* value, const Value& operand) {
  if (value == nullptr) return operand.is_null() && op != FilterOp::kGt && op != FilterOp::kLt;
  if (TypeOrder(*value) != TypeOrder(operand)) return false;
  int order = CompareValues(*value, operand);
  if (op == FilterOp::kEq) return order == 0;
  if (op == FilterOp::kGt) return order > 0;
  if (op == FilterOp::kGte) return order >= 0;
  if (op == FilterOp::kLt) return order < 0;
  return order <= 0;
}

bool FindsAny(const Node& node, const Value& value) {
  if (!value.is_string()) return false;
  return std::any_of(node.regex.begin(), node.regex.end(),
                     [&](const Regex& regex) { return regex.Finds(TextOf(value.get_string())); });
}

bool IsIn(const Node& node, const Value* value) {
  static const Value kMissing = nullptr;
  const Value& wanted = value != nullptr ? *value : kMissing;
  const Array& operands = node.operand.get_array();
  auto less = [](const Value& a, const Value& b) { return CompareValues(a, b) < 0; };
  return std::binary_search(operands.begin(), operands.end(), wanted, less) ||
         (value != nullptr && FindsAny(node, *value));
}

// A double counts without its fraction; one beyond 64 bits has no remainder.
bool LeavesRemainder(const Node& node, const Value& value) {
  __int128 number = 0;
  if (value.is_int64()) {
    number = value.get_int64();
  } else if (value.is_uint64()) {
    number = value.get_uint64();
  } else if (value.is_double() && value.get_double() > -9.3e18 && value.get_double() < 1.85e19) {
    number = static_cast<__int128>(value.get_double());
  } else {
    return false;
  }
  return number % node.divisor == node.remainder;
}

// $elemMatch sees an array among the elements as an object of its indexes.
Object ByIndex(const Array& array) {
  Object object;
  for (size_t i = 0; i < array.size(); ++i) object.emplace(std::to_string(i), array[i]);
  return object;
}

bool ElementMatches(const Node& node, const Value& value) {
  if (!value.is_array()) return false;
  for (const Value& element : value.get_array()) {
    if (node.op == FilterOp::kElementMatches) {
      if (Holds(node.children[0], element)) return true;
    } else if (element.is_object()) {
      if (Holds(node.children[0], element)) return true;
    } else if (element.is_array() && Holds(node.children[0], ByIndex(element.get_array()))) {
      return true;
    }
  }
  return false;
}

// One value at the end of a path; null: nothing is there.
bool HoldsFor(const Node& node, const Value* value) {
  switch (node.op) {
    case FilterOp::kIn:
      return IsIn(node, value);
    case FilterOp::kExists:
      return value != nullptr;
    case FilterOp::kType:
      return value != nullptr && (TypeOf(*value) & node.types) != 0;
    case FilterOp::kRegex:
      return value != nullptr && FindsAny(node, *value);
    case FilterOp::kMod:
      return value != nullptr && LeavesRemainder(node, *value);
    case FilterOp::kSize:
      return value != nullptr && value->is_array() && value->get_array().size() == node.size;
    case FilterOp::kElementMatches:
    case FilterOp::kObjectMatches:
      return value != nullptr && ElementMatches(node, *value);
    case FilterOp::kIsObject:
      return value != nullptr && value->is_object();
    default:
      return Compares(node.op, value, node.operand);
  }
}

bool HoldsSomewhere(const Node& node, const Value& document) {
  return WalkPath(document, node.path, [&](const Value* value, bool by_index) {
    if (HoldsFor(node, value)) return true;
    if (value == nullptr || by_index || !node.elements || !value->is_array()) return false;
    const Array& array = value->get_array();
    return std::any_of(array.begin(), array.end(), [&](const Value& element) { return HoldsFor(node, &element); });
  });
}

}  // namespace

bool Holds(const Node& node, const Value& value) {
  auto holds = [&](const Node& child) { return Holds(child, value); };
  switch (node.op) {
    case FilterOp::kAnd:
      return std::all_of(node.children.begin(), node.children.end(), holds);
    case FilterOp::kOr:
      return std::any_of(node.children.begin(), node.children.end(), holds);
    case FilterOp::kNor:
    case FilterOp::kNot:
      return std::none_of(node.children.begin(), node.children.end(), holds);
    default:
      return HoldsSomewhere(node, value);
  }
}

namespace {

void Collect(const Node& node, std::set<std::string, std::less<>>* names) {
  if (!node.path.empty()) names->insert(node.path.front());
  // What stands below a path is about the values it reaches.
  if (node.op != FilterOp::kAnd && node.op != FilterOp::kOr && node.op != FilterOp::kNor && node.op != FilterOp::kNot)
    return;
  for (const Node& child : node.children) Collect(child, names);
}

}  // namespace

std::set<std::string, std::less<>> Filter::TopFields() const {
  std::set<std::string, std::less<>> names;
  Collect(*root_, &names);
  return names;
}

bool Filter::Matches(const Value& document) const { return Holds(*root_, document); }
bool Filter::matches_all() const { return root_->op == FilterOp::kAnd && root_->children.empty(); }

}  // namespace parquedb
