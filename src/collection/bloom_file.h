// indexes/bloom/{ns}.bloom: PQBF version 1. docs/format/bloom.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parquedb/status.h"

namespace parquedb {

// Murmur3 x86 32 (Appleby), as PQBF uses it.
uint32_t Murmur3_32(std::string_view key, uint32_t seed);

// Collects ids in row order; keeps 8 bytes an id.
class BloomFileBuilder {
 public:
  // `row_group_rows`: rows a row group of the data file holds (all but the last).
  void Add(std::string_view id);
  void EndRowGroup();
  std::string Encode() const;  // the whole file

 private:
  std::vector<uint64_t> hashes_;  // h1 << 32 | h2
  std::vector<size_t> group_ends_;
};

class BloomFile {
 public:
  static Result<BloomFile> Decode(std::string bytes, std::string_view name);  // kCorruption
  bool MayContain(std::string_view id) const;
  bool RowGroupMayContain(int row_group, std::string_view id) const;
  int row_group_count() const;

 private:
  std::string bytes_;
  uint16_t hash_count_ = 0;
  uint32_t value_bytes_ = 0;
  uint16_t row_groups_ = 0;
};

}  // namespace parquedb
