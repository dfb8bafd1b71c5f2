#include "verify/data_rows.h"

#include <fmt/format.h>

#include "collection/field_scan.h"
#include "model/layout.h"
#include "model/names.h"
#include "model/state_text.h"

namespace parquedb {
namespace {

constexpr std::string_view kTypeColumn = "$type";

// True if the typed value is that of the field; `buffer` is scratch.
bool Agrees(const ScannedFields::Field& field, ColumnType type, const ColumnChunkView& column, size_t row,
            std::string* buffer) {
  bool is_null = column.is_null(static_cast<int64_t>(row));
  if (field.kind == FieldKind::kOther) return is_null && field.text == "null";
  if (is_null) return false;
  switch (type) {
    case ColumnType::kString:
      return field.kind == FieldKind::kString && field.String(buffer) == column.strings[row];
    case ColumnType::kBool:
      return field.kind == FieldKind::kBool && field.Bool() == (column.ints[row] != 0);
    case ColumnType::kInt64:
    case ColumnType::kTimestampMs:
      return field.kind == FieldKind::kInteger && field.integer == column.ints[row];
    case ColumnType::kDouble:
      if (field.kind == FieldKind::kInteger) {
        return IsExactInDouble(field.integer) && static_cast<double>(field.integer) == column.doubles[row];
      }
      return field.kind == FieldKind::kDouble && field.Double() == column.doubles[row];
  }
  return false;
}

}  // namespace

DataRows::DataRows(const std::string& ns, const DataSubject& data, Report& report, bool cut_off)
    : ns_(ns), data_(data), report_(report), cut_off_(cut_off) {}
DataRows::~DataRows() = default;

Status DataRows::Open() {
  const TableReader& table = data_.file->table();
  std::vector<int> columns;
  const TableSchema& schema = table.schema();
  for (size_t i = 0; i < schema.size(); ++i) {
    bool is_typed = !schema[i].name.starts_with('$');
    if (!is_typed && schema[i].name != kTypeColumn) continue;
    if (is_typed) typed_.emplace(schema[i].name, columns.size());
    types_.push_back(schema[i].type);
    columns.push_back(static_cast<int>(i));
  }
  auto cursor = data_.file->Scan();
  auto scanner = table.Scan(0, table.row_group_count(), std::move(columns));
  Status opened = cursor.ok() ? scanner.status() : cursor.status();
  if (!opened.ok()) {
    at_end_ = broken_ = true;
    return report_.Judge(Check::kParquet, {.path = data_.path, .ns = ns_}, opened);
  }
  cursor_ = std::move(*cursor);
  scanner_ = std::move(*scanner);
  return Next().status();
}

Status DataRows::Advance(bool* more) {
  ASSIGN_OR_RETURN(*more, cursor_->Next(&entity_));
  if (!*more) return Status::Ok();
  if (row_in_chunk_ == chunk_.rows) {
    ASSIGN_OR_RETURN(bool chunk, scanner_->Next(&chunk_));
    if (!chunk) return Corruption(data_.path + ": its columns have different numbers of rows");
    row_in_chunk_ = 0;
  }
  return Status::Ok();
}

Result<bool> DataRows::Next() {
  if (at_end_) return false;
  bool more = false;
  Status status = Advance(&more);
  if (!status.ok()) {
    at_end_ = broken_ = true;
    RETURN_IF_ERROR(report_.Judge(Check::kParquet, {.path = data_.path, .ns = ns_}, status));
    return false;
  }
  if (!more) {
    at_end_ = true;
    return false;
  }
  CheckRow();
  ++row_in_chunk_;
  ++count_;
  return true;
}

void DataRows::Wrong(const std::string& what) {
  report_.Critical(Check::kParquet, {.path = data_.path, .ns = ns_}, fmt::format("{}: {}", entity_.id, what));
}

void DataRows::CheckRow() {
  auto name = ParseEntityId(entity_.id);
  if (!name.ok() || name->ns != ns_) Wrong("the id does not belong to the namespace");
  term_ = StateDigest::HashOf(IdToTarget(entity_.id), EncodeState(entity_));
  digest_.AddHash(term_);
  CheckTyped(static_cast<size_t>(row_in_chunk_));
  CheckBloom();
}

void DataRows::CheckTyped(size_t row) {
  size_t present = 0;
  std::string buffer;
  Status scanned = fields_.Scan(entity_.data);
  if (!scanned.ok()) return Wrong(scanned.message());
  for (const ScannedFields::Field& field : fields_.fields()) {
    auto column = typed_.find(field.name);
    if (column == typed_.end()) continue;
    const ColumnChunkView& values = chunk_.columns[column->second];
    if (!Agrees(field, types_[column->second], values, row, &buffer)) {
      Wrong("the typed column '" + column->first + "' is not what $data says");
    }
    if (!values.is_null(static_cast<int64_t>(row))) ++present;
  }
  for (const auto& [name, index] : typed_) {
    if (!chunk_.columns[index].is_null(static_cast<int64_t>(row))) --present;
  }
  if (present != 0) Wrong("a typed column has a value that $data has not");
  std::string_view type = chunk_.columns[0].strings[row];  // $type comes before every typed column
  if (type != ns_) Wrong("$type is '" + std::string(type) + "'");
}

void DataRows::CheckBloom() {
  const TableReader& table = data_.file->table();
  while (row_group_ + 1 < table.row_group_count() && count_ >= table.row_group_first_row(row_group_ + 1)) ++row_group_;
  if (!data_.bloom || cut_off_) return;
  if (data_.bloom->MayContain(entity_.id) && data_.bloom->RowGroupMayContain(row_group_, entity_.id)) return;
  report_.Critical(Check::kIndexes, {.path = BloomPath(ns_), .ns = ns_}, "a false negative: it denies " + entity_.id);
}

void DataRows::CheckFooter() {
  const std::string& digest = data_.file->footer().digest;
  if (broken_ || digest.empty() || digest == digest_.Hex()) return;
  report_.Critical(Check::kParquet, {.path = data_.path, .ns = ns_},
                   "the digest in its footer is not that of its rows");
}

}  // namespace parquedb
