#include "arrowio/column_decoder.h"

#include <algorithm>

namespace parquedb {
namespace {

constexpr int64_t kBatchRows = 1024;

Status TooFew() { return Corruption("a column ends before its row group does"); }

// Rows [first, last) of a batch whose present values lie one behind the other. `row` and `value` go along: how far the
// batch has been looked through.
template <typename T, typename Put>
void PutRows(const T* values, const std::vector<int16_t>& levels, RowSpan rows, int64_t* row, int64_t* value,
             std::vector<uint8_t>* valid, const Put& put) {
  auto present = [&](int64_t at) { return levels[static_cast<size_t>(at)] == 1; };
  for (; *row < rows.first; ++*row) *value += present(*row);
  for (; *row < rows.last; ++*row) {
    valid->push_back(present(*row));
    if (present(*row)) {
      put(&values[(*value)++], 1);
    } else {
      put(static_cast<const T*>(nullptr), 1);
    }
  }
}

}  // namespace

// `put(values, count)` gets the wanted rows in order; no values: so many nulls.
template <typename Reader, typename Put>
Status ColumnDecoder::ReadValues(parquet::ColumnReader& reader, std::span<const RowSpan> wanted, ColumnChunkView* view,
                                 Put put) {
  using T = typename Reader::T;
  auto& typed = static_cast<Reader&>(reader);
  const int64_t rows = wanted.empty() ? 0 : wanted.back().last;
  std::unique_ptr<T[]> values(new T[static_cast<size_t>(std::min(rows, kBatchRows))]);
  std::vector<int16_t> levels(spec_.nullable ? static_cast<size_t>(std::min(rows, kBatchRows)) : 0);
  view->valid.clear();
  size_t next = 0;
  for (int64_t done = 0; done < rows;) {
    if (!typed.HasNext()) return TooFew();
    int64_t count = 0;
    int64_t got = typed.ReadBatch(std::min(rows - done, kBatchRows), spec_.nullable ? levels.data() : nullptr, nullptr,
                                  values.get(), &count);
    if (got == 0 && count == 0) return TooFew();
    const bool dense = !spec_.nullable || got == count;
    const int64_t end = done + (spec_.nullable ? got : count);
    int64_t row = 0, value = 0;
    for (; next < wanted.size() && wanted[next].first < end; ++next) {
      RowSpan part{std::max(wanted[next].first, done) - done, std::min(wanted[next].last, end) - done};
      if (dense) {
        put(&values[static_cast<size_t>(part.first)], part.size());
        if (spec_.nullable) view->valid.insert(view->valid.end(), static_cast<size_t>(part.size()), 1);
      } else {
        PutRows(values.get(), levels, part, &row, &value, &view->valid, put);
      }
      if (wanted[next].last > end) break;
    }
    done = end;
  }
  return Status::Ok();
}

Status ColumnDecoder::Read(parquet::ColumnReader& reader, int64_t rows, ColumnChunkView* view) {
  const RowSpan all{0, rows};
  return ReadWanted(reader, {&all, 1}, view);
}

Status ColumnDecoder::ReadWanted(parquet::ColumnReader& reader, std::span<const RowSpan> wanted,
                                 ColumnChunkView* view) {
  view->ints.clear();
  view->doubles.clear();
  view->strings.clear();
  auto put_into = [](auto* column) {
    return [column](const auto* values, int64_t count) {
      if (values != nullptr)
        column->insert(column->end(), values, values + count);
      else
        column->insert(column->end(), static_cast<size_t>(count), 0);
    };
  };
  switch (spec_.type) {
    case ColumnType::kInt64:
    case ColumnType::kTimestampMs:
      return ReadValues<parquet::Int64Reader>(reader, wanted, view, put_into(&view->ints));
    case ColumnType::kBool:
      return ReadValues<parquet::BoolReader>(reader, wanted, view, put_into(&view->ints));
    case ColumnType::kDouble:
      return ReadValues<parquet::DoubleReader>(reader, wanted, view, put_into(&view->doubles));
    case ColumnType::kString:
      break;
  }
  arena_.clear();
  ends_.clear();
  auto put_texts = [this](const parquet::ByteArray* values, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      if (values != nullptr) arena_.append(reinterpret_cast<const char*>(values[i].ptr), values[i].len);
      ends_.push_back(arena_.size());
    }
  };
  RETURN_IF_ERROR(ReadValues<parquet::ByteArrayReader>(reader, wanted, view, put_texts));
  uint64_t begin = 0;
  for (uint64_t end : ends_) {
    view->strings.push_back(std::string_view(arena_).substr(begin, end - begin));
    begin = end;
  }
  return Status::Ok();
}

}  // namespace parquedb
