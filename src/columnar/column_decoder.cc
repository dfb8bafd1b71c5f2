#include "columnar/column_decoder.h"

#include <algorithm>

namespace parquedb {
namespace {

constexpr int64_t kBatchRows = 1024;

Status TooFew() { return Corruption("a column ends before its row group does"); }

}  // namespace

// `take` gets each row in order: a pointer to its value, or null.
template <typename Reader, typename Take>
Status ColumnDecoder::ReadValues(parquet::ColumnReader& reader, int64_t rows, ColumnChunkView* view, Take take) {
  using T = typename Reader::T;
  auto& typed = static_cast<Reader&>(reader);
  std::unique_ptr<T[]> values(new T[static_cast<size_t>(std::min(rows, kBatchRows))]);
  std::vector<int16_t> levels(spec_.nullable ? static_cast<size_t>(std::min(rows, kBatchRows)) : 0);
  view->valid.clear();
  int64_t done = 0;
  while (done < rows) {
    if (!typed.HasNext()) return TooFew();
    int64_t count = 0;
    int64_t got = typed.ReadBatch(std::min(rows - done, kBatchRows), spec_.nullable ? levels.data() : nullptr, nullptr,
                                  values.get(), &count);
    if (got == 0 && count == 0) return TooFew();
    if (!spec_.nullable) {
      for (int64_t i = 0; i < count; ++i) take(&values[static_cast<size_t>(i)]);
      done += count;
      continue;
    }
    int64_t value = 0;
    for (int64_t i = 0; i < got; ++i) {
      bool present = levels[static_cast<size_t>(i)] == 1;
      view->valid.push_back(present ? 1 : 0);
      take(present ? &values[static_cast<size_t>(value++)] : nullptr);
    }
    done += got;
  }
  return Status::Ok();
}

Status ColumnDecoder::Read(parquet::ColumnReader& reader, int64_t rows, ColumnChunkView* view) {
  view->ints.clear();
  view->doubles.clear();
  view->strings.clear();
  switch (spec_.type) {
    case ColumnType::kInt64:
    case ColumnType::kTimestampMs:
      return ReadValues<parquet::Int64Reader>(
          reader, rows, view, [view](const int64_t* value) { view->ints.push_back(value ? *value : 0); });
    case ColumnType::kBool:
      return ReadValues<parquet::BoolReader>(
          reader, rows, view, [view](const bool* value) { view->ints.push_back(value && *value ? 1 : 0); });
    case ColumnType::kDouble:
      return ReadValues<parquet::DoubleReader>(
          reader, rows, view, [view](const double* value) { view->doubles.push_back(value ? *value : 0); });
    case ColumnType::kString:
      break;
  }
  arena_.clear();
  ends_.clear();
  RETURN_IF_ERROR(ReadValues<parquet::ByteArrayReader>(reader, rows, view, [this](const parquet::ByteArray* value) {
    if (value != nullptr) arena_.append(reinterpret_cast<const char*>(value->ptr), value->len);
    ends_.push_back(arena_.size());
  }));
  uint64_t begin = 0;
  for (uint64_t end : ends_) {
    view->strings.push_back(std::string_view(arena_).substr(begin, end - begin));
    begin = end;
  }
  return Status::Ok();
}

Status ColumnDecoder::Skip(parquet::ColumnReader& reader, int64_t rows) {
  while (rows > 0) {
    int64_t skipped = 0;
    switch (spec_.type) {
      case ColumnType::kInt64:
      case ColumnType::kTimestampMs:
        skipped = static_cast<parquet::Int64Reader&>(reader).Skip(rows);
        break;
      case ColumnType::kBool:
        skipped = static_cast<parquet::BoolReader&>(reader).Skip(rows);
        break;
      case ColumnType::kDouble:
        skipped = static_cast<parquet::DoubleReader&>(reader).Skip(rows);
        break;
      case ColumnType::kString:
        skipped = static_cast<parquet::ByteArrayReader&>(reader).Skip(rows);
        break;
    }
    if (skipped == 0) return TooFew();
    rows -= skipped;
  }
  return Status::Ok();
}

}  // namespace parquedb
