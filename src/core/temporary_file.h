// A file without a name, in TMPDIR: it goes with its descriptor, also after a crash.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "parquedb/status.h"

namespace parquedb {

// TMPDIR, else /tmp.
std::string TemporaryDirectory();

class TemporaryFile {
 public:
  TemporaryFile() = default;
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  // Makes it at the first call. Errors of all calls name the folder.
  Status Open();
  Status Append(std::string_view bytes);
  Status ReadAt(uint64_t offset, char* out, size_t count) const;
  uint64_t size() const { return size_; }

 private:
  Status Fail(std::string_view what) const;  // by errno
  std::string directory_;
  int fd_ = -1;
  uint64_t size_ = 0;
};

}  // namespace parquedb
