#include "columnar/native_table.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>

#include "columnar/arrow_module.h"
#include "columnar/last_row.h"
#include "columnar/native_column.h"
#include "columnar/page_selection.h"
#include "core/limits.h"
#include "core/read_meter.h"
#include "parquetfile/bloom.h"
#include "parquetfile/footer.h"
#include "parquetfile/page_index.h"
#include "parquetfile/xxh64.h"

namespace parquedb {
namespace {

constexpr int64_t kScanPieceBytes = int64_t{64} * 1024;  // read ahead of one column while scanning
constexpr int64_t kSpanPieceBytes = int64_t{512} * 1024;
constexpr size_t kKeptIndexes = 512;        // of columns in row groups: page indexes, and bloom filters
constexpr uint64_t kChunkBytes = 2u << 20;  // of a scanner, where rows are large; all columns of the file counted

ColumnType TypeOf(const FooterColumn& column) {
  switch (column.type) {
    case PhysicalType::kBoolean:
      return ColumnType::kBool;
    case PhysicalType::kInt64:
      return column.timestamp ? ColumnType::kTimestampMs : ColumnType::kInt64;
    case PhysicalType::kDouble:
      return ColumnType::kDouble;
    case PhysicalType::kByteArray:
      break;
  }
  return ColumnType::kString;
}

// What is read of a file once and kept, by row group and column. When it is full, it begins again. Any thread.
template <typename T>
class Kept {
 public:
  using Key = std::pair<int, int>;
  // What `read` gives, unless it is known; two threads may read the same at once.
  template <typename Read>
  Result<std::shared_ptr<const T>> Get(Key key, Read read) {
    {
      std::lock_guard lock(mutex_);
      if (auto known = values_.find(key); known != values_.end()) return known->second;
    }
    Result<std::shared_ptr<const T>> value = read();
    if (!value.ok()) return value;
    std::lock_guard lock(mutex_);
    if (values_.size() >= kKeptIndexes) values_.clear();
    values_.insert_or_assign(key, *value);
    return value;
  }

 private:
  std::mutex mutex_;
  std::map<Key, std::shared_ptr<const T>> values_;
};

class NativeTable : public TableReader, public std::enable_shared_from_this<NativeTable> {
 public:
  NativeTable(std::shared_ptr<const ReadableFile> file, std::string name, std::unique_ptr<Footer> footer)
      : file_(std::move(file)), name_(std::move(name)), footer_(std::move(footer)) {
    for (const FooterColumn& column : footer_->columns)
      schema_.push_back({.name = std::string(column.name), .type = TypeOf(column), .nullable = column.nullable});
    first_rows_.push_back(0);
    for (const FooterRowGroup& group : footer_->row_groups) first_rows_.push_back(first_rows_.back() + group.rows);
    if (const auto* metered = dynamic_cast<const MeteredFile*>(file_.get())) meter_ = &metered->meter();
    if (meter_ != nullptr) meter_->SetRowGroups(row_group_count());
  }

  const std::string& name() const override { return name_; }
  std::optional<std::string> footer(std::string_view key) const override {
    auto text = footer_->text(key);
    return text ? std::optional<std::string>(*text) : std::nullopt;
  }
  int64_t row_count() const override { return footer_->rows; }
  int row_group_count() const override { return static_cast<int>(footer_->row_groups.size()); }
  int64_t row_group_rows(int group) const override { return GroupOf(group).rows; }
  int64_t row_group_first_row(int group) const override { return first_rows_[static_cast<size_t>(group)]; }
  int row_group_of(int64_t row) const override {
    auto after = std::upper_bound(first_rows_.begin(), first_rows_.end(), row);
    return static_cast<int>(after - first_rows_.begin()) - 1;
  }
  uint64_t row_group_raw_bytes(int group) const override { return static_cast<uint64_t>(GroupOf(group).raw_bytes); }
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
  Result<bool> MayContain(int group, int column, std::string_view value) const override;

  Result<std::unique_ptr<TableScanner>> Scan(int first, int last, std::vector<int> columns,
                                             int64_t chunk_rows) const override;
  Status ReadRows(int64_t first_row, int64_t rows, const std::vector<int>& columns, TableChunk* chunk) const override {
    const RowSpan span{first_row, first_row + rows};
    return ReadSpans({&span, 1}, columns, chunk);
  }
  Status ReadSpans(std::span<const RowSpan> rows, const std::vector<int>& columns, TableChunk* chunk) const override;
  Status CheckWithArrow() const override;
  Result<int64_t> FindLastRow(int group, int column, std::string_view value, int64_t end) const override;
  Status ReadDictionary(int group, int column, DictionaryColumn* out) const override;

