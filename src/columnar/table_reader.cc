#include "columnar/arrow_table.h"
#include "columnar/native_table.h"
#include "columnar/table.h"

namespace parquedb {

int64_t RowsOf(std::span<const RowSpan> spans) {
  int64_t rows = 0;
  for (const RowSpan& span : spans) rows += span.size();
  return rows;
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
  return OpenArrowTable(std::move(file), std::move(name));
}

}  // namespace parquedb
