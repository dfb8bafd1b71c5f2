// The sha256 of a file, block by block.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "core/limits.h"
#include "core/sha256.h"
#include "parquedb/storage.h"

namespace parquedb {

// Reads the file front to back; `take` gets each block (1 MiB) and may return an error to stop. 64 hex digits.
template <typename Take>
Result<std::string> HashFile(const ReadableFile& file, const Take& take) {
  Sha256 hash;
  std::string block;
  for (uint64_t at = 0; at < file.size(); at += block.size()) {
    block.resize(std::min<uint64_t>(file.size() - at, kMiB));
    RETURN_IF_ERROR(file.ReadAt(at, block));
    hash.Update(block);
    RETURN_IF_ERROR(take(std::string_view(block)));
  }
  return ToHex(hash.Finish());
}

inline Result<std::string> HashFile(const ReadableFile& file) {
  return HashFile(file, [](std::string_view) { return Status::Ok(); });
}

}  // namespace parquedb
