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

#include "arrowio/arrow_io.h"
#include "arrowio/arrow_table.h"
#include "arrowio/column_decoder.h"
#include "arrowio/page_stream.h"
#include "arrowio/zstd_pages.h"
#include "columnar/page_selection.h"
#include "columnar/table.h"
#include "core/limits.h"
#include "core/read_meter.h"

namespace parquedb {
namespace {

constexpr int64_t kStreamBufferBytes = int64_t{64} * 1024;  // read ahead of one column while scanning
constexpr int32_t kThriftStringLimit = 64 << 20;            // a footer text may hold the field counts of a wide file
constexpr uint64_t kMaxFooterBytes = 256 * kMiB;

constexpr size_t kKeptPageIndexes = 32;     // row groups whose page index is kept
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
      if (const auto* metered = dynamic_cast<const MeteredFile*>(file_.get())) meter_ = &metered->meter();
      if (meter_ != nullptr) meter_->SetRowGroups(metadata_->num_row_groups());
      is_ours_ = footer("parquedb.format").has_value();
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
  int row_group_of(int64_t row) const override {
    auto after = std::upper_bound(first_rows_.begin(), first_rows_.end(), row);
    return static_cast<int>(after - first_rows_.begin()) - 1;
  }
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
    return row_group_bounds(group, column).ints;
  }
  std::optional<StringRange> string_range(int group, int column) const override {
    return row_group_bounds(group, column).strings;
  }
  Bounds row_group_bounds(int group, int column) const override;
  Result<std::vector<Bounds>> PageBounds(int group, int column) const override;

