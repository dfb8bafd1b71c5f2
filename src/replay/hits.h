// The entities of a namespace that a filter may select, on as many threads as there are: those of the data file by its
// columns, merged with what the log says since.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "eventlog/view.h"
#include "parquedb/event.h"
#include "query/column_plan.h"
#include "query/filter.h"

namespace parquedb {

struct Hit {
  std::string id;
  std::string text;      // what the query gives
  std::string sort_key;  // by whose bytes it is sorted
};

// False: the entity is not wanted; else the text and sort key of it. Called by several threads at once.
using MakeHit = std::function<Result<bool>(const Entity& entity, Hit* hit)>;

struct HitRequest {
  std::string ns;
  int64_t cut = 0;
  const Filter* filter = nullptr;  // null: all; else rows for which it can't hold are not read. Must outlive the cursor
  MakeHit make;                    // decides: it must apply the filter itself; without one it takes all
  int threads = 1;
};

// How a request was carried out, for --explain.
struct HitPlan {
  bool has_file = false;     // a data file that is of use at the cut
  ColumnPlan columns;        // what was left to its columns
  int64_t file_through = 0;  // lsn
  bool counted_by_columns = false;
};

class HitCursor {
 public:
  virtual ~HitCursor() = default;
  virtual Result<bool> Next(Hit* hit) = 0;  // ids ascend
};

// Memory: as OpenChanges, 64 MiB of hits that wait, and some MiB a thread; of large documents one at a time.
Result<std::unique_ptr<HitCursor>> OpenHits(const StorageBackend& storage, const View& view, const HitRequest& request,
                                            HitPlan* plan);

// How many hits there are. Where the columns of the data file answer the filter exactly, `make` is called for entities
// of the log alone, and no document of the file is read.
Result<int64_t> CountHits(const StorageBackend& storage, const View& view, const HitRequest& request, HitPlan* plan);

}  // namespace parquedb
