// XXH64 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md), the hash of Parquet's bloom filters.
#pragma once

#include <cstdint>
#include <string_view>

namespace parquedb {

// With seed 0. Any thread.
uint64_t Xxh64(std::string_view bytes);

}  // namespace parquedb
