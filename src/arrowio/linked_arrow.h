// The module in a program that is linked with it.
#pragma once

#include "columnar/arrow_module.h"

namespace parquedb {

// Inside this folder only.
Result<std::unique_ptr<RowGroupOutput>> OpenArrowOutput(PendingFile& file, const TableSchema& schema, int sorted_by,
                                                        const TableWriterOptions& options);
Result<std::unique_ptr<ForeignTable>> OpenArrowForeign(std::shared_ptr<const ReadableFile> file, std::string name);

}  // namespace parquedb