  // All pages of a column in a row group.
  NativeColumn ColumnOf(int group, int column) const {
    if (meter_ != nullptr) meter_->AddRowGroup(group, row_group_rows(group));
    PageReader pages(*file_, {ChunkOf(group, column).pages}, kScanPieceBytes);
    return NativeColumn(SpecOf(column), {std::move(pages), row_group_rows(group), {}}, meter_);
  }

 private:
  const FooterRowGroup& GroupOf(int group) const { return footer_->row_groups[static_cast<size_t>(group)]; }
  const FooterChunk& ChunkOf(int group, int column) const {
    return GroupOf(group).columns[static_cast<size_t>(column)];
  }
  const ColumnSpec& SpecOf(int column) const { return schema_[static_cast<size_t>(column)]; }
  using Places = std::vector<PagePlace>;
  Result<std::shared_ptr<const Places>> PlacesOf(int group, int column) const;
  Result<std::shared_ptr<const PageBoundsIndex>> PageBoundsOf(int group, int column, size_t page_count) const;
  Result<std::vector<Bounds>> BoundsOfPages(int group, int column) const;
  // True if the statistics alone say that the value is not there.
  bool IsOutside(int group, int column, std::string_view value) const;
  Status ReadColumnSpans(int group, int column, std::span<const RowSpan> rows, TableChunk* chunk,
                         ColumnChunkView* view) const;
  Status ReadGroupSpans(std::span<const RowSpan> rows, const std::vector<int>& columns, TableChunk* chunk) const;
  Status ReadCodedPages(int group, int column, DictionaryColumn* out) const;

  const std::shared_ptr<const ReadableFile> file_;
  const std::string name_;
  const std::unique_ptr<Footer> footer_;
  TableSchema schema_;
  std::vector<int64_t> first_rows_;
  FileMeter* meter_ = nullptr;  // null: nobody counts
  mutable Kept<Places> places_;
  mutable Kept<PageBoundsIndex> page_bounds_;
  mutable Kept<SplitBlockFilter> filters_;
};

class NativeScanner : public TableScanner {
 public:
  NativeScanner(std::shared_ptr<const NativeTable> table, int first, int last, std::vector<int> columns,
                int64_t chunk_rows)
      : table_(std::move(table)), group_(first), last_(last), columns_(std::move(columns)), chunk_rows_(chunk_rows) {}

  Result<bool> Next(TableChunk* chunk) override {
    while (left_ == 0 && group_ < last_) OpenGroup();
    if (left_ == 0) return false;
    chunk->first_row = at_;
    chunk->rows = std::min(left_, group_rows_);
    chunk->columns.resize(columns_.size());
    for (size_t i = 0; i < columns_.size(); ++i) {
      Status read = readers_[i].Read(chunk->rows, &chunk->columns[i]);
      if (!read.ok()) return read.With(table_->name());
    }
    left_ -= chunk->rows;
    at_ += chunk->rows;
    return true;
  }

 private:
  void OpenGroup() {
    left_ = table_->row_group_rows(group_);
    at_ = table_->row_group_first_row(group_);
    readers_.clear();
    for (int column : columns_) readers_.push_back(table_->ColumnOf(group_, column));
    // Large rows come a few at a time, so that a chunk stays near kChunkBytes.
    uint64_t row_bytes = table_->row_group_raw_bytes(group_) / static_cast<uint64_t>(std::max<int64_t>(left_, 1)) + 1;
    group_rows_ = std::clamp<int64_t>(static_cast<int64_t>(kChunkBytes / row_bytes), 1, chunk_rows_);
    ++group_;
  }

