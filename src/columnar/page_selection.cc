#include "columnar/page_selection.h"

namespace parquedb {

PageSelection SelectPages(const std::vector<parquet::PageLocation>& pages, int64_t chunk_rows,
                          std::span<const RowSpan> rows) {
  PageSelection selection;
  size_t next = 0;
  for (size_t page = 0; page < pages.size() && next < rows.size(); ++page) {
    int64_t begin = pages[page].first_row_index;
    int64_t end = page + 1 < pages.size() ? pages[page + 1].first_row_index : chunk_rows;
    if (rows[next].first >= end) continue;
    int64_t moved = selection.rows - begin;
    while (next < rows.size() && rows[next].first < end) {
      RowSpan inside{std::max(rows[next].first, begin) + moved, std::min(rows[next].last, end) + moved};
      if (!selection.wanted.empty() && selection.wanted.back().last == inside.first) {
        selection.wanted.back().last = inside.last;
      } else {
        selection.wanted.push_back(inside);
      }
      if (rows[next].last > end) break;
      ++next;
    }
    selection.pages.push_back(page);
    selection.rows += end - begin;
  }
  return selection;
}

Status CheckPages(const std::vector<parquet::PageLocation>& pages, int64_t chunk_rows, uint64_t file_bytes) {
  if (pages.empty()) return Corruption("the offset index of a column is empty");
  auto size = static_cast<int64_t>(file_bytes);
  for (size_t page = 0; page < pages.size(); ++page) {
    const parquet::PageLocation& place = pages[page];
    bool follows = page == 0 ? place.first_row_index == 0 : place.first_row_index > pages[page - 1].first_row_index;
    if (!follows || place.first_row_index >= chunk_rows)
      return Corruption("the offset index of a column does not hold its rows");
    if (place.offset < 0 || place.compressed_page_size <= 0 || place.offset > size ||
        place.compressed_page_size > size - place.offset)
      return Corruption("a page lies outside the file");
  }
  return Status::Ok();
}

}  // namespace parquedb
