// Decompression contexts that wait to be used again: to make one takes longer than to decompress a small page.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "parquedb/status.h"

struct ZSTD_DCtx_s;

namespace parquedb {

// Any thread.
class ZstdContexts {
 public:
  struct Free {
    void operator()(ZSTD_DCtx_s* context) const;
  };
  using Context = std::unique_ptr<ZSTD_DCtx_s, Free>;
  // The process's own. It holds as many as have been used at the same time.
  static ZstdContexts& Shared();

  // Decompresses one frame into exactly `raw`. kCorruption: it is damaged, or has another size.
  Status Decompress(std::string_view stored, char* raw, size_t raw_bytes);

 private:
  Context Take();
  std::mutex mutex_;
  std::vector<Context> free_;
};

}  // namespace parquedb
