// What the log says happened to each entity in a stretch of the log: one record an entity, the newest, in id order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "eventlog/view.h"
#include "parquedb/event.h"
#include "parquedb/status.h"

namespace parquedb {

struct Change {
  std::string id;  // "ns/id"
  int64_t lsn = 0;
  bool deleted = false;
  std::string state;  // state text; "" when deleted
};

class ChangeCursor {
 public:
  virtual ~ChangeCursor() = default;
  virtual Result<bool> Next(Change* change) = 0;  // ids ascend, each once
};

struct ChangeRequest {
  // Events with from(ns) < lsn <= cut count. A namespace for which `from` returns nothing is left out.
  std::function<std::optional<int64_t>(std::string_view ns)> from;
  int64_t cut = 0;
  int64_t lowest = 0;  // no `from` returns less: segments that end at or before it are not opened
  bool states = true;  // false: Change.state stays empty, and no state text is read
  // Every `from` is 0: a base then stands for all events before it. Else it says nothing of what was deleted since, and
  // the events are read.
  bool from_nothing = false;
};

// Chooses each entity's newest event from key columns alone, newest segment first, and fetches state texts only for
// those. Memory: 32 bytes an entity that changed, and at most 128 MiB of texts (more is sorted through TMPDIR).
Result<std::unique_ptr<ChangeCursor>> OpenChanges(const StorageBackend& storage, const View& view,
                                                  const ChangeRequest& request);

}  // namespace parquedb
