// The hits of one data file, row group by row group on some threads, in the order of the file.
#pragma once

#include <memory>
#include <optional>

#include "collection/data_file.h"
#include "replay/hits.h"

namespace parquedb {

struct FileHitRequest {
  std::shared_ptr<DataFile> file;
  std::optional<ColumnCondition> condition;  // nothing: all rows
  MakeHit make;                              // null: only the ids of the rows
  int threads = 1;                           // at least one: who asks has put in the number of cores
};

std::unique_ptr<HitCursor> OpenFileHits(FileHitRequest request);

// The rows for which the condition holds.
Result<int64_t> CountRows(const DataFile& file, const std::optional<ColumnCondition>& condition, int threads);

}  // namespace parquedb
