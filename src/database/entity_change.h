// What an operation makes of an entity; pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "document/value.h"
#include "parquedb/event.h"
#include "parquedb/status.h"
#include "query/update.h"

namespace parquedb {

// When and by whom.
struct Stamp {
  int64_t ts_ms = 0;
  std::string actor;  // "" = nobody
};

// A new entity from an entity's JSON (as `get` prints it) or a plain document; system fields in it are taken as they
// are. `id` is "ns/id", or "ns/" when the document must say (or a ULID is given by the caller).
Result<Entity> MakeEntity(std::string_view id, std::string_view json, const Stamp& stamp);
// nullopt when nothing changes.
Result<std::optional<Entity>> ReplaceFields(const Entity& before, std::string_view json, const Stamp& stamp);
Result<std::optional<Entity>> ApplyUpdate(const Entity& before, const Update& update, const Stamp& stamp);
Result<std::optional<Entity>> AddLink(const Entity& before, std::string_view predicate, std::string_view to,
                                      const Stamp& stamp);
Result<std::optional<Entity>> RemoveLink(const Entity& before, std::string_view predicate, std::string_view to,
                                         const Stamp& stamp);

}  // namespace parquedb
