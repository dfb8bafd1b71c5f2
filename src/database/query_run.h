// A query over a view: filter, sort, skip, limit, projection, in that order; streamed unless sorted.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "eventlog/view.h"
#include "parquedb/status.h"
#include "query/filter.h"
#include "query/projection.h"
#include "replay/hits.h"

namespace parquedb {

struct QueryRequest {
  std::string ns;
  int64_t cut = 0;  // lsn
  std::string id;   // "ns/id": only this entity; "" = all
  std::optional<Filter> filter;
  std::optional<SortSpec> sort;
  std::optional<Projection> projection;
  int64_t skip = 0;
  std::optional<int64_t> limit;
  int threads = 0;  // that read the data file; 0: as many as there are cores
};

// Filter, sort and projection from their texts; kInvalidArgument names the flag (--filter, --sort, --fields).
Status ParseQuery(std::string_view filter, std::string_view sort, std::string_view fields, QueryRequest* request);

// Calls `emit` with each result's JSON text, in id order or sorted (ties in id order). An error from `emit` stops.
// Of sorted results 256 MiB are held in memory, the rest goes through TMPDIR. `plan`, if not null: how it was done.
Status RunQuery(const StorageBackend& storage, const View& view, const QueryRequest& request,
                const std::function<Status(std::string_view json)>& emit, HitPlan* plan = nullptr);
Result<int64_t> CountQuery(const StorageBackend& storage, const View& view, const QueryRequest& request,
                           HitPlan* plan = nullptr);

}  // namespace parquedb
