// The audit trail: events of a view, oldest or newest first, streamed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "eventlog/segment_file.h"
#include "eventlog/view.h"

namespace parquedb {

struct HistoryRequest {
  int64_t after_ms = INT64_MIN;   // ts >= after_ms
  int64_t before_ms = INT64_MAX;  // ts < before_ms
  int64_t from_lsn = 0;           // lsn > from_lsn
  int64_t to_lsn = INT64_MAX;     // lsn <= to_lsn
  std::string ns;                 // "" = any
  std::string target;             // "ns:id", "" = any
  std::optional<std::string> actor;
  bool newest_first = false;
};

// Events that fit the request. Segments and row groups are pruned by lsn, time and target. Memory: a page a column;
// newest first, one row group.
Result<std::unique_ptr<EventCursor>> OpenHistory(const StorageBackend& storage, const View& view,
                                                 const HistoryRequest& request);

}  // namespace parquedb