  std::shared_ptr<const NativeTable> table_;
  int group_, last_;
  std::vector<int> columns_;
  int64_t chunk_rows_, group_rows_ = 0;
  std::vector<NativeColumn> readers_;
  int64_t left_ = 0, at_ = 0;
};

Result<std::unique_ptr<TableScanner>> NativeTable::Scan(int first, int last, std::vector<int> columns,
                                                        int64_t chunk_rows) const {
  return std::unique_ptr<TableScanner>(
      std::make_unique<NativeScanner>(shared_from_this(), first, last, std::move(columns), chunk_rows));
}

bool NativeTable::IsOutside(int group, int column, std::string_view value) const {
  const FooterChunk& chunk = ChunkOf(group, column);
  return SpecOf(column).type == ColumnType::kString && chunk.min && chunk.max &&
         (value < *chunk.min || value > *chunk.max);
}

Result<bool> NativeTable::MayContain(int group, int column, std::string_view value) const {
  if (IsOutside(group, column, value)) return false;
  const FooterChunk& chunk = ChunkOf(group, column);
  if (!chunk.has_bloom_filter) return true;
  auto filter = filters_.Get({group, column}, [&]() -> Result<std::shared_ptr<const SplitBlockFilter>> {
    ASSIGN_OR_RETURN(auto opened, SplitBlockFilter::Open(*file_, chunk.bloom_filter));
    return std::shared_ptr<const SplitBlockFilter>(std::move(opened));
  });
  if (!filter.ok()) return filter.status().With(name_);
  if (*filter == nullptr) return true;
  auto may = (*filter)->MayContain(Xxh64(value));
  return may.ok() ? may : Result<bool>(may.status().With(name_));
}

Result<std::shared_ptr<const NativeTable::Places>> NativeTable::PlacesOf(int group, int column) const {
  return places_.Get({group, column}, [&]() -> Result<std::shared_ptr<const Places>> {
    ASSIGN_OR_RETURN(Places places, ReadPagePlaces(*file_, ChunkOf(group, column), row_group_rows(group)));
    return std::shared_ptr<const Places>(std::make_shared<Places>(std::move(places)));
  });
}

Result<std::shared_ptr<const PageBoundsIndex>> NativeTable::PageBoundsOf(int group, int column,
                                                                         size_t page_count) const {
  return page_bounds_.Get({group, column}, [&]() -> Result<std::shared_ptr<const PageBoundsIndex>> {
    ASSIGN_OR_RETURN(PageBoundsIndex index, ReadPageBounds(*file_, ChunkOf(group, column), page_count));
    return std::shared_ptr<const PageBoundsIndex>(std::make_shared<PageBoundsIndex>(std::move(index)));
  });
}

TableReader::Bounds NativeTable::row_group_bounds(int group, int column) const {
  const FooterChunk& chunk = ChunkOf(group, column);
  const ColumnSpec& spec = SpecOf(column);
  Bounds bounds{.rows = {row_group_first_row(group), row_group_first_row(group) + row_group_rows(group)}};
  bounds.has_nulls = spec.nullable;
  if (spec.nullable && chunk.null_count) {
    bounds.has_nulls = *chunk.null_count > 0;
    bounds.all_null = *chunk.null_count == bounds.rows.size();
  }
  if (chunk.min && chunk.max) SetRange(spec.type, *chunk.min, *chunk.max, &bounds);
  return bounds;
}

Result<std::vector<TableReader::Bounds>> NativeTable::BoundsOfPages(int group, int column) const {
  ASSIGN_OR_RETURN(auto places, PlacesOf(group, column));
  if (places->empty()) return std::vector<Bounds>{row_group_bounds(group, column)};
  ASSIGN_OR_RETURN(auto index, PageBoundsOf(group, column, places->size()));
  if (index->pages.empty()) return std::vector<Bounds>{row_group_bounds(group, column)};
  const ColumnSpec& spec = SpecOf(column);
  const int64_t begin = row_group_first_row(group);
  std::vector<Bounds> pages;
  pages.reserve(places->size());
  for (size_t page = 0; page < places->size(); ++page) {
    const bool last = page + 1 == places->size();
    const PageValueBounds& known = index->pages[page];
    Bounds& bounds = pages.emplace_back();
    bounds.rows.first = begin + (*places)[page].first_row;
    bounds.rows.last = begin + (last ? row_group_rows(group) : (*places)[page + 1].first_row);
    bounds.all_null = known.all_null;
    bounds.has_nulls = spec.nullable && (index->null_counts.empty() || index->null_counts[page] > 0);
    if (!known.all_null) SetRange(spec.type, known.min, known.max, &bounds);
  }
  return pages;
}

Result<int64_t> NativeTable::FindLastRow(int group, int column, std::string_view value, int64_t end) const {
  const ColumnSpec& spec = SpecOf(column);
  auto places = PlacesOf(group, column);
  if (!places.ok()) return places.status().With(name_);
  const bool by_pages = spec.type == ColumnType::kString && !spec.nullable && !(*places)->empty();
  if (!by_pages) return TableReader::FindLastRow(group, column, value, end);
  if (meter_ != nullptr) meter_->AddRowGroup(group, row_group_rows(group));
  const int64_t begin = row_group_first_row(group);
  const TextColumnPages pages{*file_, ChunkOf(group, column), **places, row_group_rows(group), meter_};
  auto row = FindLastRowInPages(pages, value, end - begin);
  if (!row.ok()) return row.status().With(name_);
  return *row < 0 ? *row : begin + *row;
}

Result<std::vector<TableReader::Bounds>> NativeTable::PageBounds(int group, int column) const {
  auto pages = BoundsOfPages(group, column);
  return pages.ok() ? std::move(pages) : pages.status().With(name_);
}

// The dictionary, if there is one, and the selected pages: what a column chunk of these pages alone would be.
std::vector<FilePart> PartsOf(const FooterChunk& chunk, const std::vector<PagePlace>& places,
                              const PageSelection& selection) {
  std::vector<FilePart> parts;
  if (chunk.has_dictionary) parts.push_back({chunk.pages.offset, chunk.first_data_page - chunk.pages.offset});
  for (size_t page : selection.pages) {
    const PagePlace& place = places[page];
    if (!parts.empty() && parts.back().offset + parts.back().bytes == place.offset) {
      parts.back().bytes += place.bytes;
    } else {
      parts.push_back({place.offset, place.bytes});
    }
  }
  return parts;
}

// `rows`: from the row group's first.
Status NativeTable::ReadColumnSpans(int group, int column, std::span<const RowSpan> rows, TableChunk* chunk,
                                    ColumnChunkView* view) const {
  ASSIGN_OR_RETURN(auto places, PlacesOf(group, column));
  if (places->empty()) return ColumnOf(group, column).ReadWanted(rows, view, &chunk->arenas);
  PageSelection selection = SelectPages(*places, row_group_rows(group), rows);
  if (meter_ != nullptr) {
    meter_->AddRowGroup(group, row_group_rows(group));
    meter_->AddPages(0, static_cast<int64_t>(places->size() - selection.pages.size()));
  }
  PageReader pages(*file_, PartsOf(ChunkOf(group, column), *places, selection), kSpanPieceBytes);
  NativeColumn reader(SpecOf(column), {std::move(pages), selection.rows, std::move(selection.page_rows)}, meter_);
  return reader.ReadWanted(selection.wanted, view, &chunk->arenas);
}

Status NativeTable::ReadGroupSpans(std::span<const RowSpan> rows, const std::vector<int>& columns,
                                   TableChunk* chunk) const {
  ASSIGN_OR_RETURN(const GroupSpans inside, SpansInRowGroup(rows));
  chunk->first_row = rows.front().first;
  chunk->rows = RowsOf(rows);
  chunk->columns.resize(columns.size());
  chunk->arenas.clear();
  for (size_t i = 0; i < columns.size(); ++i)
    RETURN_IF_ERROR(ReadColumnSpans(inside.row_group, columns[i], inside.rows, chunk, &chunk->columns[i]));
  return Status::Ok();
}

bool SameColumns(const TableSchema& a, const TableSchema& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const ColumnSpec& x, const ColumnSpec& y) {
    return x.name == y.name && x.type == y.type && x.nullable == y.nullable;
  });
}

