#include "columnar/zstd_pages.h"

#include <arrow/buffer.h>
#include <parquet/column_page.h>
#include <parquet/exception.h>
#define ZSTD_STATIC_LINKING_ONLY  // ZSTD_c_literalCompressionMode
#include <zstd.h>

#include <string>
#include <type_traits>

namespace parquedb {
namespace {

// Below this, a page of level 1 gets a small table and longer steps: half as fast again for 3 to 4 % more bytes
// (docs/design/import.md).
constexpr size_t kSmallPageBytes = 128 * 1024;
constexpr int kFastHashLog = 11, kFastTargetLength = 2;

// As the library reports what it finds wrong; caught where all of its errors are.
void Fail(std::string what) { PARQUET_THROW_NOT_OK(arrow::Status::IOError(std::move(what))); }

class ZstdPageReader : public parquet::PageReader {
 public:
  ZstdPageReader(std::unique_ptr<parquet::PageReader> stored, ZstdContexts* contexts, arrow::MemoryPool* pool)
      : stored_(std::move(stored)), contexts_(contexts), context_(contexts->Take()), pool_(pool) {}
  ~ZstdPageReader() override { contexts_->GiveBack(std::move(context_)); }

  std::shared_ptr<parquet::Page> NextPage() override {
    std::shared_ptr<parquet::Page> page = stored_->NextPage();
    if (page == nullptr) return page;
    switch (page->type()) {
      case parquet::PageType::DATA_PAGE: {
        const auto& data = static_cast<const parquet::DataPageV1&>(*page);
        return std::make_shared<parquet::DataPageV1>(Decompress(data, data.uncompressed_size(), &data_buffer_),
                                                     data.num_values(), data.encoding(),
                                                     data.definition_level_encoding(), data.repetition_level_encoding(),
                                                     data.uncompressed_size(), data.statistics());
      }
      case parquet::PageType::DICTIONARY_PAGE: {
        const auto& dictionary = static_cast<const parquet::DictionaryPage&>(*page);
        unsigned long long size = ZSTD_getFrameContentSize(page->data(), static_cast<size_t>(page->size()));
        if (size > INT32_MAX) Fail("a dictionary page does not say its size");
        return std::make_shared<parquet::DictionaryPage>(
            Decompress(dictionary, static_cast<int64_t>(size), &dictionary_buffer_), dictionary.num_values(),
            dictionary.encoding(), dictionary.is_sorted());
      }
      default:
        Fail("a page is of a kind that is not written");
        return nullptr;
    }
  }
  void set_max_page_header_size(uint32_t size) override { stored_->set_max_page_header_size(size); }

 private:
  // Like the library's reader, it keeps a page no longer than until the next one of its kind.
  std::shared_ptr<arrow::Buffer> Decompress(const parquet::Page& page, int64_t size,
                                            std::shared_ptr<arrow::ResizableBuffer>* buffer) {
    if (size < 0) Fail("a page has an impossible size");
    if (*buffer == nullptr) {
      PARQUET_ASSIGN_OR_THROW(*buffer, arrow::AllocateResizableBuffer(size, pool_));
    } else {
      PARQUET_THROW_NOT_OK((*buffer)->Resize(size, false));
    }
    size_t got = ZSTD_decompressDCtx(context_.get(), (*buffer)->mutable_data(), static_cast<size_t>(size), page.data(),
                                     static_cast<size_t>(page.size()));
    if (ZSTD_isError(got) != 0) Fail(std::string("a page can't be decompressed: ") + ZSTD_getErrorName(got));
    if (got != static_cast<size_t>(size))
      Fail("a page has " + std::to_string(got) + " bytes, its header says " + std::to_string(size));
    return *buffer;
  }

