#include "columnar/zstd_pages.h"

#include <arrow/buffer.h>
#include <parquet/column_page.h>
#include <parquet/exception.h>
#include <zstd.h>

#include <string>

namespace parquedb {
namespace {

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

void ZstdContexts::Free::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }

ZstdContexts::Context ZstdContexts::Take() {
  {
    std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      Context context = std::move(free_.back());
      free_.pop_back();
      return context;
    }
  }
  Context context(ZSTD_createDCtx());
  if (context == nullptr) PARQUET_THROW_NOT_OK(arrow::Status::OutOfMemory("no memory to decompress with"));
  return context;
}

void ZstdContexts::GiveBack(Context context) {
  std::lock_guard lock(mutex_);
  free_.push_back(std::move(context));
}

std::unique_ptr<parquet::PageReader> DecompressPages(std::unique_ptr<parquet::PageReader> stored,
                                                     ZstdContexts* contexts, arrow::MemoryPool* pool) {
  return std::make_unique<ZstdPageReader>(std::move(stored), contexts, pool);
}

}  // namespace parquedb
