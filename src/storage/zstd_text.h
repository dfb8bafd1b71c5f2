// Whole texts as zstd frames (RFC 8878).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "parquedb/status.h"

namespace parquedb {

// One frame, with a checksum over the text.
std::string CompressText(std::string_view text);
// kCorruption: no whole frame, a wrong checksum, or a text of more than `max_bytes`.
Result<std::string> DecompressText(std::string_view frame, uint64_t max_bytes);

}  // namespace parquedb
