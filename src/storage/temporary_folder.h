// A folder of our own for a while, in TMPDIR.
#pragma once

#include <string>

#include "parquedb/status.h"

namespace parquedb {

// Removed with all that is in it when this ends, or when a signal ends the program.
class TemporaryFolder {
 public:
  TemporaryFolder() = default;
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  // kIo names TMPDIR.
  Status Make();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace parquedb
