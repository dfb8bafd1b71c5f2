#include "collection/bloom_file.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace parquedb {
namespace {

constexpr size_t kHeaderBytes = 16;
constexpr size_t kRowGroupFilterBytes = 4096;
constexpr uint16_t kHashCount = 3;
constexpr double kBitsPerId = 12.4;    // 1 % false positives with k = 3
constexpr size_t kSmallestIds = 1000;  // a filter is never smaller than for so many
constexpr size_t kRowGroupIds = 2650;  // more would fill 4096 bytes beyond use: all ones then
constexpr uint32_t kMaxValueBytes = 1u << 30;

void PutBig(std::string* out, uint32_t number, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out->push_back(static_cast<char>(number >> (8 * i)));
}

uint32_t GetBig(std::string_view bytes, size_t at, int count) {
  uint32_t number = 0;
  for (int i = 0; i < count; ++i) number = number << 8 | static_cast<unsigned char>(bytes[at + static_cast<size_t>(i)]);
  return number;
}

uint64_t HashId(std::string_view id) {
  uint32_t h1 = Murmur3_32(id, 0), h2 = Murmur3_32(id, h1);
  return uint64_t{h1} << 32 | h2;
}

size_t BitOf(uint64_t hash, uint32_t i, size_t bits) {
  uint32_t h1 = static_cast<uint32_t>(hash >> 32), h2 = static_cast<uint32_t>(hash);
  return static_cast<uint32_t>(h1 + i * h2) % bits;
}

void SetBits(char* filter, size_t bytes, uint64_t hash) {
  for (uint32_t i = 0; i < kHashCount; ++i) {
    size_t bit = BitOf(hash, i, bytes * 8);
    filter[bit >> 3] = static_cast<char>(filter[bit >> 3] | 1 << (bit & 7));
  }
}

bool HasBits(std::string_view filter, uint16_t count, uint64_t hash) {
  for (uint32_t i = 0; i < count; ++i) {
    size_t bit = BitOf(hash, i, filter.size() * 8);
    if ((filter[bit >> 3] & 1 << (bit & 7)) == 0) return false;
  }
  return true;
}

}  // namespace

uint32_t Murmur3_32(std::string_view key, uint32_t seed) {
  uint32_t hash = seed;
  auto mix = [](uint32_t word) { return std::rotl(word * 0xcc9e2d51u, 15) * 0x1b873593u; };
  size_t at = 0;
  for (; at + 4 <= key.size(); at += 4) {
    uint32_t word;
    std::memcpy(&word, key.data() + at, 4);
    hash = std::rotl(hash ^ mix(word), 13) * 5 + 0xe6546b64u;
  }
  uint32_t rest = 0;
  for (size_t i = key.size(); i-- > at;) rest = rest << 8 | static_cast<unsigned char>(key[i]);
  if (at < key.size()) hash ^= mix(rest);
  hash ^= static_cast<uint32_t>(key.size());
  hash = (hash ^ hash >> 16) * 0x85ebca6bu;
  hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
  return hash ^ hash >> 16;
}

void BloomFileBuilder::Add(std::string_view id) { hashes_.push_back(HashId(id)); }

void BloomFileBuilder::EndRowGroup() {
  if (group_ends_.empty() ? !hashes_.empty() : group_ends_.back() < hashes_.size())
    group_ends_.push_back(hashes_.size());
}

std::string BloomFileBuilder::Encode() const {
  auto value_bytes =
      static_cast<uint32_t>(std::ceil(static_cast<double>(std::max(hashes_.size(), kSmallestIds)) * kBitsPerId / 8));
  std::string out = "PQBF";
  PutBig(&out, 1, 2);
  PutBig(&out, kHashCount, 2);
  PutBig(&out, value_bytes, 4);
  PutBig(&out, static_cast<uint32_t>(group_ends_.size()), 2);
  PutBig(&out, 0, 2);
  out.resize(kHeaderBytes + value_bytes + group_ends_.size() * kRowGroupFilterBytes, '\0');
  for (uint64_t hash : hashes_) SetBits(out.data() + kHeaderBytes, value_bytes, hash);
  size_t begin = 0;
  char* filter = out.data() + kHeaderBytes + value_bytes;
  for (size_t end : group_ends_) {
    if (end - begin > kRowGroupIds)
      std::memset(filter, 0xFF, kRowGroupFilterBytes);
    else
      for (size_t i = begin; i < end; ++i) SetBits(filter, kRowGroupFilterBytes, hashes_[i]);
    begin = end;
    filter += kRowGroupFilterBytes;
  }
  return out;
}

Result<BloomFile> BloomFile::Decode(std::string bytes, std::string_view name) {
  auto wrong = [&](std::string_view what) { return Corruption(std::string(name) + ": " + std::string(what)); };
  if (bytes.size() < kHeaderBytes || !bytes.starts_with("PQBF")) return wrong("no bloom filter file");
  if (GetBig(bytes, 4, 2) > 1)
    return Unsupported(
        std::string(name) + " has PQBF version " + std::to_string(GetBig(bytes, 4, 2)) + "; this program reads 1",
        "use a newer parquedb");
  BloomFile file;
  file.hash_count_ = static_cast<uint16_t>(GetBig(bytes, 6, 2));
  file.value_bytes_ = GetBig(bytes, 8, 4);
  file.row_groups_ = static_cast<uint16_t>(GetBig(bytes, 12, 2));
  if (GetBig(bytes, 4, 2) != 1 || file.hash_count_ == 0 || file.hash_count_ > 32 || file.value_bytes_ == 0 ||
      file.value_bytes_ > kMaxValueBytes)
    return wrong("its header is damaged");
  if (bytes.size() != kHeaderBytes + file.value_bytes_ + file.row_groups_ * kRowGroupFilterBytes)
    return wrong("its size does not fit its header");
  file.bytes_ = std::move(bytes);
  return file;
}

bool BloomFile::MayContain(std::string_view id) const {
  return HasBits(std::string_view(bytes_).substr(kHeaderBytes, value_bytes_), hash_count_, HashId(id));
}

bool BloomFile::RowGroupMayContain(int row_group, std::string_view id) const {
  size_t begin = kHeaderBytes + value_bytes_ + static_cast<size_t>(row_group) * kRowGroupFilterBytes;
  return HasBits(std::string_view(bytes_).substr(begin, kRowGroupFilterBytes), hash_count_, HashId(id));
}

int BloomFile::row_group_count() const { return row_groups_; }

}  // namespace parquedb
