#include "arrowio/linked_arrow.h"

#include <arrow/config.h>
#include <arrow/util/config.h>

#include "arrowio/arrow_table.h"
#include "core/check.h"

namespace parquedb {
namespace {

class TheArrowModule : public ArrowModule {
 public:
  Result<std::unique_ptr<RowGroupOutput>> OpenOutput(PendingFile& file, const TableSchema& schema, int sorted_by,
                                                     const TableWriterOptions& options) const override {
    return OpenArrowOutput(file, schema, sorted_by, options);
  }
  Result<std::shared_ptr<TableReader>> OpenTable(std::shared_ptr<const ReadableFile> file,
                                                 std::string name) const override {
    return OpenArrowTable(std::move(file), std::move(name));
  }
  Result<std::unique_ptr<ForeignTable>> OpenForeign(std::shared_ptr<const ReadableFile> file,
                                                    std::string name) const override {
    return OpenArrowForeign(std::move(file), std::move(name));
  }
};

}  // namespace
}  // namespace parquedb

const parquedb::ArrowModule* parquedb_linked_arrow() {
  // Of another version its classes would have other layouts.
  PARQUEDB_CHECK(arrow::GetBuildInfo().so_version == ARROW_SO_VERSION);
  static const parquedb::TheArrowModule module;
  return &module;
}
