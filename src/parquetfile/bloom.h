// Parquet's split-block bloom filter (parquet-format, BloomFilter.md), asked where it lies in the file.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "parquedb/status.h"
#include "parquedb/storage.h"
#include "parquetfile/footer.h"

namespace parquedb {

// Any thread.
class SplitBlockFilter {
 public:
  // Reads the filter's header. Null if it is of a kind that says nothing here. kCorruption: damaged. `file` must
  // outlive it.
  static Result<std::unique_ptr<SplitBlockFilter>> Open(const ReadableFile& file, const FilePart& part);

  // False only if no value with this Xxh64 was put in. The first few times it reads the 32 bytes that tell, then it
  // reads the filter whole.
  Result<bool> MayContain(uint64_t hash) const;

 private:
  SplitBlockFilter(const ReadableFile& file, uint64_t offset, uint64_t blocks)
      : file_(file), offset_(offset), blocks_(blocks) {}
  const ReadableFile& file_;
  const uint64_t offset_, blocks_;
  mutable std::mutex mutex_;
  mutable int asked_ = 0;
  mutable std::shared_ptr<const std::vector<char>> whole_;
};

}  // namespace parquedb
