#include <algorithm>
#include <cmath>

#include "query/filter_node.h"

namespace parquedb {
namespace {

using Node = Filter::Node;
using Names = std::set<std::string, std::less<>>;

// What an operator on a field is compiled with.
struct Field {
  const Path& path;
  bool elements;            // see Node
  const Object& operators;  // all that stand beside it
};

Result<Node> CompileOperators(const Path& path, bool elements, const Object& operators);
Result<Node> CompileObject(const Value& filter, const Names& system_fields);

Node Leaf(FilterOp op, const Field& field) { return {.op = op, .path = field.path, .elements = field.elements}; }

Node Not(Node child) {
  Node node{.op = FilterOp::kNot};
  node.children.push_back(std::move(child));
  return node;
}

bool IsOperatorObject(const Value& value) {
  return value.is_object() && !value.get_object().empty() && TextOf(value.get_object().begin()->key()).starts_with('$');
}

// {"$regex": …} stands for a regular expression where MongoDB takes one as a value.
bool IsRegexValue(const Value& value) {
  return value.is_object() && value.get_object().contains("$regex") &&
         std::all_of(value.get_object().begin(), value.get_object().end(), [](const auto& member) {
           return TextOf(member.key()) == "$regex" || TextOf(member.key()) == "$options";
         });
}

Result<Regex> CompileRegex(const Object& operators) {
  const Value* pattern = operators.if_contains("$regex");
  const Value* options = operators.if_contains("$options");
  if (!pattern->is_string()) return InvalidArgument("$regex needs a string");
  if (options != nullptr && !options->is_string()) return InvalidArgument("$options needs a string");
  return Regex::Compile(TextOf(pattern->get_string()),
                        options != nullptr ? TextOf(options->get_string()) : std::string_view());
}

Result<Node> CompileComparison(FilterOp op, std::string_view name, const Field& field, const Value& operand) {
  // Equality is with the object itself; by the others a pattern would be meant, and they have none.
  if (name != "$eq" && IsRegexValue(operand))
    return InvalidArgument(std::string(name) + " takes no $regex", "use $not for what does not match");
  Node node = Leaf(op, field);
  node.operand = operand;
  return node;
}

Result<Node> CompileIn(std::string_view name, const Field& field, const Value& operand) {
  if (!operand.is_array()) return InvalidArgument(std::string(name) + " needs an array");
  Node node = Leaf(FilterOp::kIn, field);
  Array values;
  for (const Value& value : operand.get_array()) {
    if (IsRegexValue(value)) {
      ASSIGN_OR_RETURN(Regex regex, CompileRegex(value.get_object()));
      node.regex.push_back(std::move(regex));
    } else if (IsOperatorObject(value)) {
      return InvalidArgument(std::string(name) + " takes values and $regex, not " +
                             std::string(TextOf(value.get_object().begin()->key())));
    } else {
      values.push_back(value);
    }
  }
  std::sort(values.begin(), values.end(), [](const Value& a, const Value& b) { return CompareValues(a, b) < 0; });
  node.operand = std::move(values);
  return node;
}

Result<Node> CompileExists(const Field& field, const Value& operand) {
  if (!operand.is_bool() && !operand.is_number()) return InvalidArgument("$exists needs true or false");
  bool wanted = operand.is_bool() ? operand.get_bool() : operand.to_number<double>() != 0;
  Node node = Leaf(FilterOp::kExists, field);
  return wanted ? node : Not(std::move(node));
}

Result<uint32_t> TypeBits(const Value& operand) {
  struct Type {
    std::string_view name;
    int64_t code;  // BSON's; 0: none
    uint32_t bits;
  };
  static constexpr Type kTypes[] = {
      {"double", 1, kTypeDouble}, {"string", 2, kTypeString}, {"object", 3, kTypeObject},
      {"array", 4, kTypeArray},   {"bool", 8, kTypeBool},     {"null", 10, kTypeNull},
      {"int", 16, kTypeInt},      {"long", 18, kTypeLong},    {"number", 0, kTypeInt | kTypeLong | kTypeDouble}};
  std::optional<int64_t> code = WholeNumber(operand);
  for (const Type& type : kTypes) {
    if (operand.is_string() && TextOf(operand.get_string()) == type.name) return type.bits;
    if (code && *code != 0 && *code == type.code) return type.bits;
  }
  return InvalidArgument("$type: there is no type " + WriteJson(operand),
                         "types are string, number, int (32 bits), long, double, bool, object, array, null");
}

Result<Node> CompileType(const Field& field, const Value& operand) {
  Node node = Leaf(FilterOp::kType, field);
  if (!operand.is_array()) {
    ASSIGN_OR_RETURN(node.types, TypeBits(operand));
    return node;
  }
  if (operand.get_array().empty()) return InvalidArgument("$type needs a type, or an array of some");
  for (const Value& type : operand.get_array()) {
    ASSIGN_OR_RETURN(uint32_t bits, TypeBits(type));
    node.types |= bits;
  }
  return node;
}

Result<Node> CompileRegexOperator(const Field& field) {
  ASSIGN_OR_RETURN(Regex regex, CompileRegex(field.operators));
  Node node = Leaf(FilterOp::kRegex, field);
  node.regex.push_back(std::move(regex));
  return node;
}

Result<Node> CompileSize(const Field& field, const Value& operand) {
  auto size = WholeNumber(operand);
  if (!size || *size < 0) return InvalidArgument("$size needs a whole number from 0 on");
  Node node = Leaf(FilterOp::kSize, field);
  node.elements = false;
  node.size = static_cast<size_t>(*size);
  return node;
}

std::optional<__int128> CutToInteger(const Value& value) {
  if (value.is_int64()) return value.get_int64();
  if (value.is_uint64()) return value.get_uint64();
  if (value.is_double() && std::abs(value.get_double()) < 9.2e18) return static_cast<__int128>(value.get_double());
  return std::nullopt;
}

Result<Node> CompileMod(const Field& field, const Value& operand) {
  if (!operand.is_array() || operand.get_array().size() != 2)
    return InvalidArgument("$mod needs an array of divisor and remainder");
  auto divisor = CutToInteger(operand.get_array()[0]), remainder = CutToInteger(operand.get_array()[1]);
  if (!divisor || !remainder) return InvalidArgument("$mod: divisor and remainder are numbers of 64 bits");
  if (*divisor == 0) return InvalidArgument("$mod: the divisor is 0");
  Node node = Leaf(FilterOp::kMod, field);
  node.divisor = *divisor;
  node.remainder = *remainder;
  return node;
}

Result<Node> CompileElemMatch(const Field& field, const Value& operand) {
  if (!operand.is_object()) return InvalidArgument("$elemMatch needs an object");
  std::string_view first = operand.get_object().empty() ? "" : TextOf(operand.get_object().begin()->key());
  bool fields = !first.starts_with('$') || first == "$and" || first == "$or" || first == "$nor";
  Node node = Leaf(fields ? FilterOp::kObjectMatches : FilterOp::kElementMatches, field);
  node.elements = false;
  auto child = fields ? CompileObject(operand, {}) : CompileOperators({}, false, operand.get_object());
  if (!child.ok()) return InvalidArgument("$elemMatch: " + child.status().message(), child.status().hint());
  node.children.push_back(std::move(*child));
  return node;
}

Result<Node> CompileAll(const Field& field, const Value& operand) {
  if (!operand.is_array()) return InvalidArgument("$all needs an array");
  // All of none: MongoDB lets that match nothing.
  Node all{.op = operand.get_array().empty() ? FilterOp::kOr : FilterOp::kAnd};
  size_t element_matches = 0;
  for (const Value& value : operand.get_array()) {
    Node node = Leaf(FilterOp::kEq, field);
    if (IsRegexValue(value)) {
      node.op = FilterOp::kRegex;
      ASSIGN_OR_RETURN(Regex regex, CompileRegex(value.get_object()));
      node.regex.push_back(std::move(regex));
    } else if (value.is_object() && value.get_object().size() == 1 && value.get_object().contains("$elemMatch")) {
      ASSIGN_OR_RETURN(node, CompileElemMatch(field, value.get_object().at("$elemMatch")));
      ++element_matches;
    } else if (IsOperatorObject(value)) {
      return InvalidArgument("$all takes values, $regex and $elemMatch, not " +
                             std::string(TextOf(value.get_object().begin()->key())));
    } else {
      node.operand = value;
    }
    all.children.push_back(std::move(node));
  }
  if (element_matches != 0 && element_matches != all.children.size())
    return InvalidArgument("$all: $elemMatch and values stand side by side");
  return all;
}

Result<Node> CompileNot(const Field& field, const Value& operand) {
  if (!IsOperatorObject(operand)) return InvalidArgument("$not needs an object of operators");
  ASSIGN_OR_RETURN(Node inner, CompileOperators(field.path, field.elements, operand.get_object()));
  return Not(std::move(inner));
}

Status UnknownOperator(std::string_view name) {
  return InvalidArgument("unknown operator " + std::string(name),
                         "operators are $eq $ne $gt $gte $lt $lte $in $nin $exists $type $regex $mod $all $size "
                         "$elemMatch $not, and $and $or $nor at the top");
}

Result<Node> CompileOperator(std::string_view name, const Field& field, const Value& operand) {
  if (name == "$eq") return CompileComparison(FilterOp::kEq, name, field, operand);
  if (name == "$gt") return CompileComparison(FilterOp::kGt, name, field, operand);
  if (name == "$gte") return CompileComparison(FilterOp::kGte, name, field, operand);
  if (name == "$lt") return CompileComparison(FilterOp::kLt, name, field, operand);
  if (name == "$lte") return CompileComparison(FilterOp::kLte, name, field, operand);
  if (name == "$ne") {
    ASSIGN_OR_RETURN(Node equal, CompileComparison(FilterOp::kEq, name, field, operand));
    return Not(std::move(equal));
  }
  if (name == "$in") return CompileIn(name, field, operand);
  if (name == "$nin") {
    ASSIGN_OR_RETURN(Node in, CompileIn(name, field, operand));
    return Not(std::move(in));
  }
  if (name == "$exists") return CompileExists(field, operand);
  if (name == "$type") return CompileType(field, operand);
  if (name == "$regex") return CompileRegexOperator(field);
  if (name == "$mod") return CompileMod(field, operand);
  if (name == "$size") return CompileSize(field, operand);
  if (name == "$all") return CompileAll(field, operand);
  if (name == "$elemMatch") return CompileElemMatch(field, operand);
  if (name == "$not") return CompileNot(field, operand);
  return UnknownOperator(name);
}

Result<Node> CompileOperators(const Path& path, bool elements, const Object& operators) {
  Node all{.op = FilterOp::kAnd};
  for (const auto& member : operators) {
    std::string_view name = TextOf(member.key());
    if (!name.starts_with('$'))
      return InvalidArgument("operators and the plain name '" + std::string(name) + "' stand side by side");
    if (name == "$options") {
      if (!operators.contains("$regex")) return InvalidArgument("$options needs a $regex beside it");
      continue;
    }
    ASSIGN_OR_RETURN(Node node, CompileOperator(name, {path, elements, operators}, member.value()));
    all.children.push_back(std::move(node));
  }
  return all;
}

Result<Node> CompileField(Path path, const Value& condition) {
  if (IsOperatorObject(condition)) return CompileOperators(path, true, condition.get_object());
  return Node{.op = FilterOp::kEq, .path = std::move(path), .operand = condition};
}

Result<Node> CompileLogical(std::string_view name, const Value& operand, const Names& system_fields) {
  Node node;
  if (name == "$and") {
    node.op = FilterOp::kAnd;
  } else if (name == "$or") {
    node.op = FilterOp::kOr;
  } else if (name == "$nor") {
    node.op = FilterOp::kNor;
  } else {
    return UnknownOperator(name);
  }
  if (!operand.is_array() || operand.get_array().empty())
    return InvalidArgument(std::string(name) + " needs an array of filters");
  for (const Value& part : operand.get_array()) {
    if (!part.is_object()) return InvalidArgument(std::string(name) + " needs an array of filters: JSON objects");
    ASSIGN_OR_RETURN(Node child, CompileObject(part, system_fields));
    node.children.push_back(std::move(child));
  }
  return node;
}

Result<Node> CompileObject(const Value& filter, const Names& system_fields) {
  if (!filter.is_object()) return InvalidArgument("a filter must be a JSON object");
  Node all{.op = FilterOp::kAnd};
  for (const auto& member : filter.get_object()) {
    std::string_view name = TextOf(member.key());
    if (name.starts_with('$') && !system_fields.contains(name.substr(0, name.find('.')))) {
      ASSIGN_OR_RETURN(Node node, CompileLogical(name, member.value(), system_fields));
      all.children.push_back(std::move(node));
      continue;
    }
    ASSIGN_OR_RETURN(Path path, ParsePathText(name));
    ASSIGN_OR_RETURN(Node node, CompileField(std::move(path), member.value()));
    all.children.push_back(std::move(node));
  }
  return all;
}

// By fields only objects match, so that {"a":null} does not take what has no fields.
Result<Node> CompileCondition(const Value& condition) {
  std::string_view first;
  if (condition.is_object() && !condition.get_object().empty()) first = TextOf(condition.get_object().begin()->key());
  bool fields =
      condition.is_object() && (!first.starts_with('$') || first == "$and" || first == "$or" || first == "$nor");
  if (!fields && condition.is_object()) return CompileOperators({}, true, condition.get_object());
  if (!fields) return Node{.op = FilterOp::kEq, .elements = false, .operand = condition};
  Node all{.op = FilterOp::kAnd};
  all.children.push_back({.op = FilterOp::kIsObject, .elements = false});
  ASSIGN_OR_RETURN(Node node, CompileObject(condition, {}));
  all.children.push_back(std::move(node));
  return all;
}

}  // namespace

Result<Filter> Filter::Compile(const Value& filter, const Names& system_fields) {
  ASSIGN_OR_RETURN(Node root, CompileObject(filter, system_fields));
  Filter compiled;
  compiled.root_ = std::make_shared<const Node>(std::move(root));
  return compiled;
}

Result<Filter> Filter::CompileElement(const Value& condition) {
  ASSIGN_OR_RETURN(Node root, CompileCondition(condition));
  Filter compiled;
  compiled.root_ = std::make_shared<const Node>(std::move(root));
  return compiled;
}

const Names& Filter::EntityFields() {
  static const Names kFields = {"$id",        "$type",      "$version",   "$createdAt",
                                "$createdBy", "$updatedAt", "$updatedBy", "$links"};
  return kFields;
}

}  // namespace parquedb
