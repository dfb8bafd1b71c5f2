// A stream of entities in id order; what every reader of state consumes.
#pragma once

#include <string>

#include "parquedb/event.h"
#include "parquedb/status.h"

namespace parquedb {

class EntityCursor {
 public:
  virtual ~EntityCursor() = default;
  // Fills `entity` and returns true, or returns false at the end. Ids ascend by bytes, none comes twice.
  virtual Result<bool> Next(Entity* entity) = 0;
};

}  // namespace parquedb
