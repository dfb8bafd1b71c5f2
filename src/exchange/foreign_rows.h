// Rows of a foreign table as JSON records.
#pragma once

#include <memory>

#include "columnar/foreign_table.h"
#include "exchange/line_reader.h"
#include "parquedb/progress.h"

namespace parquedb {

// Each row as a JSON object; its "line" is the number of the row, from 1. Binary becomes base64 (RFC 4648). With a
// $data column the own fields are what it says, and columns without $ are left aside, as in CSV. kInvalidData: a
// top-level name with $ that is no system column, a name that comes twice, and what ForeignTable calls damaged or
// without counterpart.
// `progress` (may be null): rows read.
Result<std::unique_ptr<RawRecordReader>> ReadForeignRows(std::unique_ptr<ForeignTable> table, Progress* progress);

}  // namespace parquedb
