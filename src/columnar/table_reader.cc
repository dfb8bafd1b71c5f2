#include <algorithm>

#include "columnar/arrow_module.h"
#include "columnar/native_table.h"
#include "columnar/table.h"

namespace parquedb {
namespace {

// Parquet's plain encoding of bounds; of any other length they say nothing.
template <typename T>
std::optional<std::pair<T, T>> DecodeRange(std::string_view min, std::string_view max) {
  T low, high;
  if (min.size() != sizeof low || max.size() != sizeof high) return std::nullopt;
  min.copy(reinterpret_cast<char*>(&low), sizeof low);
  max.copy(reinterpret_cast<char*>(&high), sizeof high);
  return std::pair(low, high);
}

}  // namespace

int64_t RowsOf(std::span<const RowSpan> spans) {
  int64_t rows = 0;
  for (const RowSpan& span : spans) rows += span.size();
  return rows;
}

void TableReader::SetRange(ColumnType type, std::string_view min, std::string_view max, Bounds* bounds) {
  switch (type) {
    case ColumnType::kInt64:
    case ColumnType::kTimestampMs:
      if (auto range = DecodeRange<int64_t>(min, max)) bounds->ints = {range->first, range->second};
      break;
    case ColumnType::kBool:
      if (auto range = DecodeRange<uint8_t>(min, max)) bounds->ints = {range->first, range->second};
      break;
    case ColumnType::kDouble:
      if (auto range = DecodeRange<double>(min, max)) bounds->doubles = {range->first, range->second};
      break;
    case ColumnType::kString:
      bounds->strings = {std::string(min), std::string(max)};
      break;
  }
}

Result<TableReader::GroupSpans> TableReader::SpansInRowGroup(std::span<const RowSpan> rows) const {
  if (rows.empty()) return InvalidArgument("no rows were asked for");
  GroupSpans inside{.row_group = row_group_of(rows.front().first), .rows = {}};
  const int group = inside.row_group;
  if (rows.front().first < 0 || group >= row_group_count() ||
      rows.back().last > row_group_first_row(group) + row_group_rows(group)) {
    return InvalidArgument("rows outside of one row group were asked for");
  }
  const int64_t begin = row_group_first_row(group);
  inside.rows.reserve(rows.size());
  for (const RowSpan& span : rows) {
    bool ascends = span.first < span.last && (inside.rows.empty() || inside.rows.back().last <= span.first - begin);
    if (!ascends) return InvalidArgument("rows that don't ascend were asked for");
    inside.rows.push_back({span.first - begin, span.last - begin});
  }
  return inside;
}

Result<RowSpan> TableReader::FindSpan(int row_group, int column, std::string_view value) const {
  const int64_t begin = row_group_first_row(row_group);
  const RowSpan none{begin, begin};
  const auto range = string_range(row_group, column);
  if (range && (value < range->min || value > range->max)) return none;
  ASSIGN_OR_RETURN(auto pages, PageBounds(row_group, column));
  auto first = pages.begin(), last = pages.end();
  while (first != last && first->strings && value > first->strings->max) ++first;
  while (last != first && (last - 1)->strings && value < (last - 1)->strings->min) --last;
  return first == last ? none : RowSpan{first->rows.first, (last - 1)->rows.last};
}

Result<int64_t> TableReader::FindLastRow(int row_group, int column, std::string_view value, int64_t end) const {
  constexpr int64_t kRowsAtOnce = 1024;
  const ColumnSpec& spec = schema()[static_cast<size_t>(column)];
  if (spec.type != ColumnType::kString || spec.nullable)
    return InvalidArgument(name() + ": column " + spec.name + " was searched for a text");
  const int64_t begin = row_group_first_row(row_group);
  TableChunk chunk;
  for (int64_t last = std::min(end, begin + row_group_rows(row_group)); last > begin;) {
    const int64_t first = std::max(begin, last - kRowsAtOnce);
    RETURN_IF_ERROR(ReadRows(first, last - first, {column}, &chunk));
    const auto& texts = chunk.columns.front().strings;
    for (int64_t row = last - 1; row >= first; --row) {
      if (texts[static_cast<size_t>(row - first)] == value) return row;
    }
    last = first;
  }
  return -1;
}

Status TableReader::ReadAsDictionary(int row_group, int column, DictionaryColumn* out) const {
  const int64_t first = row_group_first_row(row_group);
  const RowSpan all{first, first + row_group_rows(row_group)};
  TableChunk chunk;
  if (all.size() > 0) RETURN_IF_ERROR(ReadSpans({&all, 1}, {column}, &chunk));
  out->texts = std::make_shared<std::string>();
  out->values.clear();
  out->indices.clear();
  if (chunk.columns.empty()) return Status::Ok();
  size_t bytes = 0;
  for (std::string_view text : chunk.columns.front().strings) bytes += text.size();
  out->texts->reserve(bytes);  // the values stay where they are
  for (std::string_view text : chunk.columns.front().strings) {
    out->indices.push_back(static_cast<uint32_t>(out->values.size()));
    out->values.push_back({out->texts->data() + out->texts->size(), text.size()});
    out->texts->append(text);
  }
  return Status::Ok();
}

Result<std::shared_ptr<TableReader>> TableReader::Open(std::shared_ptr<const ReadableFile> file, std::string name) {
  ASSIGN_OR_RETURN(auto native, OpenNativeTable(file, name));
  if (native != nullptr) return native;
  ASSIGN_OR_RETURN(const ArrowModule* arrow, LoadArrow());
  return arrow->OpenTable(std::move(file), std::move(name));
}

}  // namespace parquedb
