// events/manifest.json as text, and what follows from it. docs/format/event-manifest.md.
#pragma once

#include <string>
#include <string_view>

#include "parquedb/event_manifest.h"
#include "parquedb/status.h"

namespace parquedb {

std::string EncodeEventManifest(const EventManifest& manifest);
// kCorruption: not JSON, a field missing or of another type, a path that is not its segment's, a gap or an overlap of
// lsns, seq not ascending, counts that do not add up. kUnsupported: a newer version. Unknown fields are ignored.
Result<EventManifest> DecodeEventManifest(std::string_view text);

// What a log that ends at `head` knows: for each line the highest lsn it wrote up to `head`, and what merges brought.
Knows KnowsAt(const EventManifest& manifest, int64_t head);
// True if X is in the past of Y: no entry of x is above y's.
bool InPastOf(const Knows& x, const Knows& y);

}  // namespace parquedb
