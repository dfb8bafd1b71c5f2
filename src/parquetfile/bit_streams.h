// Parquet's two ways to pack small integers: runs and bit-packed groups (RLE), and deltas in blocks
// (DELTA_BINARY_PACKED); parquet-format, Encodings.md. All of them read from bytes with kPagePadding readable bytes
// behind their end.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "parquedb/status.h"

namespace parquedb {

// Unpacks `count` integers of `width` bits each (0 to 64), the lowest bits first. The caller has checked that they lie
// in the bytes.
void UnpackBits(const char* bytes, int width, size_t count, uint64_t* out);
void UnpackBits(const char* bytes, int width, size_t count, uint32_t* out);  // width at most 32

// Reads exactly `count` integers of `width` bits (0 to 32) in runs and groups. kCorruption: they break off.
Status DecodeRuns(std::string_view bytes, int width, size_t count, std::vector<uint32_t>* out);
// The same for the levels of nullable columns, which are 0 or 1.
Status DecodeLevels(std::string_view bytes, size_t count, std::vector<uint8_t>* out);

// Reads exactly `count` integers in blocks of deltas; the bytes that follow them are left in `bytes`. kCorruption:
// damaged, or another count.
Status DecodeDeltas(std::string_view* bytes, size_t count, std::vector<int64_t>* out);

}  // namespace parquedb
