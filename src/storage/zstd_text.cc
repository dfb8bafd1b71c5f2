#include "storage/zstd_text.h"

#include <zstd.h>

#include <memory>

#include "core/check.h"

namespace parquedb {
namespace {

constexpr int kLevel = 3;  // manifests shrink to a fifth; higher levels gain little
constexpr size_t kOutputBytes =
    1024 * 1024;  // grown by so much at a time: what a frame says of its size is not trusted

}  // namespace

std::string CompressText(std::string_view text) {
  std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
  PARQUEDB_CHECK(context != nullptr);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::string frame(ZSTD_compressBound(text.size()), '\0');
  size_t size = ZSTD_compress2(context.get(), frame.data(), frame.size(), text.data(), text.size());
  PARQUEDB_CHECK(!ZSTD_isError(size));
  frame.resize(size);
  return frame;
}

Result<std::string> DecompressText(std::string_view frame, uint64_t max_bytes) {
  std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  PARQUEDB_CHECK(context != nullptr);
  std::string text;
  ZSTD_inBuffer input{frame.data(), frame.size(), 0};
  while (true) {
    size_t before = text.size();
    text.resize(before + kOutputBytes);
    ZSTD_outBuffer output{text.data(), text.size(), before};
    size_t left = ZSTD_decompressStream(context.get(), &output, &input);
    if (ZSTD_isError(left)) return Corruption(std::string("no zstd frame: ") + ZSTD_getErrorName(left));
    text.resize(output.pos);
    if (text.size() > max_bytes) {
      return Corruption("a text of more than " + std::to_string(max_bytes) + " bytes is in a zstd frame");
    }
    if (left == 0) break;
    bool stuck = output.pos < before + kOutputBytes && input.pos == input.size;
    if (stuck) return Corruption("a zstd frame was cut");
  }
  if (input.pos != input.size) return Corruption("there are bytes behind a zstd frame");
  return text;
}

}  // namespace parquedb
