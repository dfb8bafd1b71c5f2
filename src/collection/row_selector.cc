#include "collection/row_selector.h"

#include <algorithm>

#include "query/value_set.h"

namespace parquedb {
namespace {

std::optional<ColumnKind> KindOf(const ColumnSpec& column) {
  switch (column.type) {
    case ColumnType::kInt64:
      return ColumnKind::kInteger;
    case ColumnType::kTimestampMs:
      return ColumnKind::kTime;
    case ColumnType::kDouble:
      return ColumnKind::kNumber;
    case ColumnType::kBool:
      return ColumnKind::kBool;
    case ColumnType::kString:
      return column.name == "$data" ? std::nullopt : std::optional(ColumnKind::kText);
  }
  return std::nullopt;
}

void Append(RowSpan rows, RowSpans* spans) {
  if (rows.first >= rows.last) return;
  if (!spans->empty() && spans->back().last == rows.first) {
    spans->back().last = rows.last;
  } else {
    spans->push_back(rows);
  }
}

// Of the rows of a page or row group.
Coverage CoverageOf(const TableReader::Bounds& bounds, const ValueSet& values) {
  if (values.empty() || bounds.all_null) return Coverage::kNone;
  Coverage coverage = Coverage::kSome;
  if (bounds.ints)
    coverage = values.Covers(bounds.ints->min, bounds.ints->max);
  else if (bounds.doubles)
    coverage = values.Covers(bounds.doubles->min, bounds.doubles->max);
  else if (bounds.strings)
    coverage = values.Covers(std::string_view(bounds.strings->min), std::string_view(bounds.strings->max));
  return coverage == Coverage::kAll && bounds.has_nulls ? Coverage::kSome : coverage;
}

// Rows of the spans for whose values `holds` is true, in turn.
template <typename Holds>
RowSpans Matching(const RowSpans& spans, const ColumnChunkView& column, const Holds& holds) {
  RowSpans matching;
  size_t at = 0;
  for (const RowSpan& span : spans) {
    for (int64_t row = span.first; row < span.last; ++row, ++at) {
      if ((column.valid.empty() || column.valid[at] != 0) && holds(at)) Append({row, row + 1}, &matching);
    }
  }
  return matching;
}

// Most conditions are one interval; a search among several would be most of the work.
RowSpans MatchingValues(const RowSpans& spans, const ColumnChunkView& column, ColumnType type, const ValueSet& values) {
  if (type == ColumnType::kString) {
    return Matching(spans, column, [&](size_t at) { return values.Has(column.strings[at]); });
  }
  if (type == ColumnType::kDouble) {
    return Matching(spans, column, [&](size_t at) { return values.Has(column.doubles[at]); });
  }
  if (values.integers.size() == 1) {
    const auto [first, last] = values.integers.front();
    return Matching(spans, column, [&](size_t at) { return column.ints[at] >= first && column.ints[at] <= last; });
  }
  return Matching(spans, column, [&](size_t at) { return values.Has(column.ints[at]); });
}

// Works on one row group.
class Selection {
 public:
  Selection(const TableReader& table, int group) : table_(table), group_(group) {}

  // Of `rows` those for which the condition holds.
  Result<RowSpans> Narrow(const ColumnCondition& condition, const RowSpans& rows) {
    if (rows.empty()) return RowSpans();
    switch (condition.kind) {
      case ColumnCondition::Kind::kAnd:
        return NarrowByAll(condition, rows);
      case ColumnCondition::Kind::kOr: {
        RowSpans any;
        for (const ColumnCondition& child : condition.children) {
          ASSIGN_OR_RETURN(RowSpans some, Narrow(child, rows));
          any = Union(any, some);
        }
        return any;
      }
      case ColumnCondition::Kind::kColumn:
        break;
    }
    return NarrowByColumn(condition, rows);
  }

 private:
  struct Bounded {
    RowSpans all;   // the condition holds
    RowSpans open;  // the values have to tell
  };

  // What the page index says.
  Result<Bounded> BoundColumn(const ColumnCondition& condition, const RowSpans& rows) {
    Bounded bounded;
    auto column = table_.column_index(condition.column);
    if (!column) return Corruption(table_.name() + ": there is no column '" + condition.column + "'");
    ASSIGN_OR_RETURN(auto pages, table_.PageBounds(group_, *column));
    for (const TableReader::Bounds& page : pages) {
      Coverage coverage = CoverageOf(page, *condition.values);
      if (coverage == Coverage::kAll) Append(page.rows, &bounded.all);
      if (coverage == Coverage::kSome) Append(page.rows, &bounded.open);
    }
    bounded.all = Intersection(bounded.all, rows);
    bounded.open = Intersection(bounded.open, rows);
    return bounded;
  }

