// Sorting texts that begin alike, as the ids of a namespace do: eight bytes behind what all have in common decide most
// comparisons without a look at the texts.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace parquedb {

inline size_t CommonPrefix(std::string_view a, std::string_view b) {
  return static_cast<size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(std::min(a.size(), b.size())), b.begin()).first -
      a.begin());
}

// The eight bytes of `key` behind `skip` as a number of the same order; missing bytes are 0. Where two numbers are
// equal the keys may still differ.
inline uint64_t PrefixBehind(std::string_view key, size_t skip) {
  static_assert(std::endian::native == std::endian::little);
  uint64_t bytes = 0;
  if (skip < key.size()) std::memcpy(&bytes, key.data() + skip, std::min(key.size() - skip, sizeof bytes));
  return __builtin_bswap64(bytes);
}

}  // namespace parquedb
