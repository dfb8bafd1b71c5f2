// Input files as a stream of records with known ids.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exchange/import_record.h"
#include "parquedb/progress.h"
#include "parquedb/status.h"
#include "storage/compression.h"

namespace parquedb {

enum class InputFormat { kNdjson, kJson, kCsv, kParquet };

struct ImportSource {
  std::string file;  // "-" = standard input
  InputFormat format = InputFormat::kNdjson;
  Compression compression = Compression::kNone;
  std::string ns;                // entities of other namespaces are skipped; records without $id go here; "" = none
  std::string id_field;          // a record's id is the text of this field; "" = none
  std::string into;              // the namespace that all taken records get; "" = their own
  bool infer = false;            // CSV: cells that are a JSON number, true or false become that
  Progress* progress = nullptr;  // may be null; bytes of the file, or rows of Parquet

  std::string name() const { return InputName(file); }  // for messages
};

class RecordReader {
 public:
  explicit RecordReader(ImportSource source) : source_(std::move(source)) {}
  virtual ~RecordReader() = default;
  const ImportSource& source() const { return source_; }
  uint64_t likely_bytes() const;  // of all records, as far as it can be known before; 0 = it can't
  // False at the end. Each record has an id. A bad record does not stop the reading: at the end, or after ten of them,
  // kInvalidData names each with file, line and reason.
  virtual Result<bool> Next(ImportRecord* record) = 0;
  // The same as drafts, which are made where the reading is done, on worker threads for JSON. The first call says the
  // stamp of all. A reader is read in one of the two ways, from its first record to its last.
  virtual Result<bool> NextDraft(const RecordStamp& stamp, ImportDraft* draft);
  virtual int64_t skipped() const = 0;  // of other namespaces

 private:
  ImportSource source_;
  std::optional<DraftMaker> maker_;
  ImportRecord record_;
};

// kNotFound: no such file. kInvalidData: not a file of that format.
Result<std::unique_ptr<RecordReader>> OpenRecords(const ImportSource& source);

// Bad records, up to ten, as one error.
class BadRecords {
 public:
  explicit BadRecords(std::string file) : file_(std::move(file)) {}
  // True when that was the tenth.
  bool Add(int64_t line, const Status& why);
  bool empty() const { return lines_.empty(); }
  Status ToStatus() const;

 private:
  std::string file_;
  std::vector<std::string> lines_;
};

// One line of `import --events`.
struct ImportedEvent {
  int64_t ts_ms = 0;
  Op op = Op::kCreate;
  std::string target;
  ImportRecord after;  // of CREATE and UPDATE: fields, links and what system fields are present
  std::optional<std::string> actor, metadata;
  std::string id;  // ULID or ""
  int64_t line = 0;
};

class EventReader {
 public:
  // "-" is standard input; .gz and .zst are decompressed. kNotFound.
  static Result<std::unique_ptr<EventReader>> Open(const std::string& file, Progress* progress = nullptr);
  virtual ~EventReader() = default;
  // As RecordReader::Next; one line that is wrong in itself ends up in bad().
  virtual Result<bool> Next(ImportedEvent* event) = 0;
  // For what only the caller can know: notes the line; an error when it is the tenth.
  virtual Status Refuse(int64_t line, const Status& why) = 0;
  virtual Status bad() const = 0;  // ok when nothing was refused
};

}  // namespace parquedb