  std::unique_ptr<parquet::PageReader> stored_;
  ZstdContexts* contexts_;
  ZstdContexts::Context context_;
  arrow::MemoryPool* pool_;
  std::shared_ptr<arrow::ResizableBuffer> data_buffer_, dictionary_buffer_;
};

class ZstdPageWriter : public parquet::PageWriter {
 public:
  ZstdPageWriter(std::unique_ptr<parquet::PageWriter> pager, ZstdCompressor* compressor)
      : pager_(std::move(pager)), compressor_(compressor) {}
  void Close(bool has_dictionary, bool fallback) override { pager_->Close(has_dictionary, fallback); }
  int64_t WriteDataPage(const parquet::DataPage& page) override { return pager_->WriteDataPage(page); }
  int64_t WriteDictionaryPage(const parquet::DictionaryPage& page) override {
    return pager_->WriteDictionaryPage(page);
  }
  int64_t total_compressed_bytes_written() const override { return pager_->total_compressed_bytes_written(); }
  bool has_compressor() override { return true; }
  void Compress(const arrow::Buffer& raw, arrow::ResizableBuffer* stored) override {
    auto raw_bytes = static_cast<size_t>(raw.size());
    size_t room = ZstdCompressor::Bound(raw_bytes);
    PARQUET_THROW_NOT_OK(stored->Resize(static_cast<int64_t>(room), false));
    size_t bytes = compressor_->Compress(raw.data(), raw_bytes, stored->mutable_data(), room);
    PARQUET_THROW_NOT_OK(stored->Resize(static_cast<int64_t>(bytes), false));
  }

 private:
  std::unique_ptr<parquet::PageWriter> pager_;
  ZstdCompressor* compressor_;
};

}  // namespace

template <typename Stored>
void ContextPool<Stored>::Free::operator()(Stored* context) const {
  if constexpr (std::is_same_v<Stored, ZSTD_CCtx>) {
    ZSTD_freeCCtx(context);
  } else {
    ZSTD_freeDCtx(context);
  }
}

template <typename Stored>
typename ContextPool<Stored>::Context ContextPool<Stored>::Take() {
  {
    std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      Context context = std::move(free_.back());
      free_.pop_back();
      return context;
    }
  }
  Context context;
  if constexpr (std::is_same_v<Stored, ZSTD_CCtx>) {
    context.reset(ZSTD_createCCtx());
  } else {
    context.reset(ZSTD_createDCtx());
  }
  if (context == nullptr) PARQUET_THROW_NOT_OK(arrow::Status::OutOfMemory("no memory for a page's zstd context"));
  return context;
}

template class ContextPool<ZSTD_CCtx>;
template class ContextPool<ZSTD_DCtx>;

size_t ZstdCompressor::Bound(size_t raw_bytes) { return ZSTD_compressBound(raw_bytes); }

size_t ZstdCompressor::Compress(const uint8_t* raw, size_t raw_bytes, uint8_t* out, size_t room) {
  auto context = contexts_.Take();
  size_t set = ZSTD_CCtx_reset(context.get(), ZSTD_reset_session_and_parameters);
  auto choose = [&](ZSTD_cParameter parameter, int value) {
    if (ZSTD_isError(set) == 0) set = ZSTD_CCtx_setParameter(context.get(), parameter, value);
  };
  choose(ZSTD_c_compressionLevel, level_);
  if (level_ == 1 && raw_bytes <= kSmallPageBytes) {
    choose(ZSTD_c_strategy, ZSTD_fast);
    choose(ZSTD_c_hashLog, kFastHashLog);
    choose(ZSTD_c_targetLength, kFastTargetLength);
    choose(ZSTD_c_literalCompressionMode, ZSTD_ps_enable);
  }
  if (ZSTD_isError(set) != 0) Fail(std::string("zstd refuses a setting: ") + ZSTD_getErrorName(set));
  size_t stored = ZSTD_compress2(context.get(), out, room, raw, raw_bytes);
  if (ZSTD_isError(stored) != 0) Fail(std::string("a page can't be compressed: ") + ZSTD_getErrorName(stored));
  contexts_.GiveBack(std::move(context));
  return stored;
}

std::unique_ptr<parquet::PageWriter> CompressPages(std::unique_ptr<parquet::PageWriter> pager,
                                                   ZstdCompressor* compressor) {
  return std::make_unique<ZstdPageWriter>(std::move(pager), compressor);
}

std::unique_ptr<parquet::PageReader> DecompressPages(std::unique_ptr<parquet::PageReader> stored,
                                                     ZstdContexts* contexts, arrow::MemoryPool* pool) {
  return std::make_unique<ZstdPageReader>(std::move(stored), contexts, pool);
}

}  // namespace parquedb
