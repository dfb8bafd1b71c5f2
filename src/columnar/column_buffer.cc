#include "columnar/column_buffer.h"

#include <algorithm>
#include <memory>
#include <vector>

namespace parquedb {
namespace {

constexpr uint64_t kBatchBytes =
    1 << 20;  // bytes of strings in one WriteBatch: large documents would exceed a page's limit

}  // namespace

template <typename Writer, typename Values>
void ColumnBufferAccess::WriteFlat(parquet::ColumnWriter* writer, const ColumnBuffer& buffer, const Values* values) {
  static_cast<Writer*>(writer)->WriteBatch(buffer.rows_, buffer.nullable_ ? buffer.present_.data() : nullptr, nullptr,
                                           values);
}

void ColumnBufferAccess::WriteStrings(parquet::ColumnWriter* writer, const ColumnBuffer& buffer) {
  std::vector<parquet::ByteArray> values;
  int64_t row = 0;
  size_t value = 0;
  while (row < buffer.rows_) {
    // Rows of one call: as many as fit kBatchBytes, at least one.
    values.clear();
    int64_t first = row;
    uint64_t bytes = 0;
    while (row < buffer.rows_ && (row == first || bytes < kBatchBytes)) {
      if (!buffer.nullable_ || buffer.present_[static_cast<size_t>(row)] == 1) {
        uint64_t begin = value == 0 ? 0 : buffer.ends_[value - 1], end = buffer.ends_[value];
        values.emplace_back(static_cast<uint32_t>(end - begin),
                            reinterpret_cast<const uint8_t*>(buffer.arena_.data() + begin));
        bytes += end - begin;
        ++value;
      }
      ++row;
    }
    static_cast<parquet::ByteArrayWriter*>(writer)->WriteBatch(
        row - first, buffer.nullable_ ? buffer.present_.data() + first : nullptr, nullptr, values.data());
  }
}

void ColumnBufferAccess::Write(parquet::ColumnWriter* writer, const ColumnBuffer& buffer, ColumnType type) {
  switch (type) {
    case ColumnType::kInt64:
    case ColumnType::kTimestampMs:
      return WriteFlat<parquet::Int64Writer>(writer, buffer, buffer.ints_.data());
    case ColumnType::kDouble:
      return WriteFlat<parquet::DoubleWriter>(writer, buffer, buffer.doubles_.data());
    case ColumnType::kBool: {
      auto values = std::make_unique<bool[]>(buffer.bools_.size() + 1);
      std::copy(buffer.bools_.begin(), buffer.bools_.end(), values.get());
      return WriteFlat<parquet::BoolWriter>(writer, buffer, values.get());
    }
    case ColumnType::kString:
      return WriteStrings(writer, buffer);
  }
}

}  // namespace parquedb
