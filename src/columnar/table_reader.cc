#include <arrow/io/memory.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/bloom_filter.h>
#include <parquet/bloom_filter_reader.h>
#include <parquet/column_reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/page_index.h>
#include <parquet/schema.h>
#include <parquet/statistics.h>

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>

#include "columnar/arrow_io.h"
#include "columnar/column_decoder.h"
#include "columnar/table.h"
#include "core/limits.h"

namespace parquedb {
namespace {

constexpr int64_t kStreamBufferBytes = 64 * 1024;  // read ahead of one column while scanning
constexpr int32_t kThriftStringLimit = 64 << 20;   // a footer text may hold the field counts of a wide file
constexpr uint64_t kMaxFooterBytes = 256 * kMiB;

constexpr uint64_t kChunkBytes = 2u << 20;  // of a scanner, where rows are large; all columns of the file counted

parquet::ReaderProperties ScanProperties() {
  parquet::ReaderProperties properties(ReadingPool());
  properties.enable_buffered_stream();
  properties.set_buffer_size(kStreamBufferBytes);
  properties.set_page_checksum_verification(true);
  properties.set_thrift_string_size_limit(kThriftStringLimit);
  return properties;
}

std::optional<ColumnSpec> SpecOf(const parquet::ColumnDescriptor& column) {
  ColumnSpec spec;
  spec.name = column.name();
  spec.nullable = column.max_definition_level() > 0;
  if (column.max_repetition_level() > 0 || column.max_definition_level() > 1 ||
      column.path()->ToDotVector().size() != 1)
    return std::nullopt;
  switch (column.physical_type()) {
    case parquet::Type::BYTE_ARRAY:
      spec.type = ColumnType::kString;
      return spec;
    case parquet::Type::INT64:
      spec.type = column.logical_type() && column.logical_type()->is_timestamp() ? ColumnType::kTimestampMs
                                                                                 : ColumnType::kInt64;
      return spec;
    case parquet::Type::DOUBLE:
      spec.type = ColumnType::kDouble;
      return spec;
    case parquet::Type::BOOLEAN:
      spec.type = ColumnType::kBool;
      return spec;
    default:
      return std::nullopt;
  }
}

class FileScanner;

class ParquetTable : public TableReader, public std::enable_shared_from_this<ParquetTable> {
 public:
  explicit ParquetTable(std::string name) : name_(std::move(name)) {}

  Status Open(std::shared_ptr<const ReadableFile> file) {
    file_ = std::move(file);
    return Guard([&] {
      source_ = std::make_shared<ReadableSource>(file_);
      RETURN_IF_ERROR(CheckEnds());
      reader_ = parquet::ParquetFileReader::Open(source_, ScanProperties());
      metadata_ = reader_->metadata();
      return ReadSchema();
    });
  }

  const std::string& name() const override { return name_; }
  std::optional<std::string> footer(std::string_view key) const override {
    auto pairs = metadata_->key_value_metadata();
    if (pairs == nullptr) return std::nullopt;
    int index = pairs->FindKey(std::string(key));
    if (index < 0) return std::nullopt;
    return pairs->value(index);
  }
  int64_t row_count() const override { return metadata_->num_rows(); }
  int row_group_count() const override { return metadata_->num_row_groups(); }
  int64_t row_group_rows(int group) const override {
    return first_rows_[static_cast<size_t>(group) + 1] - first_rows_[static_cast<size_t>(group)];
  }
  int64_t row_group_first_row(int group) const override { return first_rows_[static_cast<size_t>(group)]; }
  uint64_t row_group_raw_bytes(int group) const override {
    return static_cast<uint64_t>(metadata_->RowGroup(group)->total_byte_size());
  }
  const TableSchema& schema() const override { return schema_; }
  std::optional<int> column_index(std::string_view name) const override {
    for (size_t i = 0; i < schema_.size(); ++i) {
      if (schema_[i].name == name) return static_cast<int>(i);
    }
    return std::nullopt;
  }

  std::optional<IntRange> int_range(int group, int column) const override {
    auto bounds = Bounds(group, column);
    if (!bounds || bounds->min.size() != 8 || bounds->max.size() != 8) return std::nullopt;
    IntRange range{};
    std::copy_n(bounds->min.data(), 8, reinterpret_cast<char*>(&range.min));
    std::copy_n(bounds->max.data(), 8, reinterpret_cast<char*>(&range.max));
    return range;
  }
  std::optional<StringRange> string_range(int group, int column) const override { return Bounds(group, column); }

