#include "arrowio/parquet_output.h"

#include <parquet/column_writer.h>
#include <parquet/exception.h>
#include <parquet/file_writer.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <string>

#include "arrowio/arrow_io.h"
#include "arrowio/column_writer.h"
#include "arrowio/linked_arrow.h"

namespace parquedb {
namespace {

constexpr uint64_t kPageTextBytes = 1 << 20;  // of texts in a page: it ends there, whatever its rows
constexpr int64_t kPageRows = 1024;           // at most, whatever a page's bytes: point reads decode few rows
constexpr uint64_t kRunBytes = 1u << 20;      // of texts whose pages are made in one go
constexpr std::string_view kMagic = "PAR1";

std::shared_ptr<parquet::schema::GroupNode> MakeSchema(const TableSchema& schema) {
  using parquet::Repetition;
  using parquet::schema::PrimitiveNode;
  parquet::schema::NodeVector nodes;
  for (const ColumnSpec& column : schema) {
    auto repetition = column.nullable ? Repetition::OPTIONAL : Repetition::REQUIRED;
    switch (column.type) {
      case ColumnType::kString:
        nodes.push_back(
            PrimitiveNode::Make(column.name, repetition, parquet::LogicalType::String(), parquet::Type::BYTE_ARRAY));
        break;
      case ColumnType::kTimestampMs:
        nodes.push_back(PrimitiveNode::Make(
            column.name, repetition, parquet::LogicalType::Timestamp(true, parquet::LogicalType::TimeUnit::MILLIS),
            parquet::Type::INT64));
        break;
      case ColumnType::kInt64:
        nodes.push_back(
            PrimitiveNode::Make(column.name, repetition, parquet::LogicalType::Int(64, true), parquet::Type::INT64));
        break;
      case ColumnType::kDouble:
        nodes.push_back(PrimitiveNode::Make(column.name, repetition, parquet::Type::DOUBLE));
        break;
      case ColumnType::kBool:
        nodes.push_back(PrimitiveNode::Make(column.name, repetition, parquet::Type::BOOLEAN));
        break;
    }
  }
  return std::static_pointer_cast<parquet::schema::GroupNode>(
      parquet::schema::GroupNode::Make("schema", Repetition::REQUIRED, nodes));
}

std::shared_ptr<parquet::WriterProperties> MakeProperties(const TableSchema& schema, int sorted_by,
                                                          const TableWriterOptions& options) {
  parquet::WriterProperties::Builder builder;
  builder.compression(parquet::Compression::ZSTD)->compression_level(options.zstd_level);
  builder.version(parquet::ParquetVersion::PARQUET_2_6)->enable_write_page_index()->enable_page_checksum();
  builder.write_batch_size(options.page_rows)
      ->data_pagesize(static_cast<int64_t>(options.page_bytes))
      ->max_rows_per_page(kPageRows);
  builder.max_row_group_length(options.row_group_rows);
  builder.dictionary_pagesize_limit(options.dictionary_bytes);
  if (sorted_by >= 0) {
    parquet::SortingColumn sorting;
    sorting.column_idx = sorted_by;
    sorting.descending = false;
    sorting.nulls_first = false;
    builder.set_sorting_columns({sorting});
  }
  for (const ColumnSpec& column : schema) {
    auto path = parquet::schema::ColumnPath::FromDotString("");
    path = std::make_shared<parquet::schema::ColumnPath>(std::vector<std::string>{column.name});
    if (column.coding == ColumnCoding::kDictionary) {
      builder.enable_dictionary(path);
    } else {
      builder.disable_dictionary(path);
    }
    switch (column.coding) {
      case ColumnCoding::kDictionary:
        break;
      case ColumnCoding::kPlain:
        builder.encoding(path, parquet::Encoding::PLAIN);
        break;
      case ColumnCoding::kDeltaBinary:
        builder.encoding(path, parquet::Encoding::DELTA_BINARY_PACKED);
        break;
      case ColumnCoding::kDeltaByteArray:
        builder.encoding(path, parquet::Encoding::DELTA_BYTE_ARRAY);
        break;
      case ColumnCoding::kDeltaLength:
        builder.encoding(path, parquet::Encoding::DELTA_LENGTH_BYTE_ARRAY);
        break;
    }
    if (!column.statistics) builder.disable_statistics(path);
    if (column.bloom_filter) builder.enable_bloom_filter(path, {.ndv = std::nullopt, .fpp = 0.01, .fold = true});
  }
  return builder.build();
}

TableSchema WithoutDictionaries(TableSchema schema) {
  for (ColumnSpec& column : schema) {
    if (column.coding == ColumnCoding::kDictionary) column.coding = ColumnCoding::kPlain;
  }
  return schema;
}

// True if the values of a finished chunk did not all fit its dictionary.
bool LeftItsDictionary(const parquet::ColumnChunkMetaDataBuilder& metadata) {
  auto chunk = parquet::ColumnChunkMetaData::Make(metadata.contents(), metadata.descr());
  return std::any_of(chunk->encoding_stats().begin(), chunk->encoding_stats().end(), [](const auto& pages) {
    return pages.page_type == parquet::PageType::DATA_PAGE && pages.encoding == parquet::Encoding::PLAIN;
  });
}

// Documents: their pages are made here; of all other columns by the library.
bool IsText(const ColumnSpec& column) {
  return column.type == ColumnType::kString && column.coding == ColumnCoding::kDeltaLength && !column.statistics &&
         !column.bloom_filter;
}

}  // namespace

// Pages next to each other.
struct ParquetOutput::TextRun {
  std::span<TextPage> pages;
  PageMemory* memory;
};

// A column of the row group that is written.
struct ParquetOutput::Chunk {
  parquet::ColumnChunkMetaDataBuilder* metadata = nullptr;
  std::shared_ptr<parquet::ColumnWriter> writer;
  ZstdPageWriter* pager = nullptr;  // the writer's
  // Or, of documents:
  std::unique_ptr<TextChunkWriter> text_writer;
  TextColumn text;
  std::vector<TextPage> pages;
  std::vector<TextRun> runs;
};

ParquetOutput::ParquetOutput(std::shared_ptr<arrow::io::OutputStream> sink, const TableSchema& schema, int sorted_by,
                             const TableWriterOptions& options)
    : sink_(std::move(sink)),
      columns_(schema),
      options_(options),
      properties_(MakeProperties(schema, sorted_by, options)),
      plain_properties_(MakeProperties(WithoutDictionaries(schema), sorted_by, options)),
      plain_(schema.size()),
      compressor_(options.zstd_level),
      maker_(&compressor_),
      second_maker_(&compressor_) {
  schema_.Init(MakeSchema(schema));
  metadata_ = parquet::FileMetaDataBuilder::Make(&schema_, properties_);
  page_index_ = parquet::PageIndexBuilder::Make(&schema_);
  bool blooms = std::any_of(schema.begin(), schema.end(), [](const ColumnSpec& c) { return c.bloom_filter; });
  if (blooms) bloom_filters_ = parquet::BloomFilterBuilder::Make(&schema_, properties_.get());
  PARQUET_THROW_NOT_OK(sink_->Write(kMagic));
}

ParquetOutput::Chunk ParquetOutput::OpenChunk(size_t column, bool hold, parquet::RowGroupMetaDataBuilder* metadata) {
  const auto ordinal = static_cast<int16_t>(column);
  parquet::ColumnChunkMetaDataBuilder* chunk_metadata = metadata->NextColumnChunk();
  const auto& path = chunk_metadata->descr()->path();
  bool text = IsText(columns_[column]);
  auto* column_index = columns_[column].statistics ? page_index_->GetColumnIndexBuilder(ordinal) : nullptr;
  auto pager = parquet::PageWriter::Open(
      sink_, properties_->compression(path), chunk_metadata, row_groups_, ordinal, properties_->memory_pool(), false,
      nullptr, nullptr, properties_->page_checksum_enabled(), column_index, page_index_->GetOffsetIndexBuilder(ordinal),
      *properties_->codec_options(path));
  Chunk chunk;
  chunk.metadata = chunk_metadata;
  if (text) {
    chunk.text_writer = std::make_unique<TextChunkWriter>(chunk_metadata, std::move(pager));
    return chunk;
  }
  auto* bloom_filter = bloom_filters_ != nullptr ? bloom_filters_->CreateBloomFilter(ordinal) : nullptr;
  auto zstd_pager = std::make_unique<ZstdPageWriter>(std::move(pager), &compressor_, hold);
  chunk.pager = zstd_pager.get();
  chunk.writer = parquet::ColumnWriter::Make(chunk_metadata, std::move(zstd_pager),
                                             (plain_[column] ? plain_properties_ : properties_).get(), bloom_filter);
  return chunk;
}

void ParquetOutput::CutRuns(const ColumnBuffer& buffer, Chunk* chunk) {
  chunk->text = ColumnBufferAccess::Text(buffer);
  chunk->pages = CutPages(chunk->text, {.batch_rows = options_.page_rows,
                                        .most_rows = kPageRows,
                                        .page_bytes = options_.page_bytes,
                                        .most_bytes = kPageTextBytes});
  size_t first = 0;
  uint64_t bytes = 0;
  for (size_t i = 0; i < chunk->pages.size(); ++i) {
    bytes += chunk->pages[i].end - chunk->pages[i].begin;
    if (bytes < kRunBytes && i + 1 < chunk->pages.size()) continue;
    chunk->runs.push_back({std::span(chunk->pages).subspan(first, i + 1 - first), nullptr});
    first = i + 1;
    bytes = 0;
  }
}

// Each thread takes what is next: whole columns, or runs of pages of documents.
void ParquetOutput::MakeOnTwoThreads(std::vector<Chunk>* chunks, std::vector<ColumnBuffer>* columns) {
  std::vector<std::function<void(TextPageMaker&)>> tasks;
  size_t memory = 0;
  for (size_t i = 0; i < chunks->size(); ++i) {
    Chunk& chunk = (*chunks)[i];
    ColumnBuffer& buffer = (*columns)[i];
    if (chunk.writer != nullptr) {
      tasks.push_back([this, i, &chunk, &buffer](TextPageMaker&) {
        WriteColumn(chunk.writer.get(), buffer, columns_[i].type);
        ColumnBufferAccess::Clear(&buffer);
      });
    }
  }
  for (Chunk& chunk : *chunks) {
    for (TextRun& run : chunk.runs) {
      if (memory == memory_.size()) memory_.push_back(std::make_unique<PageMemory>());
      run.memory = memory_[memory++].get();
      tasks.push_back([&chunk, &run](TextPageMaker& maker) { maker.Make(chunk.text, run.pages, run.memory); });
    }
  }
  memory_.resize(memory);
  std::atomic<size_t> next = 0;
  auto work = [&](TextPageMaker& maker) {
    for (size_t at = next++; at < tasks.size(); at = next++) tasks[at](maker);
  };
  auto other = std::async(std::launch::async, [&] { work(second_maker_); });
  work(maker_);
  other.get();
}

void ParquetOutput::WriteRowGroup(std::vector<ColumnBuffer>* columns, bool two_threads) {
  parquet::RowGroupMetaDataBuilder* metadata = metadata_->AppendRowGroup();
  metadata->set_num_rows(ColumnBufferAccess::Rows(columns->front()));
  page_index_->AppendRowGroup();
  if (bloom_filters_ != nullptr) bloom_filters_->AppendRowGroup();
  std::vector<Chunk> chunks(columns->size());
  int64_t raw_bytes = 0;
  auto open = [&](size_t i) {
    chunks[i] = OpenChunk(i, two_threads, metadata);
    if (chunks[i].text_writer != nullptr) CutRuns((*columns)[i], &chunks[i]);
  };
  if (two_threads) {
    for (size_t i = 0; i < chunks.size(); ++i) open(i);
    MakeOnTwoThreads(&chunks, columns);
  }
  if (!two_threads) memory_.clear();  // what large documents leave room for
  PageMemory passing;
  for (size_t i = 0; i < chunks.size(); ++i) {
    Chunk& chunk = chunks[i];
    ColumnBuffer& buffer = (*columns)[i];
    if (!two_threads) {
      open(i);
      if (chunk.writer != nullptr) WriteColumn(chunk.writer.get(), buffer, columns_[i].type);
    }
    for (TextRun& run : chunk.runs) {
      if (!two_threads) maker_.Make(chunk.text, run.pages, &passing);
      chunk.text_writer->Write(chunk.text, run.pages);
    }
    if (chunk.writer != nullptr) {
      chunk.writer->Close();
      raw_bytes += chunk.pager->raw_bytes();
    } else {
      raw_bytes += chunk.text_writer->Close();
    }
    // What did not fit a dictionary once gains nothing from trying again.
    if (columns_[i].coding == ColumnCoding::kDictionary && LeftItsDictionary(*chunk.metadata)) plain_[i] = true;
    chunk = Chunk();
    ColumnBufferAccess::Clear(&buffer);
  }
  metadata->Finish(raw_bytes, row_groups_++);
}

void ParquetOutput::Close(const std::shared_ptr<const arrow::KeyValueMetadata>& footer) {
  if (bloom_filters_ != nullptr) {
    metadata_->SetIndexLocations(parquet::IndexKind::kBloomFilter, bloom_filters_->WriteTo(sink_.get()));
  }
  page_index_->Finish();
  auto places = page_index_->WriteTo(sink_.get());
  metadata_->SetIndexLocations(parquet::IndexKind::kColumnIndex, places.column_index_locations);
  metadata_->SetIndexLocations(parquet::IndexKind::kOffsetIndex, places.offset_index_locations);
  parquet::WriteFileMetaData(*metadata_->Finish(footer), sink_.get());
}

namespace {

// What the writer throws becomes a Status: the file's own, where it is the file that failed.
class ArrowOutput : public RowGroupOutput {
 public:
  explicit ArrowOutput(PendingFile& file) : sink_(std::make_shared<PendingSink>(file)), name_(file.path()) {}

