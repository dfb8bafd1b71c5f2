#include "exchange/export_writer.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/time_text.h"
#include "exchange/csv.h"
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

class CsvLines : public ExportWriter {
 public:
  CsvLines(const TableSchema& typed, ByteSink sink) : sink_(std::move(sink)), values_(typed.size()) {
    buffer_ = "$id,$type,$version,$createdAt,$updatedAt,$createdBy,$updatedBy,$data";
    for (size_t i = 0; i < typed.size(); ++i) {
      buffer_.push_back(',');
      AppendCsvCell(&buffer_, typed[i].name);
      positions_.emplace(typed[i].name, i);
    }
    buffer_.append(kCsvLineEnd);
  }
  Status Append(const Entity& entity) override {
    AppendCsvCell(&buffer_, entity.id);
    AppendNext(NamespaceOfId(entity.id));
    AppendNext(std::to_string(entity.version));
    AppendNext(FormatTime(entity.created_at_ms));
    AppendNext(FormatTime(entity.updated_at_ms));
    for (const auto* actor : {&entity.created_by, &entity.updated_by}) {
      buffer_.push_back(',');
      if (*actor) AppendCsvCell(&buffer_, **actor);
    }
    AppendNext(entity.data);
    RETURN_IF_ERROR(AppendTyped(entity.data));
    buffer_.append(kCsvLineEnd);
    return buffer_.size() >= kSinkBytes ? Drain() : Status::Ok();
  }
  Status Finish() override { return Drain(); }

 private:
  void AppendNext(std::string_view text) {
    buffer_.push_back(',');
    AppendCsvCell(&buffer_, text);
  }
  Status AppendTyped(std::string_view data) {
    RETURN_IF_ERROR(fields_.Scan(data));
    for (auto& value : values_) value.reset();
    for (const ScannedFields::Field& field : fields_.fields()) {
      auto position = positions_.find(field.name);
      if (position == positions_.end() || field.kind == FieldKind::kOther) continue;
      std::string decoded;
      std::string_view text = field.kind == FieldKind::kString ? field.String(&decoded) : field.text;
      if (text.find('\0') == std::string_view::npos) values_[position->second].emplace(text);
    }
    for (const auto& value : values_) {
      buffer_.push_back(',');
      if (value) AppendCsvCell(&buffer_, *value);
    }
    return Status::Ok();
  }
  Status Drain() {
    Status status = sink_(buffer_);
    buffer_.clear();
    return status;
  }

  ByteSink sink_;
  std::string buffer_;
  std::map<std::string, size_t, std::less<>> positions_;
  std::vector<std::optional<std::string>> values_;  // of the typed columns, of one row
  ScannedFields fields_;
};

}  // namespace

std::unique_ptr<ExportWriter> ExportCsv(const FieldTable& counts, int64_t rows, ByteSink sink) {
  return std::make_unique<CsvLines>(TypedColumns(counts, rows), std::move(sink));
}

std::unique_ptr<ExportWriter> ExportJsonLines(ExportFormat format, ByteSink sink) {
  return std::make_unique<JsonLines>(format == ExportFormat::kJson, std::move(sink));
}

Result<std::unique_ptr<ExportWriter>> ExportParquet(PendingFile& file, const ParquetExport& options) {
  ASSIGN_OR_RETURN(auto writer, DataFileWriter::Open(file, TypedColumns(options.counts, options.rows)));
  return std::unique_ptr<ExportWriter>(std::make_unique<ParquetLines>(std::move(writer), options));
}

}  // namespace parquedb