bool SameRow(const TableChunk& a, const TableChunk& b) {
  return std::equal(a.columns.begin(), a.columns.end(), b.columns.begin(), b.columns.end(),
                    [](const ColumnChunkView& x, const ColumnChunkView& y) {
                      // By their bytes: a NaN is what it is.
                      const bool same_doubles =
                          x.doubles.size() == y.doubles.size() &&
                          (x.doubles.empty() ||
                           std::memcmp(x.doubles.data(), y.doubles.data(), x.doubles.size() * sizeof(double)) == 0);
                      return x.ints == y.ints && same_doubles && x.strings == y.strings && x.valid == y.valid;
                    });
}

Status NativeTable::CheckWithArrow() const {
  ASSIGN_OR_RETURN(const ArrowModule* arrow, LoadArrow());
  ASSIGN_OR_RETURN(auto other, arrow->OpenTable(file_, name_));
  if (other->row_count() != row_count() || other->row_group_count() != row_group_count() ||
      !SameColumns(other->schema(), schema_)) {
    return Corruption(name_ + ": Arrow's reader finds other columns or rows in it than our own");
  }
  std::vector<int> columns;
  for (size_t i = 0; i < schema_.size(); ++i) columns.push_back(static_cast<int>(i));
  TableChunk ours, theirs;
  for (int group = 0; group < row_group_count(); ++group) {
    const int64_t first = row_group_first_row(group), last = first + row_group_rows(group) - 1;
    for (int64_t row : {first, last}) {
      if (first > last) continue;  // an empty row group
      RETURN_IF_ERROR(ReadRows(row, 1, columns, &ours));
      RETURN_IF_ERROR(other->ReadRows(row, 1, columns, &theirs));
      if (!SameRow(ours, theirs)) {
        return Corruption(name_ + ": Arrow's reader gives another row " + std::to_string(row) + " than our own");
      }
    }
  }
  return Status::Ok();
}

