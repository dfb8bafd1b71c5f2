// Pages of documents (DELTA_LENGTH_BYTE_ARRAY), made straight from a column's buffer. Inside this folder only.
#pragma once

#include <parquet/column_writer.h>
#include <parquet/encoding.h>
#include <parquet/size_statistics.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "arrowio/zstd_pages.h"
#include "columnar/column_buffer.h"

namespace parquedb {

struct TextPage {
  int64_t first_row = 0;
  int32_t rows = 0;
  size_t first_value = 0, values = 0;
  uint64_t begin = 0, end = 0;  // of its texts
  // Once it is made:
  const uint8_t* stored = nullptr;  // compressed, in the PageMemory it was made into
  int32_t stored_bytes = 0, raw_bytes = 0;
};

struct PageLimits {
  int64_t batch_rows;   // a page has so many rows or several times as many
  int64_t most_rows;    // and never more than that
  uint64_t page_bytes;  // from here on it ends behind a batch
  uint64_t most_bytes;  // and from here on at once
};
std::vector<TextPage> CutPages(const TextColumn& column, const PageLimits& limits);

// Where pages are kept until they are written. Its memory is used again.
class PageMemory {
 public:
  uint8_t* Room(size_t bytes);

 private:
  std::unique_ptr<uint8_t[]> bytes_;
  size_t size_ = 0;
};

// Encodes and compresses pages. One thread.
class TextPageMaker {
 public:
  explicit TextPageMaker(ZstdCompressor* compressor);  // which must outlive it
  void Make(const TextColumn& column, std::span<TextPage> pages, PageMemory* memory);

 private:
  void MakeRaw(const TextColumn& column, const TextPage& page);
  ZstdCompressor* compressor_;
  std::unique_ptr<parquet::TypedEncoder<parquet::Int32Type>> lengths_;
  std::vector<int32_t> page_lengths_;
  std::unique_ptr<uint8_t[]> raw_;
  size_t raw_size_ = 0, raw_room_ = 0;
};

// Writes made pages, in order, and sums up what the column chunk's metadata says of them.
class TextChunkWriter {
 public:
  TextChunkWriter(parquet::ColumnChunkMetaDataBuilder* metadata, std::unique_ptr<parquet::PageWriter> pager);
  void Write(const TextColumn& column, std::span<const TextPage> pages);
  int64_t Close();  // the bytes of all pages, before compression

 private:
  parquet::ColumnChunkMetaDataBuilder* metadata_;
  std::unique_ptr<parquet::PageWriter> pager_;
  std::unique_ptr<parquet::SizeStatistics> sizes_;
  int64_t raw_bytes_ = 0;
};

}  // namespace parquedb
