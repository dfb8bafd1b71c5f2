#include "columnar/foreign_table.h"

#include "columnar/arrow_module.h"

namespace parquedb {

Result<std::unique_ptr<ForeignTable>> ForeignTable::Open(std::shared_ptr<const ReadableFile> file, std::string name) {
  ASSIGN_OR_RETURN(const ArrowModule* arrow, LoadArrow());
  return arrow->OpenForeign(std::move(file), std::move(name));
}

}  // namespace parquedb
