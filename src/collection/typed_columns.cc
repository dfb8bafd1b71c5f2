#include <algorithm>
#include <set>

#include "collection/data_file.h"
#include "collection/field_scan.h"

namespace parquedb {
namespace {

constexpr size_t kMaxTypedColumns = 300;

std::string FoldCase(std::string_view name) {
  std::string folded(name);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

bool IsColumnName(std::string_view name) {
  if (name.empty() || name.front() == '$') return false;
  return std::none_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '.' || c == '"' || c == '\'' || c == '`';
  });
}

// The one scalar type of all values, if there is one. Nulls don't matter: they are absent from the column.
std::optional<ColumnType> TypeOf(const FieldCounts& counts) {
  if (counts.others > 0) return std::nullopt;
  int kinds = (counts.strings > 0) + (counts.bools > 0) + (counts.integers + counts.doubles > 0);
  if (kinds != 1) return std::nullopt;
  if (counts.strings > 0) return ColumnType::kString;
  if (counts.bools > 0) return ColumnType::kBool;
  if (counts.doubles == 0) return ColumnType::kInt64;
  if (counts.inexact_integers > 0) return std::nullopt;
  return ColumnType::kDouble;
}

int64_t Present(const FieldCounts& counts) { return counts.strings + counts.integers + counts.doubles + counts.bools; }

void Count(const ScannedFields::Field& field, FieldCounts* counts) {
  switch (field.kind) {
    case FieldKind::kString:
      ++counts->strings;
      break;
    case FieldKind::kInteger:
      ++counts->integers;
      if (!IsExactInDouble(field.integer)) ++counts->inexact_integers;
      break;
    case FieldKind::kDouble:
      ++counts->doubles;
      break;
    case FieldKind::kBool:
      ++counts->bools;
      break;
    case FieldKind::kOther:
      if (field.text != "null") ++counts->others;
      break;
  }
}

}  // namespace

void FieldCounter::Add(const ScannedFields& fields) {
  if (numbering_ != fields.numbering()) by_number_.clear();
  numbering_ = fields.numbering();
  for (const ScannedFields::Field& field : fields.fields()) {
    if (field.name.starts_with('$')) continue;
    if (field.name_number != 0 && field.name_number < by_number_.size() && by_number_[field.name_number] != nullptr) {
      Count(field, by_number_[field.name_number]);
      continue;
    }
    auto found = table_.find(field.name);
    if (found == table_.end()) found = table_.emplace(std::string(field.name), FieldCounts()).first;
    Count(field, &found->second);
    if (field.name_number == 0) continue;
    if (by_number_.size() <= field.name_number) by_number_.resize(field.name_number + 1, nullptr);
    by_number_[field.name_number] = &found->second;
  }
}

Status CountFields(std::string_view data, FieldTable* table) {
  ScannedFields fields;
  RETURN_IF_ERROR(fields.Scan(data));
  for (const ScannedFields::Field& field : fields.fields()) {
    if (field.name.starts_with('$')) continue;
    auto found = table->find(field.name);
    if (found == table->end()) found = table->emplace(std::string(field.name), FieldCounts()).first;
    Count(field, &found->second);
  }
  return Status::Ok();
}

TableSchema TypedColumns(const FieldTable& table, int64_t rows, const ColumnNames& before) {
  std::vector<std::pair<int64_t, const FieldTable::value_type*>> candidates;
  for (const auto& field : table) {
    int64_t present = Present(field.second);
    bool frequent = present * 10 >= rows || before.contains(field.first);
    if (present > 0 && frequent && IsColumnName(field.first) && TypeOf(field.second))
      candidates.emplace_back(present, &field);
  }
  // Names that differ in case only would make the file unreadable in some engines: none of them gets a column.
  std::map<std::string, int> spellings;
  for (const auto& [name, counts] : table) ++spellings[FoldCase(name)];
  std::erase_if(candidates, [&](const auto& candidate) { return spellings[FoldCase(candidate.second->first)] > 1; });
  if (candidates.size() > kMaxTypedColumns) {
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    candidates.resize(kMaxTypedColumns);
    std::sort(candidates.begin(), candidates.end(),
              [](const auto& a, const auto& b) { return a.second->first < b.second->first; });
  }
  TableSchema schema;
  for (const auto& [present, field] : candidates) {
    ColumnSpec spec;
    spec.name = field->first;
    spec.type = *TypeOf(field->second);
    spec.nullable = true;
    spec.coding = spec.type == ColumnType::kBool ? ColumnCoding::kPlain : ColumnCoding::kDictionary;
    schema.push_back(spec);
  }
  return schema;
}

ColumnNames DataFile::typed_columns() const {
  ColumnNames names;
  for (const ColumnSpec& column : table().schema()) {
    if (!column.name.starts_with('$')) names.insert(column.name);
  }
  return names;
}

}  // namespace parquedb
