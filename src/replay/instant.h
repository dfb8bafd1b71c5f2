// From what people write after --at to a cut: the last event that counts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "eventlog/view.h"
#include "parquedb/status.h"

namespace parquedb {

struct Cut {
  int64_t lsn = 0;    // events through here count; 0: none
  int64_t ts_ms = 0;  // the instant that was asked for, or of the event that was named
  std::string id;     // of the event at `lsn`; "" for lsn 0
};

struct Window {
  int64_t from_ms = 0;
  int64_t to_ms = 0;
};

// The instants that restore: from the creation (or the first event, if that is earlier; or the base that stands in for
// retired events) to the view's instant.
Window RestorableWindow(const View& view);

// The cut at the head.
Result<Cut> HeadCut(const StorageBackend& storage, const View& view);
// The last event with ts <= ts_ms.
Result<Cut> CutAtTime(const StorageBackend& storage, const View& view, int64_t ts_ms);
// The event at `lsn`, which the window has.
Result<Cut> CutAtLsn(const StorageBackend& storage, const View& view, int64_t lsn);

// All forms of the contract: RFC 3339, date, unix s or ms, "5m ago", yesterday, latest, an event's ULID (inclusive),
// lsn:N, a tag. kInvalidArgument when it is none of these; kOutsideWindow, naming the window, when it can't be
// restored. An instant in the future means the head.
Result<Cut> ResolveInstant(const StorageBackend& storage, const View& view, std::string_view text, int64_t now_ms);

}  // namespace parquedb
