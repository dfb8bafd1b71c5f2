#include "exchange/record_reader.h"

#include <fmt/format.h>

#include <filesystem>

#include "collection/data_file.h"
#include "core/limits.h"
#include "core/ulid.h"
#include "exchange/foreign_rows.h"
#include "exchange/line_reader.h"
#include "exchange/record_pipeline.h"
#include "model/names.h"
#include "storage/spooled_file.h"

namespace parquedb {
namespace {

constexpr size_t kMaxBadRecords = 10;

constexpr int kWorkers = 2;

IdSpelling SpellingOf(const ImportSource& source) {
  return {.ns = source.ns, .field = source.id_field, .into = source.into};
}

class JsonRecords : public RecordReader {
 public:
  // `csv`: the raw records are its rows.
  JsonRecords(const ImportSource& source, std::unique_ptr<RawRecordReader> raw, std::shared_ptr<const CsvShape> csv)
      : RecordReader(source),
        pipeline_(std::move(raw), SpellingOf(source), std::move(csv), kWorkers),
        ids_(std::nullopt, false, SystemRandom()),
        bad_(source.name()) {}

  Result<bool> Next(ImportRecord* record) override {
    while (true) {
      if (at_ == batch_.records.size()) {
        if (batch_.last) return End();
        batch_ = pipeline_.Next();
        skipped_ += batch_.skipped;
        at_ = 0;
        continue;
      }
      TakenRecord& taken = batch_.records[at_++];
      if (!taken.status.ok()) {
        if (bad_.Add(taken.line, taken.status)) return bad_.ToStatus();
        continue;
      }
      RETURN_IF_ERROR(Name(&taken.record.id));
      *record = std::move(taken.record);
      return true;
    }
  }
  Result<bool> NextDraft(const RecordStamp& stamp, ImportDraft* draft) override {
    if (!drafting_) pipeline_.MakeDrafts(stamp);
    drafting_ = true;
    while (true) {
      if (at_ == batch_.drafts.size()) {
        if (batch_.last) return End();
        batch_ = pipeline_.Next();
        skipped_ += batch_.skipped;
        at_ = 0;
        for (const TakenRecord& bad : batch_.records) {
          if (bad_.Add(bad.line, bad.status)) return bad_.ToStatus();
        }
        continue;
      }
      ImportDraft& taken = batch_.drafts[at_++];
      RETURN_IF_ERROR(Name(&taken.id));
      *draft = std::move(taken);
      draft->texts = std::move(batch_.texts);  // with the first that is taken of the batch
      return true;
    }
  }
  int64_t skipped() const override { return skipped_; }

 private:
  Result<bool> End() {
    if (batch_.end.code() == StatusCode::kInvalidData)
      bad_.Add(0, batch_.end);
    else if (!batch_.end.ok())
      return batch_.end;
    return bad_.empty() ? Result<bool>(false) : bad_.ToStatus();
  }

  // Gives a nameless record an id; those of one import ascend in the order of the file.
  Status Name(std::string* id) {
    if (!id->empty()) return Status::Ok();
    const std::string& ns = source().into.empty() ? source().ns : source().into;
    if (ns.empty()) return InvalidArgument("a record has no $id: --namespace must say where it goes");
    *id = ns + "/" + ids_.Next(SystemClock().NowMs()).id.ToString();
    return Status::Ok();
  }

  RecordPipeline pipeline_;
  EventIdSource ids_;
  BadRecords bad_;
  RecordBatch batch_;
  size_t at_ = 0;  // in the batch's records or drafts
  bool drafting_ = false;
  int64_t skipped_ = 0;
};

// Damage of a file from outside is wrong input.
Status Damaged(const Status& status) {
  bool wrong = status.code() == StatusCode::kCorruption || status.code() == StatusCode::kUnsupported;
  return wrong ? InvalidData(status.message(), "nothing was imported; is it the right file, and whole?") : status;
}

// The rows behind a header row.
Result<std::unique_ptr<RecordReader>> OpenCsv(const ImportSource& source, std::unique_ptr<InputStream> input) {
  auto raw = ReadCsvRecords(std::move(input));
  std::string_view header;
  int64_t line = 0;
  auto wrong = [&](const Status& why) {
    BadRecords bad(source.name());
    bad.Add(line, why);
    return bad.ToStatus();
  };
  auto more = raw->Next(&header, &line);
  if (!more.ok()) return more.status().With(source.name());
  if (!*more) return wrong(InvalidData("the header row with the names of the columns is missing"));
  auto shape = CsvShape::Open(header, source.infer);
  if (!shape.ok()) return wrong(shape.status());
  return std::unique_ptr<RecordReader>(std::make_unique<JsonRecords>(source, std::move(raw), std::move(*shape)));
}

// The input as columnar wants it: a file that can be read anywhere.
Result<std::shared_ptr<const ReadableFile>> OpenWhole(const ImportSource& source) {
  const std::string& path = source.file;
  if (path == "-" || source.compression != Compression::kNone) {
    ASSIGN_OR_RETURN(auto input, OpenInputFile(path));
    auto spooled = SpoolToFile(*Decompress(source.compression, std::move(input)));
    return spooled.ok() ? std::move(spooled) : spooled.status().With(source.name());
  }
  size_t slash = path.rfind('/');
  ASSIGN_OR_RETURN(auto folder, OpenDirectory(slash == std::string::npos ? "." : path.substr(0, slash + 1)));
  auto file = folder->Open(slash == std::string::npos ? path : path.substr(slash + 1));
  if (!file.ok() && file.status().code() == StatusCode::kNotFound) return NotFound("there is no file " + path);
  if (!file.ok()) return file.status();
  return std::shared_ptr<const ReadableFile>(std::move(*file));
}

// A file that `export` wrote: the $ columns.
class ParquetRecords : public RecordReader {
 public:
  static Result<std::unique_ptr<RecordReader>> Open(const ImportSource& source,
                                                    std::shared_ptr<const ReadableFile> handle) {
    auto file = DataFile::Open(std::move(handle), source.name(), "");
    if (!file.ok()) return Damaged(file.status());
    auto reader = std::make_unique<ParquetRecords>(source);
    reader->file_ = std::move(*file);
    ASSIGN_OR_RETURN(reader->cursor_, reader->file_->Scan());
    Expect(source.progress, reader->file_->footer().rows);
    return std::unique_ptr<RecordReader>(std::move(reader));
  }
  explicit ParquetRecords(const ImportSource& source)
      : RecordReader(source), spelling_(SpellingOf(source)), bad_(source.name()) {}

