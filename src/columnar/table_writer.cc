#include <arrow/util/key_value_metadata.h>
#include <parquet/column_writer.h>
#include <parquet/file_writer.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include <algorithm>
#include <future>
#include <utility>

#include "columnar/arrow_io.h"
#include "columnar/table.h"
#include "core/check.h"

namespace parquedb {
namespace {

constexpr uint64_t kBatchBytes =
    1 << 20;  // bytes of strings in one WriteBatch: large documents would exceed a page's limit
constexpr uint64_t kBackgroundBytes = 4u << 20;  // a row group from here on is written while the next is filled
constexpr uint64_t kLargeRowBytes =
    256 * 1024;                      // a row group's average, from which on it is not written in the background
constexpr int64_t kPageRows = 1024;  // at most, whatever a page's bytes: point reads decode few rows

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

}  // namespace

void ColumnBuffer::AppendInt(int64_t value) {
  if (nullable_) present_.push_back(1);
  ints_.push_back(value);
  *bytes_ += sizeof value;
  ++rows_;
}
void ColumnBuffer::AppendDouble(double value) {
  if (nullable_) present_.push_back(1);
  doubles_.push_back(value);
  *bytes_ += sizeof value;
  ++rows_;
}
void ColumnBuffer::AppendBool(bool value) {
  if (nullable_) present_.push_back(1);
  bools_.push_back(value);
  *bytes_ += sizeof value;
  ++rows_;
}
void ColumnBuffer::AppendString(std::string_view value) {
  if (nullable_) present_.push_back(1);
  arena_.append(value);
  ends_.push_back(arena_.size());
  *bytes_ += value.size() + sizeof(uint64_t);
  ++rows_;
}
void ColumnBuffer::AppendNull() {
  PARQUEDB_CHECK(nullable_);
  present_.push_back(0);
  ++rows_;
}
// Writes filled buffers into a row group.
struct TableWriterInternals {
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
  static void Prepare(ColumnBuffer* buffer, bool nullable, uint64_t* bytes) {
    buffer->nullable_ = nullable;
    buffer->bytes_ = bytes;
  }

  template <typename Writer, typename Values>
  static void WriteFlat(parquet::ColumnWriter* writer, const ColumnBuffer& buffer, const Values* values) {
    static_cast<Writer*>(writer)->WriteBatch(buffer.rows_, buffer.nullable_ ? buffer.present_.data() : nullptr, nullptr,
                                             values);
  }

  static void WriteStrings(parquet::ColumnWriter* writer, const ColumnBuffer& buffer) {
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

  static void WriteColumn(parquet::ColumnWriter* writer, const ColumnBuffer& buffer, ColumnType type) {
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
};

struct TableWriter::State {
  explicit State(PendingFile& file) : sink(std::make_shared<PendingSink>(file)), name(file.path()) {}
  std::shared_ptr<PendingSink> sink;
  std::string name;
  TableSchema schema;
  TableWriterOptions options;
  std::unique_ptr<parquet::ParquetFileWriter> writer;
  std::vector<ColumnBuffer> filling, writing;
  std::shared_ptr<arrow::KeyValueMetadata> footer = std::make_shared<arrow::KeyValueMetadata>();
  std::future<Status> background;
  int64_t rows_in_group = 0, rows = 0;
  uint64_t bytes_in_group = 0;
  int groups = 0;

  Status Fail(const std::exception& error) const {
    if (!sink->status().ok()) return sink->status();
    return IoError(name + ": can't write Parquet: " + error.what());
  }
  Status WriteRowGroup() {
    try {
      parquet::RowGroupWriter* group = writer->AppendRowGroup();
      for (size_t i = 0; i < schema.size(); ++i) {
        TableWriterInternals::WriteColumn(group->NextColumn(), writing[i], schema[i].type);
        TableWriterInternals::Clear(&writing[i]);
      }
      group->Close();
    } catch (const std::exception& error) {
      return Fail(error);
    }
    return Status::Ok();
  }
  Status WaitForBackground() { return background.valid() ? background.get() : Status::Ok(); }
};

TableWriter::TableWriter() = default;
TableWriter::~TableWriter() {
  if (state_ != nullptr && state_->background.valid()) state_->background.wait();
}

Result<std::unique_ptr<TableWriter>> TableWriter::Open(PendingFile& file, TableSchema schema, int sorted_by,
                                                       const TableWriterOptions& options) {
  std::unique_ptr<TableWriter> table(new TableWriter());
  table->state_ = std::make_unique<State>(file);
  State& state = *table->state_;
  state.schema = std::move(schema);
  state.options = options;
  for (const ColumnSpec& column : state.schema) {
    TableWriterInternals::Prepare(&state.filling.emplace_back(), column.nullable, &state.bytes_in_group);
    TableWriterInternals::Prepare(&state.writing.emplace_back(), column.nullable, &state.bytes_in_group);
  }
  try {
    state.writer = parquet::ParquetFileWriter::Open(state.sink, MakeSchema(state.schema),
                                                    MakeProperties(state.schema, sorted_by, options));
  } catch (const std::exception& error) {
    return state.Fail(error);
  }
  return table;
}

ColumnBuffer& TableWriter::column(int index) { return state_->filling[static_cast<size_t>(index)]; }
int64_t TableWriter::row_count() const { return state_->rows; }
int TableWriter::row_group_count() const { return state_->groups; }

Status TableWriter::EndRow() {
  State& state = *state_;
  ++state.rows;
  ++state.rows_in_group;
  bool full =
      state.bytes_in_group >= state.options.row_group_bytes || state.rows_in_group >= state.options.row_group_rows;
  return full ? EndRowGroup() : Status::Ok();
}

Status TableWriter::EndRowGroup() {
  State& state = *state_;
  if (state.rows_in_group == 0) return Status::Ok();
  RETURN_IF_ERROR(state.WaitForBackground());
  uint64_t bytes = std::exchange(state.bytes_in_group, 0);
  std::swap(state.filling, state.writing);
  int64_t rows = std::exchange(state.rows_in_group, 0);
  ++state.groups;
  if (bytes < kBackgroundBytes) return state.WriteRowGroup();
  if (bytes >= kLargeRowBytes * static_cast<uint64_t>(rows)) {
    // Of large documents one row group is held, not two, and its memory goes back: it may be twice what it holds.
    RETURN_IF_ERROR(state.WriteRowGroup());
    for (std::vector<ColumnBuffer>* buffers : {&state.filling, &state.writing}) {
      for (ColumnBuffer& buffer : *buffers) TableWriterInternals::Release(&buffer);
    }
    return Status::Ok();
  }
  state.background = std::async(std::launch::async, [&state] { return state.WriteRowGroup(); });
  return Status::Ok();
}

void TableWriter::SetFooter(std::string key, std::string value) {
  state_->footer->Append(std::move(key), std::move(value));
}

Status TableWriter::Finish() {
  State& state = *state_;
  RETURN_IF_ERROR(EndRowGroup());
  RETURN_IF_ERROR(state.WaitForBackground());
  try {
    state.writer->AddKeyValueMetadata(state.footer);
    state.writer->Close();
  } catch (const std::exception& error) {
    return state.Fail(error);
  }
  return Status::Ok();
}

}  // namespace parquedb
