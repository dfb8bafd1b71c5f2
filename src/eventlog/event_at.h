// One event by its position.
#pragma once

#include <optional>
#include <string>

#include "core/sha256.h"
#include "eventlog/view.h"

namespace parquedb {

// The id of the event at `lsn`; nullopt when the log does not hold it (any more).
Result<std::optional<std::string>> EventIdAt(const StorageBackend& storage, const View& view, int64_t lsn);
// The state digest at the end of the view's last segment, and at its head.
Result<StateDigest> DigestAtSegments(const StorageBackend& storage, const View& view);
Result<StateDigest> DigestAtHead(const StorageBackend& storage, const View& view);

}  // namespace parquedb
