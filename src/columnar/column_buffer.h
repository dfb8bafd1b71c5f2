// What a filled column holds, for those who write it. TableWriter and its outputs only.
#pragma once

#include <string>
#include <vector>

#include "columnar/table.h"

namespace parquedb {

// A column's texts as they lie one behind the other.
struct TextColumn {
  const char* texts = nullptr;
  const uint64_t* ends = nullptr;    // of each present text
  const int16_t* present = nullptr;  // one a row; null: all are
  int64_t rows = 0;
};

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
  // Definition levels, one a row; null: every row has a value.
  static const int16_t* Present(const ColumnBuffer& buffer) {
    return buffer.nullable_ ? buffer.present_.data() : nullptr;
  }
  // Of the column's type, those that are there.
  static const std::vector<int64_t>& Ints(const ColumnBuffer& buffer) { return buffer.ints_; }
  static const std::vector<double>& Doubles(const ColumnBuffer& buffer) { return buffer.doubles_; }
  static const std::vector<bool>& Bools(const ColumnBuffer& buffer) { return buffer.bools_; }
  static TextColumn Text(const ColumnBuffer& buffer) {
    return {
        .texts = buffer.arena_.data(), .ends = buffer.ends_.data(), .present = Present(buffer), .rows = buffer.rows_};
  }
};

}  // namespace parquedb
