#include "columnar/arrow_module.h"
#include "columnar/native_table.h"
#include "columnar/table.h"

namespace parquedb {

int64_t RowsOf(std::span<const RowSpan> spans) {
  int64_t rows = 0;
  for (const RowSpan& span : spans) rows += span.size();
  return rows;
}

Result<std::shared_ptr<TableReader>> TableReader::Open(std::shared_ptr<const ReadableFile> file, std::string name) {
  ASSIGN_OR_RETURN(auto native, OpenNativeTable(file, name));
  if (native != nullptr) return native;
  ASSIGN_OR_RETURN(const ArrowModule* arrow, LoadArrow());
  return arrow->OpenTable(std::move(file), std::move(name));
}

}  // namespace parquedb
