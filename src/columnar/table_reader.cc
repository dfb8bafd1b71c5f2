#include <algorithm>

#include "columnar/arrow_module.h"
#include "columnar/native_table.h"
#include "columnar/table.h"

namespace parquedb {

int64_t RowsOf(std::span<const RowSpan> spans) {
  int64_t rows = 0;
  for (const RowSpan& span : spans) rows += span.size();
  return rows;
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
