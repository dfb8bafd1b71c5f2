#include "query/column_plan.h"

#include <algorithm>

#include "query/filter_node.h"
#include "query/value_set.h"

namespace parquedb {
namespace {

using Node = Filter::Node;

// $in without null: what equals one of the values, or matches one of the patterns.
std::optional<ValueSet> In(ColumnKind kind, const Node& node) {
  ValueSet set;
  for (const Value& value : node.operand.get_array()) {
    if (value.is_null()) return std::nullopt;
    ValueSet equal = ValueSet::Compared(kind, FilterOp::kEq, value);
    set.integers.insert(set.integers.end(), equal.integers.begin(), equal.integers.end());
    set.numbers.insert(set.numbers.end(), equal.numbers.begin(), equal.numbers.end());
    set.texts.insert(set.texts.end(), equal.texts.begin(), equal.texts.end());
  }
  if (!node.regex.empty() && kind == ColumnKind::kTime) return std::nullopt;
  if (kind == ColumnKind::kText) set.patterns = node.regex;
  set.Add({});
  return set;
}

std::optional<ValueSet> OfType(ColumnKind kind, uint32_t types) {
  constexpr uint32_t kWhole = kTypeInt | kTypeLong, kNumbers = kWhole | kTypeDouble;
  uint32_t held = kind == ColumnKind::kInteger  ? kWhole
                  : kind == ColumnKind::kNumber ? kNumbers
                  : kind == ColumnKind::kBool   ? uint32_t{kTypeBool}
                                                : uint32_t{kTypeString};
  if ((types & kTypeNull) != 0) return std::nullopt;  // a missing field has no type
  if ((types & held) == held) return ValueSet::All(kind);
  if ((types & held) == 0) return ValueSet();
  return std::nullopt;
}

// The values of the column for which the node holds; nothing if they do not tell.
std::optional<ValueSet> ValuesOf(const Node& node, ColumnKind kind) {
  switch (node.op) {
    case FilterOp::kEq:
    case FilterOp::kGt:
    case FilterOp::kGte:
    case FilterOp::kLt:
    case FilterOp::kLte:
      if (node.operand.is_null()) return std::nullopt;
      return ValueSet::Compared(kind, node.op, node.operand);
    case FilterOp::kIn:
      return In(kind, node);
    case FilterOp::kType:
      return OfType(kind, node.types);
    case FilterOp::kRegex: {
      if (kind == ColumnKind::kTime) return std::nullopt;
      ValueSet set;
      if (kind == ColumnKind::kText) set.patterns = node.regex;
      return set;
    }
    case FilterOp::kSize:
    case FilterOp::kElementMatches:
    case FilterOp::kObjectMatches:
      return ValueSet();  // no column holds an array
    default:
      return std::nullopt;
  }
}

// Conditions on one column become one.
void AddToAnd(ColumnCondition condition, ColumnCondition* all) {
  if (condition.kind == ColumnCondition::Kind::kAnd) {
    for (ColumnCondition& child : condition.children) AddToAnd(std::move(child), all);
    return;
  }
  if (condition.kind == ColumnCondition::Kind::kColumn && condition.values->patterns.empty()) {
    for (ColumnCondition& there : all->children) {
      if (there.kind != ColumnCondition::Kind::kColumn || there.column != condition.column) continue;
      if (!there.values->patterns.empty()) continue;
      ValueSet both = *there.values;
      both.Intersect(*condition.values);
      there.values = std::make_shared<const ValueSet>(std::move(both));
      return;
    }
  }
  all->children.push_back(std::move(condition));
}

ColumnPlan Plan(const Node& node, const ColumnCatalog& columns) {
  if (node.op == FilterOp::kAnd) {
    ColumnCondition all{.kind = ColumnCondition::Kind::kAnd};
    ColumnPlan plan{.condition = {}, .is_exact = true};
    for (const Node& child : node.children) {
      ColumnPlan part = Plan(child, columns);
      plan.is_exact = plan.is_exact && part.is_exact;
      if (part.condition) AddToAnd(std::move(*part.condition), &all);
    }
    if (all.children.size() == 1) {
      plan.condition = std::move(all.children.front());
    } else if (!all.children.empty()) {
      plan.condition = std::move(all);
    }
    return plan;
  }
  if (node.op == FilterOp::kOr) {
    ColumnCondition any{.kind = ColumnCondition::Kind::kOr};
    bool is_exact = true;
    for (const Node& child : node.children) {
      ColumnPlan part = Plan(child, columns);
      if (!part.condition) return {};  // whether it holds for every row or none is known: the document has to tell
      is_exact = is_exact && part.is_exact;
      any.children.push_back(std::move(*part.condition));
    }
    return {std::move(any), is_exact};
  }
  if (node.path.size() != 1) return {};  // no column is reached through a dot
  auto column = columns.find(node.path.front());
  if (column == columns.end()) return {};
  auto values = ValuesOf(node, column->second);
  if (!values) return {};
  return {ColumnCondition{.kind = ColumnCondition::Kind::kColumn,
                          .column = column->first,
                          .values = std::make_shared<const ValueSet>(std::move(*values))},
          true};
}

void Collect(const ColumnCondition& condition, std::vector<std::string>* names) {
  for (const ColumnCondition& child : condition.children) Collect(child, names);
  if (condition.kind != ColumnCondition::Kind::kColumn) return;
  if (std::find(names->begin(), names->end(), condition.column) == names->end()) names->push_back(condition.column);
}

}  // namespace

ColumnPlan PlanColumns(const Filter& filter, const ColumnCatalog& columns) { return Plan(filter.root(), columns); }

std::vector<std::string> ColumnsOf(const ColumnCondition& condition) {
  std::vector<std::string> names;
  Collect(condition, &names);
  return names;
}

}  // namespace parquedb
