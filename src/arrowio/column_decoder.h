// Turns what Parquet's column readers give into ColumnChunkViews: nulls in their places, texts in an arena. Inside this
// folder only.
#pragma once

#include <parquet/column_reader.h>

#include <string>
#include <vector>

#include "columnar/table.h"

namespace parquedb {

// Keeps the texts of the last Read. May throw what Parquet throws.
class ColumnDecoder {
 public:
  explicit ColumnDecoder(const ColumnSpec& spec) : spec_(spec) {}
  // Exactly the next `rows` rows; fewer in the file is kCorruption.
  Status Read(parquet::ColumnReader& reader, int64_t rows, ColumnChunkView* view);
  // Of the next rows those of `wanted`, counted from here; stops behind the last of them.
  Status ReadWanted(parquet::ColumnReader& reader, std::span<const RowSpan> wanted, ColumnChunkView* view);

 private:
  template <typename Reader, typename Put>
  Status ReadValues(parquet::ColumnReader& reader, std::span<const RowSpan> wanted, ColumnChunkView* view, Put put);
  ColumnSpec spec_;
  std::string arena_;
  std::vector<uint64_t> ends_;
};

}  // namespace parquedb
