// Which pages of a column chunk hold some rows. Inside this folder only.
#pragma once

#include <span>
#include <vector>

#include "columnar/table.h"
#include "parquetfile/page_index.h"

namespace parquedb {

struct PageSelection {
  std::vector<size_t> pages;       // their numbers, ascending
  std::vector<int64_t> page_rows;  // of each
  int64_t rows = 0;                // in these pages together
  RowSpans wanted;                 // where the wanted rows are when these pages lie one behind the other
};

// `rows`: from the first of the chunk, which has `chunk_rows`; inside of it.
PageSelection SelectPages(const std::vector<PagePlace>& pages, int64_t chunk_rows, std::span<const RowSpan> rows);

}  // namespace parquedb
