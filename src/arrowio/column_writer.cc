#include "arrowio/column_writer.h"

#include <algorithm>
#include <memory>
#include <vector>

namespace parquedb {
namespace {

constexpr uint64_t kBatchBytes =
    1 << 20;  // bytes of strings in one WriteBatch: large documents would exceed a page's limit

template <typename Writer, typename Values>
void WriteFlat(parquet::ColumnWriter* writer, const ColumnBuffer& buffer, const Values* values) {
  static_cast<Writer*>(writer)->WriteBatch(ColumnBufferAccess::Rows(buffer), ColumnBufferAccess::Present(buffer),
                                           nullptr, values);
}

void WriteStrings(parquet::ColumnWriter* writer, const TextColumn& column) {
  std::vector<parquet::ByteArray> values;
  int64_t row = 0;
  size_t value = 0;
  while (row < column.rows) {
    // Rows of one call: as many as fit kBatchBytes, at least one.
    values.clear();
    int64_t first = row;
    uint64_t bytes = 0;
    while (row < column.rows && (row == first || bytes < kBatchBytes)) {
      if (column.present == nullptr || column.present[row] == 1) {
        uint64_t begin = value == 0 ? 0 : column.ends[value - 1], end = column.ends[value];
        values.emplace_back(static_cast<uint32_t>(end - begin), reinterpret_cast<const uint8_t*>(column.texts + begin));
        bytes += end - begin;
        ++value;
      }
      ++row;
    }
    static_cast<parquet::ByteArrayWriter*>(writer)->WriteBatch(
        row - first, column.present != nullptr ? column.present + first : nullptr, nullptr, values.data());
  }
}

}  // namespace

void WriteColumn(parquet::ColumnWriter* writer, const ColumnBuffer& buffer, ColumnType type) {
  switch (type) {
    case ColumnType::kInt64:
    case ColumnType::kTimestampMs:
      return WriteFlat<parquet::Int64Writer>(writer, buffer, ColumnBufferAccess::Ints(buffer).data());
    case ColumnType::kDouble:
      return WriteFlat<parquet::DoubleWriter>(writer, buffer, ColumnBufferAccess::Doubles(buffer).data());
    case ColumnType::kBool: {
      const std::vector<bool>& bools = ColumnBufferAccess::Bools(buffer);
      auto values = std::make_unique<bool[]>(bools.size() + 1);
      std::copy(bools.begin(), bools.end(), values.get());
      return WriteFlat<parquet::BoolWriter>(writer, buffer, values.get());
    }
    case ColumnType::kString:
      return WriteStrings(writer, ColumnBufferAccess::Text(buffer));
  }
}

}  // namespace parquedb
