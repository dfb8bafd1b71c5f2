// Input as bytes front to back: a file, standard input, or what one of them holds compressed.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "parquedb/progress.h"
#include "parquedb/status.h"

namespace parquedb {

class InputStream {
 public:
  virtual ~InputStream() = default;
  // Appends up to `bytes` to *out; 0 at the end. kInvalidData: what is there is not what it should be.
  virtual Result<size_t> Read(size_t bytes, std::string* out) = 0;
};

// A file of the file system, or with "-" standard input. kNotFound when it is missing, kInvalidArgument for a folder.
// `progress` (may be null): bytes read.
Result<std::unique_ptr<InputStream>> OpenInputFile(const std::string& path, Progress* progress = nullptr);
// What messages call it.
inline std::string InputName(const std::string& path) { return path == "-" ? "standard input" : path; }

}  // namespace parquedb
