// A file in memory, for tests.
#pragma once

#include <algorithm>
#include <string>

#include "parquedb/storage.h"

namespace parquedb {

// Bytes in memory as both kinds of file.
class Bytes : public PendingFile, public ReadableFile {
 public:
  const std::string& path() const override { return path_; }
  uint64_t size() const override { return bytes.size(); }
  Status Append(std::string_view more) override {
    bytes.append(more);
    return Status::Ok();
  }
  Status Close() override { return Status::Ok(); }
  std::string etag() const override { return ""; }
  Status ReadAt(uint64_t offset, std::span<char> out) const override {
    if (offset + out.size() > bytes.size()) return Corruption("past the end");
    std::copy_n(bytes.data() + offset, out.size(), out.data());
    return Status::Ok();
  }
  Status Sync() const override { return Status::Ok(); }
  std::string bytes, path_ = "test.parquet";
};

}  // namespace parquedb
