// Finds the last row with a certain text by the pages' codes. Inside this folder only.
#pragma once

#include <string_view>
#include <vector>

#include "columnar/table.h"
#include "parquetfile/footer.h"
#include "parquetfile/page_index.h"

namespace parquedb {

class FileMeter;

// A text column's part of a row group of `rows` rows, none of them null, and where its pages lie; `meter`, if any,
// counts them.
struct TextColumnPages {
  const ReadableFile& file;
  const FooterChunk& chunk;
  const std::vector<PagePlace>& places;  // not empty
  int64_t rows;
  FileMeter* meter;
};

// The last of the first `end` rows whose text is `value`, or -1. Reads the dictionary, then pages from the last on.
Result<int64_t> FindLastRowInPages(const TextColumnPages& column, std::string_view value, int64_t end);

}  // namespace parquedb