  Result<bool> MayContain(int group, int column, std::string_view value) const override {
    bool may = true;
    RETURN_IF_ERROR(Guard([&] {
      if (auto range = Bounds(group, column); range && (value < range->min || value > range->max)) {
        may = false;
        return Status::Ok();
      }
      std::lock_guard lock(mutex_);  // bloom filter readers aren't safe to share
      auto key = std::make_pair(group, column);
      auto known = blooms_.find(key);
      if (known == blooms_.end()) {
        auto of_group = reader_->GetBloomFilterReader().RowGroup(group);
        std::unique_ptr<parquet::BloomFilter> filter = of_group ? of_group->GetColumnBloomFilter(column) : nullptr;
        known = blooms_.emplace(key, std::move(filter)).first;
      }
      if (known->second != nullptr) may = known->second->FindHash(known->second->Hash(value));
      return Status::Ok();
    }));
    return may;
  }

  Result<std::unique_ptr<TableScanner>> Scan(int first, int last, std::vector<int> columns,
                                             int64_t chunk_rows) const override;
  Status ReadRows(int64_t first_row, int64_t rows, const std::vector<int>& columns, TableChunk* chunk) const override;
  Result<RowSpan> FindSpan(int group, int column, std::string_view value) const override;

  // Runs `body`; an exception of the library is damage of this file.
  Status Guard(const std::function<Status()>& body) const {
    try {
      Status status = body();
      return status.ok() ? status : status.With(name_);
    } catch (const std::bad_alloc&) {
      return Corruption(name_ + ": a size in it is larger than memory allows");
    } catch (const std::exception& error) {
      std::string what = error.what();
      for (char& c : what) {
        if (c == '\n') c = ' ';
      }
      return Corruption(name_ + ": can't be read as Parquet: " + what, "parquedb verify");
    }
  }

  std::shared_ptr<parquet::ColumnReader> ColumnOf(int group, int column) const {
    std::lock_guard lock(mutex_);
    return reader_->RowGroup(group)->Column(column);
  }

 private:
  Status CheckEnds() const {
    uint64_t size = file_->size();
    if (size < 12) return Corruption(std::to_string(size) + " bytes are too few for a Parquet file");
    char tail[8];
    RETURN_IF_ERROR(file_->ReadAt(size - 8, tail));
    if (std::string_view(tail + 4, 4) != "PAR1")
      return Corruption("it does not end like a Parquet file: it was cut, or it is another kind of file");
    uint32_t footer;
    std::copy_n(tail, 4, reinterpret_cast<char*>(&footer));
    if (footer > size - 12 || footer > kMaxFooterBytes) {
      return Corruption("footer length " + std::to_string(footer) + " does not fit the file of " +
                        std::to_string(size) + " bytes");
    }
    return Status::Ok();
  }

  Status ReadSchema() {
    for (int i = 0; i < metadata_->num_columns(); ++i) {
      auto spec = SpecOf(*metadata_->schema()->Column(i));
      if (!spec)
        return Unsupported("column " + metadata_->schema()->Column(i)->path()->ToDotString() +
                           " has a type that this version does not read");
      schema_.push_back(*spec);
    }
    first_rows_.push_back(0);
    for (int group = 0; group < metadata_->num_row_groups(); ++group) {
      int64_t rows = metadata_->RowGroup(group)->num_rows();
      if (rows < 0 || rows > metadata_->num_rows()) return Corruption("a row group has an impossible number of rows");
      first_rows_.push_back(first_rows_.back() + rows);
    }
    if (first_rows_.back() != metadata_->num_rows()) return Corruption("its row groups don't add up to its rows");
    return Status::Ok();
  }

  std::optional<StringRange> Bounds(int group, int column) const {
    auto chunk = metadata_->RowGroup(group)->ColumnChunk(column);
    if (!chunk->is_stats_set()) return std::nullopt;
    auto statistics = chunk->statistics();
    if (statistics == nullptr || !statistics->HasMinMax()) return std::nullopt;
    return StringRange{statistics->EncodeMin(), statistics->EncodeMax()};
  }

  // Offset index of a column chunk; null when the file has none.
  std::shared_ptr<parquet::OffsetIndex> Offsets(int group, int column) const {
    std::lock_guard lock(mutex_);
    auto pages = reader_->GetPageIndexReader();
    auto of_group = pages != nullptr ? pages->RowGroup(group) : nullptr;
    return of_group != nullptr ? of_group->GetOffsetIndex(column) : nullptr;
  }
  Status ReadColumnRows(int group, int column, int64_t first, int64_t rows, ColumnDecoder* decoder,
                        ColumnChunkView* view) const;

