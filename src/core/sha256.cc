#include "core/sha256.h"

#include <openssl/evp.h>

#include "core/check.h"

namespace parquedb {

struct Sha256::Context {
  EVP_MD_CTX* evp = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(evp); }
};

namespace {

// Fetched once: an implicit fetch in every EVP_DigestInit costs more than hashing a small document.
const EVP_MD* Algorithm() {
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  PARQUEDB_CHECK(algorithm != nullptr);
  return algorithm;
}

std::array<uint64_t, 4> ToWords(const Sha256Bytes& bytes) {
  std::array<uint64_t, 4> words{};
  for (int i = 0; i < 32; ++i) words[3 - i / 8] = (words[3 - i / 8] << 8) | bytes[i];
  return words;
}

void AddWords(std::array<uint64_t, 4>& sum, const std::array<uint64_t, 4>& term) {
  unsigned __int128 carry = 0;
  for (int i = 0; i < 4; ++i) {
    carry += static_cast<unsigned __int128>(sum[i]) + term[i];
    sum[i] = static_cast<uint64_t>(carry);
    carry >>= 64;
  }
}

void SubtractWords(std::array<uint64_t, 4>& sum, const std::array<uint64_t, 4>& term) {
  uint64_t borrow = 0;
  for (int i = 0; i < 4; ++i) {
    unsigned __int128 taken = static_cast<unsigned __int128>(term[i]) + borrow;
    borrow = sum[i] < taken ? 1 : 0;
    sum[i] -= static_cast<uint64_t>(taken);
  }
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  PARQUEDB_CHECK(EVP_DigestInit_ex2(context_->evp, Algorithm(), nullptr) == 1);
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::Update(std::string_view bytes) {
  PARQUEDB_CHECK(EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()) == 1);
}

Sha256Bytes Sha256::Finish() {
  Sha256Bytes bytes;
  PARQUEDB_CHECK(EVP_DigestFinal_ex(context_->evp, bytes.data(), nullptr) == 1);
  PARQUEDB_CHECK(EVP_DigestInit_ex2(context_->evp, Algorithm(), nullptr) == 1);
  return bytes;
}

Sha256Bytes Sha256Of(std::string_view bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.Finish();
}

std::string ToHex(const Sha256Bytes& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(64);
  for (unsigned char byte : bytes) {
    hex.push_back(kDigits[byte >> 4]);
    hex.push_back(kDigits[byte & 15]);
  }
  return hex;
}

std::string Sha256Hex(std::string_view bytes) { return ToHex(Sha256Of(bytes)); }

Sha256Bytes StateDigest::HashOf(std::string_view target, std::string_view state) {
  thread_local Sha256 hash;
  hash.Update(target);
  hash.Update(std::string_view("\0", 1));
  hash.Update(state);
  return hash.Finish();
}

void StateDigest::AddHash(const Sha256Bytes& hash) { AddWords(words_, ToWords(hash)); }

void StateDigest::SubtractHash(const Sha256Bytes& hash) { SubtractWords(words_, ToWords(hash)); }

void StateDigest::Add(std::string_view target, std::string_view state) { AddHash(HashOf(target, state)); }

void StateDigest::Subtract(std::string_view target, std::string_view state) { SubtractHash(HashOf(target, state)); }

void StateDigest::Apply(std::string_view target, const std::optional<std::string>& before,
                        const std::optional<std::string>& after) {
  if (before) Subtract(target, *before);
  if (after) Add(target, *after);
}

void StateDigest::Merge(const StateDigest& other) { AddWords(words_, other.words_); }

std::string StateDigest::Hex() const {
  Sha256Bytes bytes;
  for (int i = 0; i < 32; ++i) bytes[i] = static_cast<unsigned char>(words_[3 - i / 8] >> (56 - 8 * (i % 8)));
  return ToHex(bytes);
}

std::optional<StateDigest> StateDigest::FromHex(std::string_view hex) {
  if (hex.size() != 64) return std::nullopt;
  Sha256Bytes bytes;
  for (int i = 0; i < 32; ++i) {
    int high = HexDigit(hex[2 * i]), low = HexDigit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[i] = static_cast<unsigned char>(high * 16 + low);
  }
  StateDigest digest;
  digest.words_ = ToWords(bytes);
  return digest;
}

}  // namespace parquedb
