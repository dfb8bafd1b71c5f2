// TableReader for the files that TableWriter makes, without Arrow. Inside this folder only.
#pragma once

#include <memory>
#include <string>

#include "columnar/table.h"

namespace parquedb {

// Null if the file is one of another writer, or has what TableWriter does not make: the reader of other files takes it.
// Errors as of TableReader::Open.
Result<std::shared_ptr<TableReader>> OpenNativeTable(std::shared_ptr<const ReadableFile> file, std::string name);

}  // namespace parquedb