  std::string name_;
  std::shared_ptr<const ReadableFile> file_;
  std::shared_ptr<ReadableSource> source_;
  std::unique_ptr<parquet::ParquetFileReader> reader_;
  std::shared_ptr<parquet::FileMetaData> metadata_;
  TableSchema schema_;
  std::vector<int64_t> first_rows_;
  mutable std::mutex mutex_;
  mutable std::map<std::pair<int, int>, std::unique_ptr<parquet::BloomFilter>> blooms_;
};

class FileScanner : public TableScanner {
 public:
  FileScanner(std::shared_ptr<const ParquetTable> table, int first, int last, std::vector<int> columns,
              int64_t chunk_rows)
      : table_(std::move(table)), group_(first), last_(last), columns_(std::move(columns)), chunk_rows_(chunk_rows) {
    for (int column : columns_) decoders_.emplace_back(table_->schema()[static_cast<size_t>(column)]);
  }

  Result<bool> Next(TableChunk* chunk) override {
    bool more = false;
    RETURN_IF_ERROR(table_->Guard([&] {
      while (left_ == 0 && group_ < last_) RETURN_IF_ERROR(OpenGroup());
      if (left_ == 0) return Status::Ok();
      more = true;
      return Fill(chunk);
    }));
    return more;
  }

 private:
  Status OpenGroup() {
    left_ = table_->row_group_rows(group_);
    at_ = table_->row_group_first_row(group_);
    readers_.clear();
    for (int column : columns_) readers_.push_back(table_->ColumnOf(group_, column));
    // Large rows come a few at a time, so that a chunk stays near kChunkBytes.
    uint64_t row_bytes = table_->row_group_raw_bytes(group_) / static_cast<uint64_t>(std::max<int64_t>(left_, 1)) + 1;
    group_rows_ = std::clamp<int64_t>(static_cast<int64_t>(kChunkBytes / row_bytes), 1, chunk_rows_);
    ++group_;
    return Status::Ok();
  }

  Status Fill(TableChunk* chunk) {
    chunk->first_row = at_;
    chunk->rows = std::min(left_, group_rows_);
    chunk->columns.resize(columns_.size());
    for (size_t i = 0; i < columns_.size(); ++i) {
      RETURN_IF_ERROR(decoders_[i].Read(*readers_[i], chunk->rows, &chunk->columns[i]));
    }
    left_ -= chunk->rows;
    at_ += chunk->rows;
    return Status::Ok();
  }

