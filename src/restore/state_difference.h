// The state as it shall be beside the state now.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collection/entity_cursor.h"
#include "eventlog/view.h"
#include "parquedb/progress.h"
#include "replay/instant.h"
#include "replay/state.h"

namespace parquedb {

// A state: of a database or a backup, at a cut.
struct StateAt {
  const StorageBackend& storage;
  const View& view;
  int64_t cut = 0;
};

// Walks two states side by side: ids ascend, each once, equal entities too. Memory: as two OpenState.
class DifferenceCursor {
 public:
  struct Item {
    std::string id;
    std::optional<Entity> then, now;
  };
  // `progress` (may be null): entities on either side.
  Status Open(const StateAt& then, const StateAt& now, const std::vector<std::string>& namespaces, Progress* progress);
  Result<bool> Next(Item* item);

 private:
  std::unique_ptr<EntityCursor> then_, now_;
  Entity then_entity_, now_entity_;
  bool has_then_ = false, has_now_ = false;
  Progress* progress_ = nullptr;
};

// The metadata of an event that brings back what was at a cut: {"restoredFrom":{at, lsn, id}}.
std::string RestoredFrom(const Cut& cut);

}  // namespace parquedb