Status NativeTable::ReadSpans(std::span<const RowSpan> rows, const std::vector<int>& columns, TableChunk* chunk) const {
  return ReadGroupSpans(rows, columns, chunk).With(name_);
}

// The dictionary and the codes, as they are stored; values of pages that left it are added one by one.
Status NativeTable::ReadCodedPages(int group, int column, DictionaryColumn* out) const {
  PageReader pages(*file_, {ChunkOf(group, column).pages}, kScanPieceBytes);
  PageDecoder decoder(PhysicalType::kByteArray, false);
  Page page;
  PageValues values;
  std::vector<uint32_t> codes;
  std::vector<size_t> ends;  // of the values in the texts
  auto add = [&](const std::vector<std::string_view>& texts) {
    for (std::string_view text : texts) {
      out->texts->append(text);
      ends.push_back(out->texts->size());
    }
  };
  const auto rows = static_cast<size_t>(row_group_rows(group));
  while (true) {
    ASSIGN_OR_RETURN(bool more, pages.Next(&page));
    if (!more) break;
    if (page.kind == PageKind::kDictionary) {
      RETURN_IF_ERROR(decoder.SetDictionary(page));
      if (!out->indices.empty()) return Corruption("a dictionary stands behind the rows that it is for");
      add(decoder.dictionary().texts);
      continue;
    }
    if (meter_ != nullptr) meter_->AddPages(1, 0);
    if (static_cast<size_t>(page.values) > rows - out->indices.size())
      return Corruption("a column has more rows than its row group");
    ASSIGN_OR_RETURN(bool coded, decoder.DecodeCodes(page, &codes));
    if (!coded) {
      RETURN_IF_ERROR(decoder.Decode(page, &values));
      codes.clear();
      for (size_t i = 0; i < values.texts.size(); ++i) codes.push_back(static_cast<uint32_t>(ends.size() + i));
      add(values.texts);
    }
    out->indices.insert(out->indices.end(), codes.begin(), codes.end());
  }
  if (out->indices.size() != rows) return Corruption("a column ends before its row group does");
  size_t begin = 0;
  for (size_t end : ends) {
    out->values.push_back(std::string_view(*out->texts).substr(begin, end - begin));
    begin = end;
  }
  return Status::Ok();
}

Status NativeTable::ReadDictionary(int group, int column, DictionaryColumn* out) const {
  const ColumnSpec& spec = SpecOf(column);
  if (spec.type != ColumnType::kString || spec.nullable)
    return InvalidArgument("column " + spec.name + " was asked for as a dictionary").With(name_);
  *out = {.values = {}, .indices = {}, .texts = std::make_shared<std::string>()};
  if (meter_ != nullptr) meter_->AddRowGroup(group, row_group_rows(group));
  return ReadCodedPages(group, column, out).With(name_);
}

}  // namespace

Result<std::shared_ptr<TableReader>> OpenNativeTable(std::shared_ptr<const ReadableFile> file, std::string name) {
  auto footer = ReadFooter(*file);
  if (!footer.ok()) return footer.status().With(name);
  if (*footer == nullptr || !(*footer)->text("parquedb.format")) return std::shared_ptr<TableReader>();
  return std::shared_ptr<TableReader>(
      std::make_shared<NativeTable>(std::move(file), std::move(name), std::move(*footer)));
}

}  // namespace parquedb
