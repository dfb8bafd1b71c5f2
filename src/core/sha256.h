// SHA-256 (FIPS 180-4) over OpenSSL's EVP, and the state digest built on it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace parquedb {

using Sha256Bytes = std::array<unsigned char, 32>;

// Incremental. One thread at a time; may be used again after Finish.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void Update(std::string_view bytes);
  Sha256Bytes Finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

Sha256Bytes Sha256Of(std::string_view bytes);
// 64 lower-case hex digits.
std::string ToHex(const Sha256Bytes& bytes);
std::string Sha256Hex(std::string_view bytes);

// The state digest: the sum modulo 2^256 of sha256(target, 0x00, state text) over all live entities, so that it can be
// kept up to date event by event and does not depend on order. The sum is read big-endian, as the hash is printed.
class StateDigest {
 public:
  // The hash of one live entity: what Add adds.
  static Sha256Bytes HashOf(std::string_view target, std::string_view state);
  void AddHash(const Sha256Bytes& hash);
  void SubtractHash(const Sha256Bytes& hash);
  void Add(std::string_view target, std::string_view state);
  void Subtract(std::string_view target, std::string_view state);
  // What one event does: takes `before` out, puts `after` in.
  void Apply(std::string_view target, const std::optional<std::string>& before,
             const std::optional<std::string>& after);
  // Adds another digest; sums over parts of a state may be made apart.
  void Merge(const StateDigest& other);

  std::string Hex() const;
  static std::optional<StateDigest> FromHex(std::string_view hex);
  bool operator==(const StateDigest&) const = default;

 private:
  std::array<uint64_t, 4> words_{};  // least significant first
};

}  // namespace parquedb
