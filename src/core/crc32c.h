// CRC-32C (Castagnoli polynomial, RFC 3720 B.4), as the WAL's frames use it. SSE 4.2 where the processor has it.
#pragma once

#include <cstdint>
#include <string_view>

namespace parquedb {
// The checksum of `bytes`, continued from `seed` (the checksum of what came before; 0 at the start).
uint32_t Crc32c(std::string_view bytes, uint32_t seed = 0);
}  // namespace parquedb
