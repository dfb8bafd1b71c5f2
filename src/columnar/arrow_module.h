// What is done with Arrow: Parquet files are written, and those of other writers read. Arrow's libraries take longer to
// load than most commands to run, so they stand behind this interface and come with the first call of it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "columnar/foreign_table.h"
#include "columnar/table.h"

namespace parquedb {

// Writes one Parquet file, row group by row group. One thread at a time.
class RowGroupOutput {
 public:
  virtual ~RowGroupOutput() = default;
  // Clears the buffers. With two threads the pages of the row group are all held before the first is written; else
  // documents are written as they are made, and of their pages about a megabyte is held.
  virtual Status WriteRowGroup(std::vector<ColumnBuffer>* columns, bool two_threads) = 0;
  // Writes the indexes and the footer with these texts. Nothing comes after it.
  virtual Status Close(const std::vector<std::pair<std::string, std::string>>& texts) = 0;
};

// Any thread.
class ArrowModule {
 public:
  virtual ~ArrowModule() = default;
  // `file` must outlive what is returned.
  virtual Result<std::unique_ptr<RowGroupOutput>> OpenOutput(PendingFile& file, const TableSchema& schema,
                                                             int sorted_by,
                                                             const TableWriterOptions& options) const = 0;
  // As TableReader::Open and ForeignTable::Open.
  virtual Result<std::shared_ptr<TableReader>> OpenTable(std::shared_ptr<const ReadableFile> file,
                                                         std::string name) const = 0;
  virtual Result<std::unique_ptr<ForeignTable>> OpenForeign(std::shared_ptr<const ReadableFile> file,
                                                            std::string name) const = 0;
};

// The module that is linked into this program, or else libparquedb-arrow.so, which lies beside the program or in
// ../lib/parquedb. kUnsupported: there is none, or it is of another version. Any thread.
Result<const ArrowModule*> LoadArrow();

// What a program and its module must agree on; compared when the module is loaded.
const char* ArrowModuleVersion();

}  // namespace parquedb

extern "C" {
// Where the module is linked in; else null.
const parquedb::ArrowModule* parquedb_linked_arrow() __attribute__((weak));
}
