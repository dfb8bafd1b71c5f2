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

Result<std::shared_ptr<TableReader>> TableReader::Open(std::shared_ptr<const ReadableFile> file, std::string name) {
  ASSIGN_OR_RETURN(auto native, OpenNativeTable(file, name));
  if (native != nullptr) return native;
  ASSIGN_OR_RETURN(const ArrowModule* arrow, LoadArrow());
  return arrow->OpenTable(std::move(file), std::move(name));
}

}  // namespace parquedb