  Result<bool> Next(ImportRecord* record) override {
    Entity entity;
    while (true) {
      auto more = cursor_->Next(&entity);
      if (!more.ok()) return Damaged(more.status());
      if (!*more) return bad_.empty() ? Result<bool>(false) : bad_.ToStatus();
      ++row_;
      Advance(source().progress, 1, static_cast<int64_t>(entity.data.size()));
      Status taken = Take(entity, record);
      record->line = row_;
      if (!taken.ok()) {
        if (bad_.Add(row_, taken)) return bad_.ToStatus();
        continue;
      }
      if (spelling_.Place(record)) return true;
      ++skipped_;
    }
  }
  int64_t skipped() const override { return skipped_; }

 private:
  // The texts come from outside: they are checked like any record.
  Status Take(const Entity& entity, ImportRecord* record) {
    RETURN_IF_ERROR(normalizer_.Normalize(entity.data, &normalized_));
    RETURN_IF_ERROR(TakeRecord(std::move(normalized_), record));
    auto name = ParseEntityId(entity.id);
    if (!name.ok()) return InvalidData("$id: " + name.status().message());
    record->id = entity.id;
    if (entity.version < 1) return InvalidData("$version is " + std::to_string(entity.version));
    record->version = entity.version;
    record->created_at_ms = entity.created_at_ms;
    record->updated_at_ms = entity.updated_at_ms;
    record->created_by = entity.created_by;
    record->updated_by = entity.updated_by;
    return Status::Ok();
  }

  IdSpelling spelling_;
  std::shared_ptr<DataFile> file_;
  std::unique_ptr<EntityCursor> cursor_;
  RecordNormalizer normalizer_;
  NormalizedRecord normalized_;
  BadRecords bad_;
  int64_t row_ = 0, skipped_ = 0;
};

// A file with our format key, or any other.
Result<std::unique_ptr<RecordReader>> OpenParquet(const ImportSource& source) {
  ASSIGN_OR_RETURN(auto handle, OpenWhole(source));
  auto table = ForeignTable::Open(handle, source.name());
  if (!table.ok()) return Damaged(table.status());
  if ((*table)->footer("parquedb.format")) return ParquetRecords::Open(source, std::move(handle));
  auto rows = ReadForeignRows(std::move(*table), source.progress);
  if (!rows.ok()) return Damaged(rows.status()).With(source.name());
  return std::unique_ptr<RecordReader>(std::make_unique<JsonRecords>(source, std::move(*rows), nullptr));
}

}  // namespace

uint64_t RecordReader::likely_bytes() const {
  std::error_code error;  // of a pipe, for one: then nothing is known
  uint64_t bytes = std::filesystem::file_size(source_.file, error);
  return error ? 0 : bytes;
}

Result<bool> RecordReader::NextDraft(const RecordStamp& stamp, ImportDraft* draft) {
  if (!maker_) maker_.emplace(stamp);
  ASSIGN_OR_RETURN(bool more, Next(&record_));
  if (!more) return false;
  auto texts = std::make_shared<std::string>();
  *draft = maker_->Make(&record_, texts.get());
  draft->state = *texts;
  draft->texts = std::move(texts);
  return true;
}

bool BadRecords::Add(int64_t line, const Status& why) {
  lines_.push_back(line > 0 ? fmt::format("{}:{}: {}", file_, line, why.message())
                            : fmt::format("{}: {}", file_, why.message()));
  return lines_.size() >= kMaxBadRecords;
}

Status BadRecords::ToStatus() const {
  std::string message = lines_.size() == 1
                            ? ""
                            : fmt::format("{} records can't be taken{}:\n  ", lines_.size(),
                                          lines_.size() >= kMaxBadRecords ? " (and the rest was not read)" : "");
  return InvalidData(message + fmt::format("{}", fmt::join(lines_, "\n  ")),
                     "nothing was imported; correct the file and run it again");
}

Result<std::unique_ptr<RecordReader>> OpenRecords(const ImportSource& source) {
  if (source.format == InputFormat::kParquet) return OpenParquet(source);
  ASSIGN_OR_RETURN(auto input, OpenInputFile(source.file, source.progress));
  input = Decompress(source.compression, std::move(input));
  if (source.format == InputFormat::kCsv) return OpenCsv(source, std::move(input));
  auto raw = source.format == InputFormat::kJson ? ReadJsonArray(std::move(input)) : ReadLines(std::move(input));
  return std::unique_ptr<RecordReader>(std::make_unique<JsonRecords>(source, std::move(raw), nullptr));
}

}  // namespace parquedb
