// The page index of a column's part of a row group (parquet-format, PageIndex.md): where its pages lie, and the bounds
// of the values in them.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "parquedb/status.h"
#include "parquedb/storage.h"
#include "parquetfile/footer.h"

namespace parquedb {

// Where a page lies.
struct PagePlace {
  int64_t offset = 0;
  int64_t bytes = 0;      // with its header, as stored
  int64_t first_row = 0;  // from the row group's first
};

struct PageValueBounds {
  bool all_null = false;
  std::string_view min, max;  // the plain encoding of the type, texts perhaps cut short; empty when all are null
};

struct PageIndex {
  std::vector<PagePlace> places;        // empty: the chunk has no index
  std::vector<PageValueBounds> bounds;  // one a page, or none
  std::vector<int64_t> null_counts;     // one a page, or none
  std::unique_ptr<char[]> bytes;        // what the bounds lie in
};

// Reads the index of a chunk of `rows` rows. kCorruption: it is damaged, or contradicts the chunk or the file.
Result<PageIndex> ReadPageIndex(const ReadableFile& file, const FooterChunk& chunk, int64_t rows);

// kCorruption unless the pages' rows ascend from 0 and end before `rows`, and their bytes lie inside the file.
Status CheckPlaces(const std::vector<PagePlace>& places, int64_t rows, uint64_t file_bytes);

}  // namespace parquedb
