// Pages of our own files, decompressed with a context that is used again. The library makes a new one for each page,
// and asks the processor what it can do each time: on a virtual machine that takes longer than a small page. Inside
// this folder only.
#pragma once

#include <arrow/memory_pool.h>
#include <parquet/column_reader.h>

#include <memory>
#include <mutex>
#include <vector>

struct ZSTD_DCtx_s;

namespace parquedb {

// Contexts that wait to be used again. Any thread.
class ZstdContexts {
 public:
  struct Free {
    void operator()(ZSTD_DCtx_s* context) const;
  };
  using Context = std::unique_ptr<ZSTD_DCtx_s, Free>;
  Context Take();
  void GiveBack(Context context);

 private:
  std::mutex mutex_;
  std::vector<Context> free_;
};

// Over a reader that was opened with Compression::UNCOMPRESSED, so that it passes on what is stored. Data pages of the
// first kind and dictionaries alone, each one frame that says its size: what TextPageMaker and the library's writer
// make. Others are an error, as the library raises it. `contexts` must outlive it.
std::unique_ptr<parquet::PageReader> DecompressPages(std::unique_ptr<parquet::PageReader> stored,
                                                     ZstdContexts* contexts, arrow::MemoryPool* pool);

}  // namespace parquedb
