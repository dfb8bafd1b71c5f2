// Reverse traversal: who links to an entity.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "eventlog/view.h"
#include "parquedb/status.h"

namespace parquedb {

// Sources ("ns/id", sorted) of the links with this predicate ("" = any) to `id` at the view's head: the reverse file,
// corrected by the events since.
Result<std::vector<std::string>> FindLinksTo(const StorageBackend& storage, const View& view, std::string_view id,
                                             std::string_view predicate);

}  // namespace parquedb
