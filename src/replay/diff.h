// What happened to each record between two cuts, from the events between them alone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eventlog/view.h"
#include "parquedb/event.h"

namespace parquedb {

struct Difference {
  std::string id;                       // "ns/id"
  std::optional<Entity> before, after;  // at the first cut and at the second; both: it was changed, or written again
  std::vector<std::string> actors;      // who wrote between the cuts; sorted, each once
};

class DiffCursor {
 public:
  virtual ~DiffCursor() = default;
  // Ids ascend, each once. Records of which every event was undone by a later one come too: before equals after.
  virtual Result<bool> Next(Difference* difference) = 0;
};

struct DiffRequest {
  int64_t from_lsn = 0, to_lsn = 0;  // events with from < lsn <= to
  std::string ns;                    // "" = all
};

// Reads only segments that hold events between the cuts. Memory: 128 MiB (more is sorted through TMPDIR) and the events
// of one record.
Result<std::unique_ptr<DiffCursor>> OpenDiff(const StorageBackend& storage, const View& view,
                                             const DiffRequest& request);

}  // namespace parquedb
