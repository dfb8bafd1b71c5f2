// The pages of a column chunk, one after the other: found, checked and decompressed, not yet understood.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "parquedb/status.h"
#include "parquedb/storage.h"
#include "parquetfile/footer.h"

namespace parquedb {

// Stretches of a file as one stream, read piece by piece. One thread.
class FilePartStream {
 public:
  // `file` must outlive it; the parts lie inside the file.
  FilePartStream(const ReadableFile& file, std::vector<FilePart> parts, int64_t piece_bytes);
  bool at_end() const { return left_ == 0 && held() == 0; }
  // The next `bytes` bytes, or as many as there are. Holds until the next call.
  Result<std::string_view> Peek(int64_t bytes);
  void Skip(int64_t bytes) { at_ += static_cast<size_t>(bytes); }  // of what was peeked at

 private:
  int64_t held() const { return static_cast<int64_t>(size_ - at_); }
  const ReadableFile& file_;
  std::vector<FilePart> parts_;
  size_t part_ = 0;
  int64_t left_ = 0;  // bytes of the parts that are not yet held
  const int64_t piece_bytes_;
  std::unique_ptr<char[]> piece_;
  size_t room_ = 0, at_ = 0, size_ = 0;
};

enum class PageKind { kData, kDictionary };

struct Page {
  PageKind kind = PageKind::kData;
  PageEncoding encoding = PageEncoding::kPlain;
  int64_t values = 0;  // with nulls: rows; of a dictionary its values
  // Levels and values, decompressed; kPagePadding readable bytes lie behind them.
  std::string_view raw;
  std::shared_ptr<char[]> memory;  // what `raw` lies in; who keeps it keeps the page
};

constexpr size_t kPagePadding = 16;

// One thread.
class PageReader {
 public:
  PageReader(const ReadableFile& file, std::vector<FilePart> parts, int64_t piece_bytes)
      : stream_(file, std::move(parts), piece_bytes) {}

  // False at the end. Checks header, checksum and sizes: kCorruption. `page` is overwritten; its memory is used again
  // if nobody else keeps it.
  Result<bool> Next(Page* page);

 private:
  FilePartStream stream_;
  std::shared_ptr<char[]> memory_;
  size_t room_ = 0;
};

}  // namespace parquedb
