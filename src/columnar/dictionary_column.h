// A text column of a row group as its dictionary and one index a row. Inside this folder only.
#pragma once

#include <parquet/column_reader.h>

#include "columnar/table.h"

namespace parquedb {

// Reads `rows` rows of a column without nulls, from its pages in order. Pages that left the dictionary add their values
// one by one. kCorruption: fewer rows, an index outside the dictionary, an encoding of another kind. May throw what
// Parquet throws.
Status ReadDictionaryPages(parquet::PageReader& pages, const parquet::ColumnDescriptor& column, int64_t rows,
                           DictionaryColumn* out);

}  // namespace parquedb
