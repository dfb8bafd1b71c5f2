// _meta/pushed/{remote}.json: how far the log has been pushed to a remote. docs/format/push-note.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "parquedb/status.h"

namespace parquedb {

struct PushNote {
  std::string database_id;
  std::string slug;
  int64_t lsn = 0;  // the head of the backup
  int64_t time_ms = 0;
  bool operator==(const PushNote&) const = default;
};

std::string EncodePushNote(const PushNote& note);
// kCorruption, kUnsupported. `place` is for messages.
Result<PushNote> DecodePushNote(std::string_view text, const std::string& place);

}  // namespace parquedb
