// What the writer does with a filled column. Inside this folder only.
#pragma once

#include <parquet/column_writer.h>

#include "columnar/table.h"
#include "columnar/text_pages.h"

namespace parquedb {

struct ColumnBufferAccess {
  static void Clear(ColumnBuffer* buffer) {
    buffer->ints_.clear();
    buffer->doubles_.clear();
    buffer->bools_.clear();
    buffer->arena_.clear();
    buffer->ends_.clear();
    buffer->present_.clear();
    buffer->rows_ = 0;
  }
  static void Release(ColumnBuffer* buffer) { std::string().swap(buffer->arena_); }
  static void Prepare(ColumnBuffer* buffer, bool nullable, uint64_t* bytes, const TableWriterOptions& options) {
    buffer->nullable_ = nullable;
    buffer->most_bytes_ = options.row_group_bytes;
    buffer->bytes_ = bytes;
  }

  static int64_t Rows(const ColumnBuffer& buffer) { return buffer.rows_; }
  static TextColumn Text(const ColumnBuffer& buffer) {
    return {.texts = buffer.arena_.data(),
            .ends = buffer.ends_.data(),
            .present = buffer.nullable_ ? buffer.present_.data() : nullptr,
            .rows = buffer.rows_};
  }
  // Through the library's own writer of the column.
  static void Write(parquet::ColumnWriter* writer, const ColumnBuffer& buffer, ColumnType type);

 private:
  template <typename Writer, typename Values>
  static void WriteFlat(parquet::ColumnWriter* writer, const ColumnBuffer& buffer, const Values* values);
  static void WriteStrings(parquet::ColumnWriter* writer, const ColumnBuffer& buffer);
};

}  // namespace parquedb