  Result<bool> MayContain(int group, int column, std::string_view value) const override {
    bool may = true;
    RETURN_IF_ERROR(Guard([&] {
      if (auto range = string_range(group, column); range && (value < range->min || value > range->max)) {
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
  Status ReadRows(int64_t first_row, int64_t rows, const std::vector<int>& columns, TableChunk* chunk) const override {
    const RowSpan span{first_row, first_row + rows};
    return ReadSpans({&span, 1}, columns, chunk);
  }
  Status ReadSpans(std::span<const RowSpan> rows, const std::vector<int>& columns, TableChunk* chunk) const override;
  Status ReadDictionary(int group, int column, DictionaryColumn* out) const override {
    const ColumnSpec& spec = schema_[static_cast<size_t>(column)];
    if (spec.type != ColumnType::kString || spec.nullable)
      return InvalidArgument("column " + spec.name + " was asked for as a dictionary");
    return ReadAsDictionary(group, column, out);
  }

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
    auto chunk = metadata_->RowGroup(group)->ColumnChunk(column);
    std::unique_ptr<parquet::PageReader> pager;
    if (is_ours_) {
      int64_t begin = chunk->has_dictionary_page() ? chunk->dictionary_page_offset() : chunk->data_page_offset();
      pager = OpenPages(ScanProperties().GetStream(source_, begin, chunk->total_compressed_size()), chunk->num_values(),
                        column, *chunk);
    } else {
      pager = reader_->RowGroup(group)->GetColumnPageReader(column);
    }
    if (meter_ != nullptr) meter_->AddRowGroup(group, row_group_rows(group));
    return parquet::ColumnReader::Make(metadata_->schema()->Column(column), std::move(pager), ReadingPool());
  }

  // Of some pages of a chunk, or all, as they lie in the file.
  std::unique_ptr<parquet::PageReader> OpenPages(std::shared_ptr<arrow::io::InputStream> stream, int64_t values,
                                                 int column, const parquet::ColumnChunkMetaData& chunk) const {
    const parquet::ColumnDescriptor& descriptor = *metadata_->schema()->Column(column);
    const bool as_stored = is_ours_ && chunk.compression() == parquet::Compression::ZSTD;
    auto pager = parquet::PageReader::Open(std::move(stream), values,
                                           as_stored ? parquet::Compression::UNCOMPRESSED : chunk.compression(),
                                           ScanProperties(), descriptor);
    if (meter_ != nullptr) {
      pager->set_data_page_filter([this](const parquet::DataPageStats&) {
        meter_->AddPages(1, 0);
        return false;
      });
    }
    return as_stored ? DecompressPages(std::move(pager), &zstd_, ReadingPool()) : std::move(pager);
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

  // The page index of a column chunk; null where the file has none.
  struct PageIndex {
    std::vector<PagePlace> places;                 // empty: there is none
    std::shared_ptr<parquet::ColumnIndex> bounds;  // null without places
  };
  Result<PageIndex> IndexOf(int group, int column) const;
  Status ReadColumnSpans(int group, int column, std::span<const RowSpan> rows, ColumnDecoder* decoder,
                         ColumnChunkView* view) const;
  Result<std::vector<PageStream::Run>> RunsOf(const parquet::ColumnChunkMetaData& chunk,
                                              const std::vector<PagePlace>& pages,
                                              const PageSelection& selection) const;

  std::string name_;
  std::shared_ptr<const ReadableFile> file_;
  std::shared_ptr<ReadableSource> source_;
  std::unique_ptr<parquet::ParquetFileReader> reader_;
  std::shared_ptr<parquet::FileMetaData> metadata_;
  TableSchema schema_;
  std::vector<int64_t> first_rows_;
  mutable std::mutex mutex_;
  mutable std::map<std::pair<int, int>, std::unique_ptr<parquet::BloomFilter>> blooms_;
  struct GroupPageIndex {
    std::shared_ptr<parquet::RowGroupPageIndexReader> reader;  // null: the row group has none
    std::map<int, PageIndex> columns;
  };
  mutable std::map<int, GroupPageIndex> page_indexes_;
  FileMeter* meter_ = nullptr;  // null: nobody counts
  bool is_ours_ = false;        // its pages are of the kinds that TableWriter makes
  mutable ZstdContexts zstd_;
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

Result<ParquetTable::PageIndex> ParquetTable::IndexOf(int group, int column) const {
  std::lock_guard lock(mutex_);  // page index readers aren't safe to share
  if (page_indexes_.size() >= kKeptPageIndexes && !page_indexes_.contains(group)) page_indexes_.clear();
  auto [of_group, is_new] = page_indexes_.try_emplace(group);
  if (is_new) {
    auto pages = reader_->GetPageIndexReader();
    if (pages != nullptr) of_group->second.reader = pages->RowGroup(group);
  }
  auto [known, is_new_column] = of_group->second.columns.try_emplace(column);
  PageIndex& index = known->second;
  if (!is_new_column || of_group->second.reader == nullptr) return index;
  auto offsets = of_group->second.reader->GetOffsetIndex(column);
  if (offsets == nullptr) return index;
  std::vector<PagePlace> places;
  for (const parquet::PageLocation& place : offsets->page_locations())
    places.push_back({place.offset, place.compressed_page_size, place.first_row_index});
  RETURN_IF_ERROR(CheckPlaces(places, row_group_rows(group), file_->size()));
  index.bounds = of_group->second.reader->GetColumnIndex(column);
  if (index.bounds != nullptr && (index.bounds->encoded_min_values().size() != places.size() ||
                                  index.bounds->encoded_max_values().size() != places.size() ||
                                  index.bounds->null_pages().size() != places.size()))
    return Corruption("its page index contradicts itself");
  index.places = std::move(places);
  return index;
}

TableReader::Bounds ParquetTable::row_group_bounds(int group, int column) const {
  Bounds bounds{.rows = {row_group_first_row(group), row_group_first_row(group) + row_group_rows(group)}};
  const ColumnSpec& spec = schema_[static_cast<size_t>(column)];
  bounds.has_nulls = spec.nullable;
  try {
    auto chunk = metadata_->RowGroup(group)->ColumnChunk(column);
    auto statistics = chunk->is_stats_set() ? chunk->statistics() : nullptr;
    if (statistics == nullptr) return bounds;
    if (spec.nullable && statistics->HasNullCount()) {
      bounds.has_nulls = statistics->null_count() > 0;
      bounds.all_null = statistics->null_count() == bounds.rows.size();
    }
    if (statistics->HasMinMax()) SetRange(spec.type, statistics->EncodeMin(), statistics->EncodeMax(), &bounds);
  } catch (const std::exception&) {
    // Statistics of another form tell nothing; reading the column says what is wrong with it.
  }
  return bounds;
}

Result<std::vector<TableReader::Bounds>> ParquetTable::PageBounds(int group, int column) const {
  std::vector<Bounds> pages;
  RETURN_IF_ERROR(Guard([&]() -> Status {
    ASSIGN_OR_RETURN(PageIndex index, IndexOf(group, column));
    if (index.bounds == nullptr) {
      pages.push_back(row_group_bounds(group, column));
      return Status::Ok();
    }
    const ColumnSpec& spec = schema_[static_cast<size_t>(column)];
    const auto& places = index.places;
    const int64_t begin = row_group_first_row(group);
    for (size_t page = 0; page < places.size(); ++page) {
      Bounds bounds;
      bounds.rows.first = begin + places[page].first_row;
      bounds.rows.last = begin + (page + 1 < places.size() ? places[page + 1].first_row : row_group_rows(group));
      bounds.all_null = index.bounds->null_pages()[page];
      bounds.has_nulls = spec.nullable && (!index.bounds->has_null_counts() || index.bounds->null_counts()[page] > 0);
      if (!bounds.all_null) {
        SetRange(spec.type, index.bounds->encoded_min_values()[page], index.bounds->encoded_max_values()[page],
                 &bounds);
      }
      pages.push_back(std::move(bounds));
    }
    return Status::Ok();
  }));
  return pages;
}

// The dictionary, if there is one, and the selected pages: what a column chunk of these pages alone would be.
Result<std::vector<PageStream::Run>> ParquetTable::RunsOf(const parquet::ColumnChunkMetaData& chunk,
                                                          const std::vector<PagePlace>& pages,
                                                          const PageSelection& selection) const {
  std::vector<PageStream::Run> runs;
  if (chunk.has_dictionary_page()) {
    int64_t dictionary = chunk.dictionary_page_offset(), data = chunk.data_page_offset();
    if (dictionary < 0 || data <= dictionary || data > static_cast<int64_t>(file_->size()))
      return Corruption("a dictionary page lies outside the file");
    runs.push_back({dictionary, data - dictionary});
  }
  for (size_t page : selection.pages) {
    const PagePlace& place = pages[page];
    if (!runs.empty() && runs.back().offset + runs.back().bytes == place.offset) {
      runs.back().bytes += place.bytes;
    } else {
      runs.push_back({place.offset, place.bytes});
    }
  }
  return runs;
}

// `rows`: from the row group's first.
Status ParquetTable::ReadColumnSpans(int group, int column, std::span<const RowSpan> rows, ColumnDecoder* decoder,
                                     ColumnChunkView* view) const {
  ASSIGN_OR_RETURN(PageIndex index, IndexOf(group, column));
  if (index.places.empty()) return decoder->ReadWanted(*ColumnOf(group, column), rows, view);
  const auto& pages = index.places;
  PageSelection selection = SelectPages(pages, row_group_rows(group), rows);
  auto chunk = metadata_->RowGroup(group)->ColumnChunk(column);
  ASSIGN_OR_RETURN(auto runs, RunsOf(*chunk, pages, selection));
  if (meter_ != nullptr) {
    meter_->AddRowGroup(group, row_group_rows(group));
    meter_->AddPages(0, static_cast<int64_t>(pages.size() - selection.pages.size()));
  }
  auto pager = OpenPages(std::make_shared<PageStream>(*file_, std::move(runs)), selection.rows, column, *chunk);
  auto reader = parquet::ColumnReader::Make(metadata_->schema()->Column(column), std::move(pager), ReadingPool());
  return decoder->ReadWanted(*reader, selection.wanted, view);
}

Status ParquetTable::ReadSpans(std::span<const RowSpan> rows, const std::vector<int>& columns,
                               TableChunk* chunk) const {
  return Guard([&]() -> Status {
    ASSIGN_OR_RETURN(const GroupSpans inside, SpansInRowGroup(rows));
    chunk->first_row = rows.front().first;
    chunk->rows = RowsOf(rows);
    chunk->columns.resize(columns.size());
    chunk->arenas.clear();
    for (size_t i = 0; i < columns.size(); ++i) {
      auto decoder = std::make_shared<ColumnDecoder>(schema_[static_cast<size_t>(columns[i])]);
      RETURN_IF_ERROR(ReadColumnSpans(inside.row_group, columns[i], inside.rows, decoder.get(), &chunk->columns[i]));
      chunk->arenas.push_back(decoder);  // the texts lie in it
    }
    return Status::Ok();
  });
}

}  // namespace

Result<std::shared_ptr<TableReader>> OpenArrowTable(std::shared_ptr<const ReadableFile> file, std::string name) {
  auto table = std::make_shared<ParquetTable>(std::move(name));
  RETURN_IF_ERROR(table->Open(std::move(file)));
  return std::shared_ptr<TableReader>(std::move(table));
}

}  // namespace parquedb
