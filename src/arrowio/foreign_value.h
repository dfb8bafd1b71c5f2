// One value of an Arrow array, whatever its type. Inside this folder only.
#pragma once

#include <arrow/array.h>
#include <arrow/type.h>

#include "columnar/foreign_table.h"

namespace parquedb {

// kCorruption when values of the type (or of one inside it) can't be given.
Status CheckForeignType(const arrow::DataType& type);
bool IsForeignNull(const arrow::Array& array, int64_t row);
// The value at `row`, which is not null. kInvalidData: it has no counterpart.
Status PutForeignValue(const arrow::Array& array, int64_t row, RowSink* sink);

}  // namespace parquedb
