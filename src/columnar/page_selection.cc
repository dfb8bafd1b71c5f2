#include "columnar/page_selection.h"

#include <algorithm>

namespace parquedb {

PageSelection SelectPages(const std::vector<PagePlace>& pages, int64_t chunk_rows, std::span<const RowSpan> rows) {
  PageSelection selection;
  size_t next = 0;
  for (size_t page = 0; page < pages.size() && next < rows.size(); ++page) {
    int64_t begin = pages[page].first_row;
    int64_t end = page + 1 < pages.size() ? pages[page + 1].first_row : chunk_rows;
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
    selection.page_rows.push_back(end - begin);
    selection.rows += end - begin;
  }
  return selection;
}

}  // namespace parquedb
