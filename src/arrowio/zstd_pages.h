// Pages of our own files, compressed and decompressed with contexts that are used again. The library makes a new one
// for each page, and asks the processor what it can do each time: on a virtual machine that takes longer than a small
// page. Inside this folder only.
#pragma once

#include <arrow/memory_pool.h>
#include <parquet/column_page.h>
#include <parquet/column_reader.h>
#include <parquet/column_writer.h>

#include <memory>
#include <mutex>
#include <vector>

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace parquedb {

// Contexts that wait to be used again. Any thread.
template <typename Stored>
class ContextPool {
 public:
  struct Free {
    void operator()(Stored* context) const;
  };
  using Context = std::unique_ptr<Stored, Free>;
  Context Take();
  void GiveBack(Context context) {
    std::lock_guard lock(mutex_);
    free_.push_back(std::move(context));
  }

 private:
  std::mutex mutex_;
  std::vector<Context> free_;
};
using ZstdContexts = ContextPool<ZSTD_DCtx_s>;

// Compresses as the library does at this level: a page is one frame that says its size. Any thread.
class ZstdCompressor {
 public:
  explicit ZstdCompressor(int level) : level_(level) {}
  static size_t Bound(size_t raw_bytes);
  // The bytes that were written to `out`, which has room for `room` of them.
  size_t Compress(const uint8_t* raw, size_t raw_bytes, uint8_t* out, size_t room);

 private:
  int level_;
  ContextPool<ZSTD_CCtx_s> contexts_;
};

// Over a writer that was opened with Compression::ZSTD: data pages are compressed by `compressor`, dictionaries by the
// writer itself. With `hold`, pages are kept until Close passes them on, so that they may be made on one thread and
// written on another. `compressor` must outlive it.
class ZstdPageWriter : public parquet::PageWriter {
 public:
  ZstdPageWriter(std::unique_ptr<parquet::PageWriter> pager, ZstdCompressor* compressor, bool hold)
      : pager_(std::move(pager)), compressor_(compressor), hold_(hold) {}
  void Close(bool has_dictionary, bool fallback) override;
  int64_t WriteDataPage(const parquet::DataPage& page) override;
  int64_t WriteDictionaryPage(const parquet::DictionaryPage& page) override;
  int64_t total_compressed_bytes_written() const override { return pager_->total_compressed_bytes_written(); }
  bool has_compressor() override { return true; }
  void Compress(const arrow::Buffer& raw, arrow::ResizableBuffer* stored) override;
  // Of the pages that were passed on, with their headers, before compression.
  int64_t raw_bytes() const { return raw_bytes_; }

 private:
  std::unique_ptr<parquet::PageWriter> pager_;
  ZstdCompressor* compressor_;
  bool hold_;
  std::vector<std::unique_ptr<parquet::Page>> held_;
  int64_t raw_bytes_ = 0;
};

// Over a reader that was opened with Compression::UNCOMPRESSED, so that it passes on what is stored. Data pages of the
// first kind and dictionaries alone, each one frame that says its size: what TextPageMaker and the library's writer
// make. Others are an error, as the library raises it. `contexts` must outlive it.
std::unique_ptr<parquet::PageReader> DecompressPages(std::unique_ptr<parquet::PageReader> stored,
                                                     ZstdContexts* contexts, arrow::MemoryPool* pool);

}  // namespace parquedb
