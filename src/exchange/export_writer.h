// The state at an instant as a file that other tools, and import, read.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "collection/data_file.h"
#include "parquedb/event.h"
#include "parquedb/status.h"
#include "parquedb/storage.h"

namespace parquedb {

enum class ExportFormat { kNdjson, kJson, kCsv, kParquet };

class ExportWriter {
 public:
  virtual ~ExportWriter() = default;
  virtual Status Append(const Entity& entity) = 0;  // ids ascend
  virtual Status Finish() = 0;
};

using ByteSink = std::function<Status(std::string_view bytes)>;

// NDJSON: an entity a line. JSON: one array, an entity a line.
std::unique_ptr<ExportWriter> ExportJsonLines(ExportFormat format, ByteSink sink);

// A data file (docs/format/data.md) of any namespaces. `counts` and `rows` are those of exactly what will be appended.
struct ParquetExport {
  std::string database_id;
  int64_t through = 0;
  FieldTable counts;
  int64_t rows = 0;
};
Result<std::unique_ptr<ExportWriter>> ExportParquet(PendingFile& file, const ParquetExport& options);

// CSV: the columns of a data file with the same counts, the times as RFC 3339. What a typed column can't hold (an
// absent field, a text with a NUL) is an empty cell there; $data has everything.
std::unique_ptr<ExportWriter> ExportCsv(const FieldTable& counts, int64_t rows, ByteSink sink);

}  // namespace parquedb
