// Puts a filled column through Parquet's own writer of it. Inside this folder only.
#pragma once

#include <parquet/column_writer.h>

#include "columnar/column_buffer.h"

namespace parquedb {

// May throw what Parquet throws.
void WriteColumn(parquet::ColumnWriter* writer, const ColumnBuffer& buffer, ColumnType type);

}  // namespace parquedb
