// What namespaces, ids, actors, slugs may be called, and how entity ids and targets are taken apart.
#pragma once

#include <string>
#include <string_view>

#include "parquedb/status.h"

namespace parquedb {

// Each says what is wrong, with the name quoted; kInvalidArgument (a caller that reads a file turns it into
// kInvalidData).
Status CheckNamespace(std::string_view ns);  // [A-Za-z_][A-Za-z0-9_-]{0,63}
Status CheckLocalId(std::string_view id);    // 1 to 512 bytes of UTF-8 without control characters
Status CheckActor(std::string_view actor);   // 1 to 256 bytes without control characters
Status CheckSlug(std::string_view slug);     // FORMATS: 1-8 parts, none of the layout's words
Status CheckNamePart(std::string_view kind, std::string_view name);  // owner, tag, remote: one slug part

// Views into what they were made from.
struct EntityName {
  std::string_view ns;
  std::string_view local;  // may hold ':' and '/'
};
// "ns/id", split at the first '/'; checks both parts.
Result<EntityName> ParseEntityId(std::string_view id);
// "ns:id", split at the first ':'; checks both parts.
Result<EntityName> ParseTarget(std::string_view target);
// "ns:id" -> "ns/id" and back; the argument is known to be well formed.
std::string TargetToId(std::string_view target);
std::string IdToTarget(std::string_view id);
std::string_view NamespaceOfId(std::string_view id);
std::string_view NamespaceOfTarget(std::string_view target);

}  // namespace parquedb