  // The rows that the page index does not rule out.
  Result<RowSpans> Bound(const ColumnCondition& condition, const RowSpans& rows) {
    if (condition.kind == ColumnCondition::Kind::kColumn) {
      ASSIGN_OR_RETURN(Bounded bounded, BoundColumn(condition, rows));
      return Union(bounded.all, bounded.open);
    }
    bool is_or = condition.kind == ColumnCondition::Kind::kOr;
    RowSpans left = is_or ? RowSpans() : rows;
    for (const ColumnCondition& child : condition.children) {
      ASSIGN_OR_RETURN(RowSpans part, Bound(child, is_or ? rows : left));
      left = is_or ? Union(left, part) : std::move(part);
    }
    return left;
  }

  Result<RowSpans> NarrowByAll(const ColumnCondition& condition, const RowSpans& rows) {
    ASSIGN_OR_RETURN(RowSpans left, Bound(condition, rows));
    for (const ColumnCondition& child : condition.children) {
      ASSIGN_OR_RETURN(left, Narrow(child, left));
    }
    return left;
  }

  Result<RowSpans> NarrowByColumn(const ColumnCondition& condition, const RowSpans& rows) {
    ASSIGN_OR_RETURN(Bounded bounded, BoundColumn(condition, rows));
    if (bounded.open.empty()) return std::move(bounded.all);
    int column = *table_.column_index(condition.column);
    TableChunk chunk;
    RETURN_IF_ERROR(table_.ReadSpans(bounded.open, {column}, &chunk));
    return Union(bounded.all, MatchingValues(bounded.open, chunk.columns.front(),
                                             table_.schema()[static_cast<size_t>(column)].type, *condition.values));
  }

  const TableReader& table_;
  int group_;
};

}  // namespace

ColumnCatalog CatalogOf(const DataFile& file) {
  ColumnCatalog catalog;
  for (const ColumnSpec& column : file.table().schema()) {
    if (auto kind = KindOf(column)) catalog.emplace(column.name, *kind);
  }
  return catalog;
}

Coverage CoverageOfGroup(const TableReader& table, int row_group, const ColumnCondition& condition) {
  if (condition.kind == ColumnCondition::Kind::kColumn) {
    auto column = table.column_index(condition.column);
    return column ? CoverageOf(table.row_group_bounds(row_group, *column), *condition.values) : Coverage::kSome;
  }
  bool is_or = condition.kind == ColumnCondition::Kind::kOr;
  Coverage coverage = is_or ? Coverage::kNone : Coverage::kAll;
  for (const ColumnCondition& child : condition.children) {
    Coverage part = CoverageOfGroup(table, row_group, child);
    coverage = is_or ? std::max(coverage, part) : std::min(coverage, part);
  }
  return coverage;
}

Result<RowSpans> SelectRows(const TableReader& table, int row_group, const ColumnCondition& condition) {
  const int64_t first = table.row_group_first_row(row_group);
  const RowSpans all = {{first, first + table.row_group_rows(row_group)}};
  switch (CoverageOfGroup(table, row_group, condition)) {
    case Coverage::kNone:
      return RowSpans();
    case Coverage::kAll:
      return all;
    case Coverage::kSome:
      break;
  }
  return Selection(table, row_group).Narrow(condition, all);
}

RowSpans Union(const RowSpans& a, const RowSpans& b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  RowSpans both;
  auto x = a.begin(), y = b.begin();
  while (x != a.end() || y != b.end()) {
    RowSpan next = y == b.end() || (x != a.end() && x->first <= y->first) ? *x++ : *y++;
    if (!both.empty() && next.first <= both.back().last) {
      both.back().last = std::max(both.back().last, next.last);
    } else {
      both.push_back(next);
    }
  }
  return both;
}

RowSpans Intersection(const RowSpans& a, const RowSpans& b) {
  RowSpans both;
  auto x = a.begin(), y = b.begin();
  while (x != a.end() && y != b.end()) {
    Append({std::max(x->first, y->first), std::min(x->last, y->last)}, &both);
    if (x->last < y->last) {
      ++x;
    } else {
      ++y;
    }
  }
  return both;
}

}  // namespace parquedb
