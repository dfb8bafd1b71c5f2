#include "core/siphash.h"

#include <bit>
#include <cstring>

#include "core/ulid.h"

namespace parquedb {
namespace {

struct SipState {
  uint64_t v0, v1, v2, v3;

  void Round() {
    v0 += v1;
    v1 = std::rotl(v1, 13);
    v1 ^= v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16);
    v3 ^= v2;
    v0 += v3;
    v3 = std::rotl(v3, 21);
    v3 ^= v0;
    v2 += v1;
    v1 = std::rotl(v1, 17);
    v1 ^= v2;
    v2 = std::rotl(v2, 32);
  }
  void Rounds(int count) {
    for (int i = 0; i < count; ++i) Round();
  }
  void Absorb(uint64_t word) {
    v3 ^= word;
    Rounds(2);
    v0 ^= word;
  }
};

}  // namespace

Hash128 SipHash128(std::string_view bytes, uint64_t key0, uint64_t key1) {
  SipState state{key0 ^ 0x736f6d6570736575, key1 ^ 0x646f72616e646f6d ^ 0xee, key0 ^ 0x6c7967656e657261,
                 key1 ^ 0x7465646279746573};
  uint64_t last = static_cast<uint64_t>(bytes.size()) << 56;
  while (bytes.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    state.Absorb(word);
    bytes.remove_prefix(8);
  }
  for (size_t i = 0; i < bytes.size(); ++i) last |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  state.Absorb(last);
  Hash128 hash;
  state.v2 ^= 0xee;
  state.Rounds(4);
  hash.low = state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
  state.v1 ^= 0xdd;
  state.Rounds(4);
  hash.high = state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
  return hash;
}

Hash128 KeyedHash(std::string_view bytes) {
  static const uint64_t key0 = SystemRandom().Next(), key1 = SystemRandom().Next();
  return SipHash128(bytes, key0, key1);
}

}  // namespace parquedb
