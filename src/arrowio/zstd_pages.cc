#include "arrowio/zstd_pages.h"

#include <arrow/buffer.h>
#include <parquet/column_page.h>
#include <parquet/exception.h>
#define ZSTD_STATIC_LINKING_ONLY  // ZSTD_c_literalCompressionMode
#include <zstd.h>

#include <string>
#include <type_traits>

namespace parquedb {
namespace {

// A page of these sizes gets a small table and longer steps at level 1: half as fast again for 3 to 4 % more bytes
// (docs/design/import.md). Smaller pages are of numbers, which need short steps.
constexpr size_t kFastBytes = 16 * 1024, kMostFastBytes = 128 * 1024;
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
  if (level_ == 1 && raw_bytes >= kFastBytes && raw_bytes <= kMostFastBytes) {
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

void ZstdPageWriter::Compress(const arrow::Buffer& raw, arrow::ResizableBuffer* stored) {
  auto raw_bytes = static_cast<size_t>(raw.size());
  size_t room = ZstdCompressor::Bound(raw_bytes);
  if (static_cast<size_t>(stored->size()) < room) {
    PARQUET_THROW_NOT_OK(stored->Resize(static_cast<int64_t>(room), false));
  }
  size_t bytes = compressor_->Compress(raw.data(), raw_bytes, stored->mutable_data(), room);
  PARQUET_THROW_NOT_OK(stored->Resize(static_cast<int64_t>(bytes), false));
}

int64_t ZstdPageWriter::WriteDataPage(const parquet::DataPage& page) {
  if (!hold_) {
    int64_t bytes = pager_->WriteDataPage(page);
    raw_bytes_ += bytes;
    return bytes;
  }
  if (page.type() != parquet::PageType::DATA_PAGE) Fail("a page of the second kind is not written");
  const auto& data = static_cast<const parquet::DataPageV1&>(page);
  // The column's writer makes its next page in the same memory.
  PARQUET_ASSIGN_OR_THROW(auto stored, data.buffer()->CopySlice(0, data.size()));
  held_.push_back(std::make_unique<parquet::DataPageV1>(
      std::move(stored), data.num_values(), data.encoding(), data.definition_level_encoding(),
      data.repetition_level_encoding(), data.uncompressed_size(), data.statistics(), data.first_row_index(),
      data.size_statistics()));
  return 0;
}

int64_t ZstdPageWriter::WriteDictionaryPage(const parquet::DictionaryPage& page) {
  if (!hold_) {
    int64_t bytes = pager_->WriteDictionaryPage(page);
    raw_bytes_ += bytes;
    return bytes;
  }
  held_.push_back(std::make_unique<parquet::DictionaryPage>(page));
  return 0;
}

void ZstdPageWriter::Close(bool has_dictionary, bool fallback) {
  for (std::unique_ptr<parquet::Page>& page : held_) {
    if (page->type() == parquet::PageType::DICTIONARY_PAGE) {
      raw_bytes_ += pager_->WriteDictionaryPage(static_cast<const parquet::DictionaryPage&>(*page));
    } else {
      raw_bytes_ += pager_->WriteDataPage(static_cast<const parquet::DataPage&>(*page));
    }
    page.reset();
  }
  held_.clear();
  pager_->Close(has_dictionary, fallback);
}

std::unique_ptr<parquet::PageReader> DecompressPages(std::unique_ptr<parquet::PageReader> stored,
                                                     ZstdContexts* contexts, arrow::MemoryPool* pool) {
  return std::make_unique<ZstdPageReader>(std::move(stored), contexts, pool);
}

}  // namespace parquedb