  std::shared_ptr<const ParquetTable> table_;
  int group_, last_;
  std::vector<int> columns_;
  int64_t chunk_rows_, group_rows_ = 0;
  std::vector<std::shared_ptr<parquet::ColumnReader>> readers_;
  std::vector<ColumnDecoder> decoders_;
  int64_t left_ = 0, at_ = 0;
};

Result<std::unique_ptr<TableScanner>> ParquetTable::Scan(int first, int last, std::vector<int> columns,
                                                         int64_t chunk_rows) const {
  return std::unique_ptr<TableScanner>(
      std::make_unique<FileScanner>(shared_from_this(), first, last, std::move(columns), chunk_rows));
}

Status ParquetTable::ReadColumnRows(int group, int column, int64_t first, int64_t rows, ColumnDecoder* decoder,
                                    ColumnChunkView* view) const {
  auto offsets = Offsets(group, column);
  if (offsets == nullptr) {
    auto reader = ColumnOf(group, column);
    RETURN_IF_ERROR(decoder->Skip(*reader, first));
    return decoder->Read(*reader, rows, view);
  }
  const auto& pages = offsets->page_locations();
  if (pages.empty()) return Corruption("the offset index of a column is empty");
  auto behind = [](int64_t row, const parquet::PageLocation& page) { return row < page.first_row_index; };
  size_t begin = static_cast<size_t>(std::upper_bound(pages.begin(), pages.end(), first, behind) - pages.begin()) - 1;
  size_t end =
      static_cast<size_t>(std::upper_bound(pages.begin(), pages.end(), first + rows - 1, behind) - pages.begin());
  if (begin >= pages.size() || end <= begin) return Corruption("the offset index of a column does not hold the row");
  int64_t from = pages[begin].offset, to = pages[end - 1].offset + pages[end - 1].compressed_page_size;
  auto chunk = metadata_->RowGroup(group)->ColumnChunk(column);
  std::string bytes;
  if (chunk->has_dictionary_page()) {
    int64_t dictionary = chunk->dictionary_page_offset(), data = chunk->data_page_offset();
    if (dictionary < 0 || data < dictionary || data > static_cast<int64_t>(file_->size()))
      return Corruption("a dictionary page lies outside the file");
    bytes.resize(static_cast<size_t>(data - dictionary));
    RETURN_IF_ERROR(file_->ReadAt(static_cast<uint64_t>(dictionary), bytes));
  }
  if (from < 0 || to < from || to > static_cast<int64_t>(file_->size()))
    return Corruption("a page lies outside the file");
  size_t head = bytes.size();
  bytes.resize(head + static_cast<size_t>(to - from));
  RETURN_IF_ERROR(file_->ReadAt(static_cast<uint64_t>(from), std::span(bytes).subspan(head)));
  int64_t last_row = end < pages.size() ? pages[end].first_row_index : row_group_rows(group);
  auto stream = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(std::move(bytes)));
  const parquet::ColumnDescriptor* descriptor = metadata_->schema()->Column(column);
  auto pager = parquet::PageReader::Open(stream, last_row - pages[begin].first_row_index, chunk->compression(),
                                         ScanProperties(), *descriptor);
  auto reader = parquet::ColumnReader::Make(descriptor, std::move(pager), ReadingPool());
  RETURN_IF_ERROR(decoder->Skip(*reader, first - pages[begin].first_row_index));
  return decoder->Read(*reader, rows, view);
}

Status ParquetTable::ReadRows(int64_t first_row, int64_t rows, const std::vector<int>& columns,
                              TableChunk* chunk) const {
  return Guard([&] {
    auto after = std::upper_bound(first_rows_.begin(), first_rows_.end(), first_row);
    int group = static_cast<int>(after - first_rows_.begin()) - 1;
    if (first_row < 0 || rows < 1 || group >= row_group_count() ||
        first_row + rows > first_rows_[static_cast<size_t>(group) + 1]) {
      return InvalidArgument("rows outside of one row group were asked for");
    }
    chunk->first_row = first_row;
    chunk->rows = rows;
    chunk->columns.resize(columns.size());
    chunk->arenas.clear();
    for (size_t i = 0; i < columns.size(); ++i) {
      auto decoder = std::make_shared<ColumnDecoder>(schema_[static_cast<size_t>(columns[i])]);
      RETURN_IF_ERROR(ReadColumnRows(group, columns[i], first_row - row_group_first_row(group), rows, decoder.get(),
                                     &chunk->columns[i]));
      chunk->arenas.push_back(decoder);  // the texts lie in it
    }
    return Status::Ok();
  });
}

Result<TableReader::RowSpan> ParquetTable::FindSpan(int group, int column, std::string_view value) const {
  int64_t begin = row_group_first_row(group), end = begin + row_group_rows(group);
  RowSpan span{begin, end};
  RETURN_IF_ERROR(Guard([&] {
    if (auto range = Bounds(group, column); range && (value < range->min || value > range->max)) {
      span.last = span.first;
      return Status::Ok();
    }
    auto offsets = Offsets(group, column);
    std::shared_ptr<parquet::ColumnIndex> index;
    {
      std::lock_guard lock(mutex_);
      auto pages = reader_->GetPageIndexReader();
      auto of_group = pages != nullptr ? pages->RowGroup(group) : nullptr;
      if (of_group != nullptr) index = of_group->GetColumnIndex(column);
    }
    if (offsets == nullptr || index == nullptr) return Status::Ok();
    const auto& mins = index->encoded_min_values();
    const auto& maxs = index->encoded_max_values();
    const auto& pages = offsets->page_locations();
    if (mins.size() != pages.size() || maxs.size() != pages.size())
      return Corruption("its page index contradicts itself");
    size_t first = 0, last = pages.size();
    while (first < last && value > maxs[first]) ++first;
    while (last > first && value < mins[last - 1]) --last;
    span.first = first < pages.size() ? begin + pages[first].first_row_index : end;
    span.last = last < pages.size() ? begin + pages[last].first_row_index : end;
    if (first == last) span.last = span.first;
    return Status::Ok();
  }));
  return span;
}

}  // namespace

Result<std::shared_ptr<TableReader>> TableReader::Open(std::shared_ptr<const ReadableFile> file, std::string name) {
  auto table = std::make_shared<ParquetTable>(std::move(name));
  RETURN_IF_ERROR(table->Open(std::move(file)));
  return std::shared_ptr<TableReader>(std::move(table));
}

}  // namespace parquedb
