// SipHash-2-4 with 128 bits of output (Aumasson, Bernstein 2012) under a key drawn once a process: a hash that nobody
// can aim at, so that 128 bits stand for a key in sets of any size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace parquedb {

struct Hash128 {
  uint64_t low = 0, high = 0;
  bool operator==(const Hash128&) const = default;
};
inline size_t hash_value(const Hash128& hash) { return static_cast<size_t>(hash.low); }

Hash128 SipHash128(std::string_view bytes, uint64_t key0, uint64_t key1);
// Under this process's key.
Hash128 KeyedHash(std::string_view bytes);

}  // namespace parquedb
