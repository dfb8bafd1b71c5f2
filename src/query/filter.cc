#include "query/filter.h"

#include <vector>

#include "query/value_order.h"

namespace parquedb {

enum class FilterOp { kAnd, kOr, kNor, kNot, kEq, kNe, kGt, kGte, kLt, kLte, kIn, kNin, kExists };

struct Filter::Node {
  FilterOp op = FilterOp::kAnd;
  Path path;
  Value operand;
  std::vector<Node> children;
};

namespace {

using Node = Filter::Node;
using Names = std::set<std::string, std::less<>>;

std::optional<FilterOp> ParseFieldOperator(std::string_view name) {
  static const std::pair<std::string_view, FilterOp> kOperators[] = {
      {"$eq", FilterOp::kEq},         {"$ne", FilterOp::kNe},   {"$gt", FilterOp::kGt}, {"$gte", FilterOp::kGte},
      {"$lt", FilterOp::kLt},         {"$lte", FilterOp::kLte}, {"$in", FilterOp::kIn}, {"$nin", FilterOp::kNin},
      {"$exists", FilterOp::kExists}, {"$not", FilterOp::kNot}};
  for (auto [known, op] : kOperators) {
    if (known == name) return op;
  }
  return std::nullopt;
}

Status UnknownOperator(std::string_view name) {
  return InvalidArgument("unknown operator " + std::string(name),
                         "operators are $eq $ne $gt $gte $lt $lte $in $nin $exists $not, and $and $or $nor at the top");
}

bool IsOperatorObject(const Value& value) {
  return value.is_object() && !value.get_object().empty() && TextOf(value.get_object().begin()->key()).starts_with('$');
}

Result<Node> CompileOperators(const Path& path, const Object& operators);

Result<Node> CompileOperator(const Path& path, std::string_view name, const Value& operand) {
  auto op = ParseFieldOperator(name);
  if (!op) return UnknownOperator(name);
  Node node{.op = *op, .path = path, .operand = operand, .children = {}};
  if ((*op == FilterOp::kIn || *op == FilterOp::kNin) && !operand.is_array())
    return InvalidArgument(std::string(name) + " needs an array");
  if (*op == FilterOp::kExists) {
    if (!operand.is_bool() && !operand.is_int64()) return InvalidArgument("$exists needs true or false");
    node.operand = operand.is_bool() ? operand.get_bool() : operand.get_int64() != 0;
  }
  if (*op == FilterOp::kNot) {
    if (!IsOperatorObject(operand)) return InvalidArgument("$not needs an object of operators");
    ASSIGN_OR_RETURN(Node inner, CompileOperators(path, operand.get_object()));
    node.children.push_back(std::move(inner));
  }
  return node;
}

Result<Node> CompileOperators(const Path& path, const Object& operators) {
  Node all{.op = FilterOp::kAnd, .path = {}, .operand = nullptr, .children = {}};
  for (const auto& member : operators) {
    if (!TextOf(member.key()).starts_with('$'))
      return InvalidArgument("operators and the plain name '" + std::string(TextOf(member.key())) +
                             "' stand side by side");
    ASSIGN_OR_RETURN(Node node, CompileOperator(path, TextOf(member.key()), member.value()));
    all.children.push_back(std::move(node));
  }
  return all;
}

Result<Node> CompileObject(const Value& filter, const Names& system_fields) {
  if (!filter.is_object()) return InvalidArgument("a filter must be a JSON object");
  Node all{.op = FilterOp::kAnd, .path = {}, .operand = nullptr, .children = {}};
  for (const auto& member : filter.get_object()) {
    std::string_view name = TextOf(member.key());
    std::string_view head = name.substr(0, name.find('.'));
    if (name.starts_with('$') && !system_fields.contains(head)) {
      std::optional<FilterOp> op;
      if (name == "$and") op = FilterOp::kAnd;
      if (name == "$or") op = FilterOp::kOr;
      if (name == "$nor") op = FilterOp::kNor;
      if (!op) return UnknownOperator(name);
      if (!member.value().is_array() || member.value().get_array().empty())
        return InvalidArgument(std::string(name) + " needs an array of filters");
      Node node{.op = *op, .path = {}, .operand = nullptr, .children = {}};
      for (const Value& part : member.value().get_array()) {
        ASSIGN_OR_RETURN(Node child, CompileObject(part, system_fields));
        node.children.push_back(std::move(child));
      }
      all.children.push_back(std::move(node));
      continue;
    }
    ASSIGN_OR_RETURN(Path path, ParsePathText(name));
    if (IsOperatorObject(member.value())) {
      ASSIGN_OR_RETURN(Node node, CompileOperators(path, member.value().get_object()));
      all.children.push_back(std::move(node));
    } else {
      all.children.push_back({.op = FilterOp::kEq, .path = std::move(path), .operand = member.value(), .children = {}});
    }
  }
  return all;
}

// Comparison of one value; only values of the operand's type compare (null with null, too).
bool Holds(FilterOp op, const Value& value, const Value& operand) {
  if (TypeOrder(value) != TypeOrder(operand)) return false;
  int order = CompareValues(value, operand);
  switch (op) {
    case FilterOp::kEq:
      return order == 0;
    case FilterOp::kGt:
      return order > 0;
    case FilterOp::kGte:
      return order >= 0;
    case FilterOp::kLt:
      return order < 0;
    case FilterOp::kLte:
      return order <= 0;
    default:
      return false;
  }
}

// True if a value at the path, or an element of an array there, satisfies the comparison. A missing value is like null.
bool AnyAt(const Value& document, const Path& path, FilterOp op, const Value& operand) {
  return WalkPath(document, path, 0, [&](const Value* value) {
    if (value == nullptr)
      return operand.is_null() && (op == FilterOp::kEq || op == FilterOp::kGte || op == FilterOp::kLte);
    if (Holds(op, *value, operand)) return true;
    if (!value->is_array()) return false;
    for (const Value& element : value->get_array()) {
      if (Holds(op, element, operand)) return true;
    }
    return false;
  });
}

bool InAt(const Value& document, const Path& path, const Array& operands) {
  for (const Value& operand : operands) {
    if (AnyAt(document, path, FilterOp::kEq, operand)) return true;
  }
  return false;
}

bool Evaluate(const Node& node, const Value& document) {
  switch (node.op) {
    case FilterOp::kAnd:
      for (const Node& child : node.children) {
        if (!Evaluate(child, document)) return false;
      }
      return true;
    case FilterOp::kOr:
    case FilterOp::kNor:
      for (const Node& child : node.children) {
        if (Evaluate(child, document)) return node.op == FilterOp::kOr;
      }
      return node.op == FilterOp::kNor;
    case FilterOp::kNot:
      return !Evaluate(node.children[0], document);
    case FilterOp::kNe:
      return !AnyAt(document, node.path, FilterOp::kEq, node.operand);
    case FilterOp::kIn:
      return InAt(document, node.path, node.operand.get_array());
    case FilterOp::kNin:
      return !InAt(document, node.path, node.operand.get_array());
    case FilterOp::kExists: {
      bool exists = WalkPath(document, node.path, 0, [](const Value* value) { return value != nullptr; });
      return exists == node.operand.get_bool();
    }
    default:
      return AnyAt(document, node.path, node.op, node.operand);
  }
}

}  // namespace

Result<Filter> Filter::Compile(const Value& filter, const Names& system_fields) {
  ASSIGN_OR_RETURN(Node root, CompileObject(filter, system_fields));
  Filter compiled;
  compiled.root_ = std::make_shared<const Node>(std::move(root));
  return compiled;
}

const Names& Filter::EntityFields() {
  static const Names kFields = {"$id",        "$type",      "$version",   "$createdAt",
                                "$createdBy", "$updatedAt", "$updatedBy", "$links"};
  return kFields;
}

bool Filter::Matches(const Value& document) const { return Evaluate(*root_, document); }
bool Filter::matches_all() const { return root_->op == FilterOp::kAnd && root_->children.empty(); }

}  // namespace parquedb
