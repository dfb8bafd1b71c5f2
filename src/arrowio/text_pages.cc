#include "arrowio/text_pages.h"

#include <arrow/buffer.h>
#include <parquet/column_page.h>
#include <parquet/exception.h>
#include <parquet/metadata.h>

#include <algorithm>
#include <cstring>

namespace parquedb {
namespace {

constexpr size_t kRoomBytes = 1u << 20;  // at least, so that most memory can be used again as it is

uint64_t EndOf(const TextColumn& column, size_t values) { return values == 0 ? 0 : column.ends[values - 1]; }

}  // namespace

std::vector<TextPage> CutPages(const TextColumn& column, const PageLimits& limits) {
  std::vector<TextPage> pages;
  TextPage page;
  for (int64_t row = 0; row < column.rows; ++row) {
    if (column.present == nullptr || column.present[row] == 1) ++page.values;
    ++page.rows;
    page.end = EndOf(column, page.first_value + page.values);
    uint64_t bytes = page.end - page.begin;
    bool full = page.rows == limits.most_rows || bytes >= limits.most_bytes ||
                (page.rows % limits.batch_rows == 0 && bytes >= limits.page_bytes);
    if (!full && row + 1 < column.rows) continue;
    pages.push_back(page);
    page = {.first_row = row + 1,
            .rows = 0,
            .first_value = page.first_value + page.values,
            .values = 0,
            .begin = page.end,
            .end = page.end};
  }
  return pages;
}

uint8_t* PageMemory::Room(size_t bytes) {
  if (bytes > size_) {
    bytes_.reset();
    size_ = std::max(bytes, kRoomBytes);
    bytes_ = std::make_unique_for_overwrite<uint8_t[]>(size_);
  }
  return bytes_.get();
}

TextPageMaker::TextPageMaker(ZstdCompressor* compressor)
    : compressor_(compressor),
      lengths_(parquet::MakeTypedEncoder<parquet::Int32Type>(parquet::Encoding::DELTA_BINARY_PACKED)) {}

// Levels, lengths, texts.
void TextPageMaker::MakeRaw(const TextColumn& column, const TextPage& page) {
  page_lengths_.clear();
  uint64_t begin = page.begin;
  for (size_t i = page.first_value; i < page.first_value + page.values; ++i) {
    page_lengths_.push_back(static_cast<int32_t>(column.ends[i] - begin));
    begin = column.ends[i];
  }
  lengths_->Put(page_lengths_.data(), static_cast<int>(page_lengths_.size()));
  auto lengths = lengths_->FlushValues();
  auto lengths_size = static_cast<size_t>(lengths->size());
  size_t levels_room = 0;
  if (column.present != nullptr) {
    levels_room = sizeof(uint32_t) +
                  static_cast<size_t>(parquet::LevelEncoder::MaxBufferSize(parquet::Encoding::RLE, 1, page.rows));
  }
  size_t room = levels_room + lengths_size + (page.end - page.begin);
  if (room > raw_room_) {
    raw_.reset();
    raw_room_ = std::max(room, kRoomBytes);
    raw_ = std::make_unique_for_overwrite<uint8_t[]>(raw_room_);
  }
  uint8_t* at = raw_.get();
  if (column.present != nullptr) {
    parquet::LevelEncoder levels;
    levels.Init(parquet::Encoding::RLE, 1, page.rows, at + sizeof(uint32_t),
                static_cast<int>(levels_room - sizeof(uint32_t)));
    levels.Encode(page.rows, column.present + page.first_row);
    auto length = static_cast<uint32_t>(levels.len());
    for (int i = 0; i < 4; ++i) *at++ = static_cast<uint8_t>(length >> (8 * i));
    at += length;
  }
  if (lengths_size > 0) std::memcpy(at, lengths->data(), lengths_size);
  at += lengths_size;
  if (page.end > page.begin) std::memcpy(at, column.texts + page.begin, page.end - page.begin);
  at += page.end - page.begin;
  raw_size_ = static_cast<size_t>(at - raw_.get());
}

void TextPageMaker::Make(const TextColumn& column, std::span<TextPage> pages, PageMemory* memory) {
  // What every page may need: its levels take a bit a row, its lengths at most five bytes a value.
  size_t room = 0;
  for (const TextPage& page : pages) {
    size_t raw = (page.end - page.begin) + static_cast<size_t>(page.rows) * 8 + 1024;
    room += ZstdCompressor::Bound(raw);
  }
  uint8_t* out = memory->Room(room);
  const uint8_t* end = out + room;
  for (TextPage& page : pages) {
    MakeRaw(column, page);
    size_t stored = compressor_->Compress(raw_.get(), raw_size_, out, static_cast<size_t>(end - out));
    page.stored = out;
    page.stored_bytes = static_cast<int32_t>(stored);
    page.raw_bytes = static_cast<int32_t>(raw_size_);
    out += stored;
  }
}

TextChunkWriter::TextChunkWriter(parquet::ColumnChunkMetaDataBuilder* metadata,
                                 std::unique_ptr<parquet::PageWriter> pager)
    : metadata_(metadata), pager_(std::move(pager)), sizes_(parquet::SizeStatistics::Make(metadata->descr())) {}

void TextChunkWriter::Write(const TextColumn& column, std::span<const TextPage> pages) {
  using parquet::Encoding;
  for (const TextPage& page : pages) {
    auto sizes = parquet::SizeStatistics::Make(metadata_->descr());
    if (column.present != nullptr) {
      sizes->definition_level_histogram = {page.rows - static_cast<int64_t>(page.values),
                                           static_cast<int64_t>(page.values)};
    }
    sizes->IncrementUnencodedByteArrayDataBytes(static_cast<int64_t>(page.end - page.begin));
    sizes_->Merge(*sizes);
    raw_bytes_ += pager_->WriteDataPage(parquet::DataPageV1(
        std::make_shared<arrow::Buffer>(page.stored, page.stored_bytes), page.rows, Encoding::DELTA_LENGTH_BYTE_ARRAY,
        Encoding::RLE, Encoding::RLE, page.raw_bytes, parquet::EncodedStatistics(), page.first_row, *sizes));
  }
}

int64_t TextChunkWriter::Close() {
  metadata_->SetSizeStatistics(*sizes_);
  pager_->Close(false, false);
  return raw_bytes_;
}

}  // namespace parquedb
