#include "columnar/foreign_table.h"

#include <arrow/record_batch.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>

#include <algorithm>
#include <functional>
#include <new>

#include "arrowio/arrow_io.h"
#include "arrowio/foreign_value.h"
#include "arrowio/linked_arrow.h"
#include "core/limits.h"

namespace parquedb {
namespace {

constexpr int64_t kForeignStreamBytes = 64 * 1024;
constexpr uint64_t kForeignBatchBytes = 8 * kMiB;  // of decoded rows
constexpr int64_t kForeignBatchRows = 4096;
constexpr uint64_t kMaxForeignFooterBytes = 256 * kMiB;
constexpr int kSchemaLevelsOfALevel = 3;  // a list is three groups, one in the other

parquet::ReaderProperties ForeignProperties() {
  parquet::ReaderProperties properties(ReadingPool());
  properties.enable_buffered_stream();
  properties.set_buffer_size(kForeignStreamBytes);
  properties.set_page_checksum_verification(true);
  properties.set_schema_depth_limit(kSchemaLevelsOfALevel * (kMaxDocumentDepth + 1));
  return properties;
}

class ParquetForeign : public ForeignTable {
 public:
  explicit ParquetForeign(std::string name) : name_(std::move(name)) {}

  Status Open(std::shared_ptr<const ReadableFile> file) {
    Status opened_well = Guard([&] {
      RETURN_IF_ERROR(CheckEnds(*file));
      auto source = std::make_shared<ReadableSource>(std::move(file));
      auto opened = parquet::ParquetFileReader::Open(source, ForeignProperties());
      metadata_ = opened->metadata();
      parquet::ArrowReaderProperties properties;
      properties.set_batch_size(BatchRows());
      properties.set_pre_buffer(false);  // it would read whole row groups ahead
      properties.set_use_threads(false);
      properties.set_coerce_int96_timestamp_unit(arrow::TimeUnit::MICRO);  // nanoseconds end in 2262
      properties.set_arrow_extensions_enabled(true);                       // UUIDs are known as such
      auto reader = parquet::arrow::FileReader::Make(ReadingPool(), std::move(opened), properties);
      if (!reader.ok()) return Corruption(reader.status().message());
      reader_ = std::move(*reader);
      return OpenBatches();
    });
    return opened_well.With(name_);
  }

  std::optional<std::string> footer(std::string_view key) const override {
    auto pairs = metadata_->key_value_metadata();
    int index = pairs == nullptr ? -1 : pairs->FindKey(std::string(key));
    return index < 0 ? std::nullopt : std::optional<std::string>(pairs->value(index));
  }
  const std::vector<std::string>& column_names() const override { return names_; }
  int64_t row_count() const override { return metadata_->num_rows(); }

  Result<bool> Next(RowSink* sink) override {
    bool more = true;
    RETURN_IF_ERROR(Guard([&]() -> Status {
      while (more && (batch_ == nullptr || row_ == batch_->num_rows())) {
        ASSIGN_OR_RETURN(more, NextBatch());
      }
      return more ? PutRow(sink) : Status::Ok();
    }));
    return more;
  }

 private:
  // Runs `body`; an exception of the library is damage of this file.
  Status Guard(const std::function<Status()>& body) const {
    try {
      return body();
    } catch (const std::bad_alloc&) {
      return Corruption("a size in it is larger than memory allows");
    } catch (const std::exception& error) {
      std::string what = error.what();
      std::replace(what.begin(), what.end(), '\n', ' ');
      return Corruption("can't be read as Parquet: " + what);
    }
  }

  static Status CheckEnds(const ReadableFile& file) {
    uint64_t size = file.size();
    if (size < 12) return Corruption(std::to_string(size) + " bytes are too few for a Parquet file");
    char tail[8];
    RETURN_IF_ERROR(file.ReadAt(size - 8, tail));
    if (std::string_view(tail + 4, 4) == "PARE") return Corruption("the file is encrypted");
    if (std::string_view(tail + 4, 4) != "PAR1")
      return Corruption("it does not end like a Parquet file: it was cut, or it is another kind of file");
    uint32_t footer;
    std::copy_n(tail, 4, reinterpret_cast<char*>(&footer));
    if (footer > size - 12 || footer > kMaxForeignFooterBytes)
      return Corruption("footer length " + std::to_string(footer) + " does not fit the file of " +
                        std::to_string(size) + " bytes");
    return Status::Ok();
  }

  // So many that a batch stays near kForeignBatchBytes, as far as the footer tells.
  int64_t BatchRows() const {
    uint64_t row_bytes = 1;
    for (int i = 0; i < metadata_->num_row_groups(); ++i) {
      auto group = metadata_->RowGroup(i);
      if (group->num_rows() > 0 && group->total_byte_size() > 0)
        row_bytes = std::max(row_bytes, static_cast<uint64_t>(group->total_byte_size() / group->num_rows()));
    }
    return std::clamp<int64_t>(static_cast<int64_t>(kForeignBatchBytes / row_bytes), 1, kForeignBatchRows);
  }

  Status OpenBatches() {
    auto batches = reader_->GetRecordBatchReader();
    if (!batches.ok()) return Corruption(batches.status().message());
    batches_ = std::move(*batches);
    for (const auto& field : batches_->schema()->fields()) {
      Status readable = CheckForeignType(*field->type());
      if (!readable.ok()) return readable.With("column " + field->name());
      names_.push_back(field->name());
    }
    return Status::Ok();
  }

  Result<bool> NextBatch() {
    auto read = batches_->ReadNext(&batch_);
    if (!read.ok()) return Corruption("can't be read as Parquet: " + read.message());
    row_ = 0;
    if (batch_ == nullptr) return false;
    auto valid = batch_->ValidateFull();
    // Text that is no UTF-8 is the writer's fault, like everything else that is found here.
    if (!valid.ok()) return Corruption("rows from " + std::to_string(rows_given_ + 1) + " on: " + valid.message());
    return true;
  }

  Status PutRow(RowSink* sink) {
    int64_t row = row_++;
    ++rows_given_;
    sink->BeginObject();
    for (int i = 0; i < batch_->num_columns(); ++i) {
      const arrow::Array& column = *batch_->column(i);
      if (IsForeignNull(column, row)) continue;
      sink->Name(names_[static_cast<size_t>(i)]);
      Status put = PutForeignValue(column, row, sink);
      if (!put.ok())
        return put.With("row " + std::to_string(rows_given_) + ": column " + names_[static_cast<size_t>(i)]);
    }
    sink->EndObject();
    return Status::Ok();
  }

  std::string name_;
  std::shared_ptr<parquet::FileMetaData> metadata_;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::shared_ptr<arrow::RecordBatchReader> batches_;
  std::shared_ptr<arrow::RecordBatch> batch_;
  std::vector<std::string> names_;
  int64_t row_ = 0, rows_given_ = 0;
};

}  // namespace

Result<std::unique_ptr<ForeignTable>> OpenArrowForeign(std::shared_ptr<const ReadableFile> file, std::string name) {
  auto table = std::make_unique<ParquetForeign>(std::move(name));
  RETURN_IF_ERROR(table->Open(std::move(file)));
  return std::unique_ptr<ForeignTable>(std::move(table));
}

}  // namespace parquedb
