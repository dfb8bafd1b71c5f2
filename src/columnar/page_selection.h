// Which pages of a column chunk hold some rows. Inside this folder only.
#pragma once

#include <parquet/page_index.h>

#include <vector>

#include "columnar/table.h"

namespace parquedb {

struct PageSelection {
  std::vector<size_t> pages;  // their numbers, ascending
  int64_t rows = 0;           // in these pages together
  RowSpans wanted;            // where the wanted rows are when these pages lie one behind the other
};

// `rows`: from the first of the chunk, which has `chunk_rows`; inside of it.
PageSelection SelectPages(const std::vector<parquet::PageLocation>& pages, int64_t chunk_rows,
                          std::span<const RowSpan> rows);

// kCorruption unless the pages' rows ascend from 0 and end before `chunk_rows`, and their bytes lie inside the file.
Status CheckPages(const std::vector<parquet::PageLocation>& pages, int64_t chunk_rows, uint64_t file_bytes);

}  // namespace parquedb
