// TableReader for Parquet files of any writer, through Arrow. Inside this folder only.
#pragma once

#include <memory>
#include <string>

#include "columnar/table.h"

namespace parquedb {

// Errors as of TableReader::Open.
Result<std::shared_ptr<TableReader>> OpenArrowTable(std::shared_ptr<const ReadableFile> file, std::string name);

}  // namespace parquedb
