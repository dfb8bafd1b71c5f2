#include "exchange/export_writer.h"

#include "model/names.h"
#include "model/state_text.h"

namespace parquedb {
namespace {

constexpr size_t kSinkBytes = 1 << 18;

class JsonLines : public ExportWriter {
 public:
  JsonLines(bool array, ByteSink sink) : array_(array), sink_(std::move(sink)) {}
  Status Append(const Entity& entity) override {
    if (array_) buffer_.append(first_ ? "[\n" : ",\n");
    first_ = false;
    AppendEntityJson(&buffer_, entity);
    if (!array_) buffer_.push_back('\n');
    return buffer_.size() >= kSinkBytes ? Drain() : Status::Ok();
  }
  Status Finish() override {
    if (array_) buffer_.append(first_ ? "[]\n" : "\n]\n");
    return Drain();
  }

 private:
  Status Drain() {
    Status status = sink_(buffer_);
    buffer_.clear();
    return status;
  }
  bool array_, first_ = true;
  ByteSink sink_;
  std::string buffer_;
};

class ParquetLines : public ExportWriter {
 public:
  ParquetLines(std::unique_ptr<DataFileWriter> writer, ParquetExport options)
      : writer_(std::move(writer)), options_(std::move(options)) {}
  Status Append(const Entity& entity) override {
    digest_.Add(IdToTarget(entity.id), EncodeState(entity));
    return writer_->Append(entity);
  }
  Status Finish() override {
    return writer_->Finish({.database_id = options_.database_id,
                            .through = options_.through,
                            .rows = 0,
                            .digest = digest_.Hex(),
                            .fields = options_.counts});
  }

 private:
  std::unique_ptr<DataFileWriter> writer_;
  ParquetExport options_;
  StateDigest digest_;
};

}  // namespace

std::unique_ptr<ExportWriter> ExportJsonLines(ExportFormat format, ByteSink sink) {
  return std::make_unique<JsonLines>(format == ExportFormat::kJson, std::move(sink));
}

Result<std::unique_ptr<ExportWriter>> ExportParquet(PendingFile& file, const ParquetExport& options) {
  ASSIGN_OR_RETURN(auto writer, DataFileWriter::Open(file, TypedColumns(options.counts, options.rows)));
  return std::unique_ptr<ExportWriter>(std::make_unique<ParquetLines>(std::move(writer), options));
}

}  // namespace parquedb
