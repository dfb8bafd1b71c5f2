#include "parquetfile/zstd_contexts.h"

#include <zstd.h>

#include <string>
#include <utility>

namespace parquedb {

void ZstdContexts::Free::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }

ZstdContexts& ZstdContexts::Shared() {
  static auto* shared = new ZstdContexts();  // threads may read to the very end of the process
  return *shared;
}

ZstdContexts::Context ZstdContexts::Take() {
  {
    std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      Context context = std::move(free_.back());
      free_.pop_back();
      return context;
    }
  }
  return Context(ZSTD_createDCtx());
}

Status ZstdContexts::Decompress(std::string_view stored, char* raw, size_t raw_bytes) {
  Context context = Take();
  if (context == nullptr) return IoError("no memory for a page's zstd context");
  const size_t got = ZSTD_decompressDCtx(context.get(), raw, raw_bytes, stored.data(), stored.size());
  {
    std::lock_guard lock(mutex_);
    free_.push_back(std::move(context));
  }
  if (ZSTD_isError(got) != 0) return Corruption(std::string("a page can't be decompressed: ") + ZSTD_getErrorName(got));
  if (got != raw_bytes)
    return Corruption("a page has " + std::to_string(got) + " bytes, its header says " + std::to_string(raw_bytes));
  return Status::Ok();
}

}  // namespace parquedb