  Status Open(const TableSchema& schema, int sorted_by, const TableWriterOptions& options) {
    return Guard([&] { output_ = std::make_unique<ParquetOutput>(sink_, schema, sorted_by, options); });
  }
  Status WriteRowGroup(std::vector<ColumnBuffer>* columns, bool two_threads) override {
    return Guard([&] { output_->WriteRowGroup(columns, two_threads); });
  }
  Status Close(const std::vector<std::pair<std::string, std::string>>& texts) override {
    auto footer = std::make_shared<arrow::KeyValueMetadata>();
    for (const auto& [key, value] : texts) footer->Append(key, value);
    return Guard([&] { output_->Close(footer); });
  }

 private:
  template <typename Body>
  Status Guard(Body body) const {
    try {
      body();
      return Status::Ok();
    } catch (const std::exception& error) {
      if (!sink_->status().ok()) return sink_->status();
      return IoError(name_ + ": can't write Parquet: " + error.what());
    }
  }

  std::shared_ptr<PendingSink> sink_;
  std::string name_;
  std::unique_ptr<ParquetOutput> output_;
};

}  // namespace

Result<std::unique_ptr<RowGroupOutput>> OpenArrowOutput(PendingFile& file, const TableSchema& schema, int sorted_by,
                                                        const TableWriterOptions& options) {
  auto output = std::make_unique<ArrowOutput>(file);
  RETURN_IF_ERROR(output->Open(schema, sorted_by, options));
  return std::unique_ptr<RowGroupOutput>(std::move(output));
}

}  // namespace parquedb
