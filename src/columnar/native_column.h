// Rows of one column out of its pages, without Arrow. Inside this folder only.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "columnar/table.h"
#include "parquetfile/page_reader.h"
#include "parquetfile/page_values.h"

namespace parquedb {

class FileMeter;

// Goes through pages of a column chunk in order. One thread.
class NativeColumn {
 public:
  // What is known of the pages beforehand; where a page says otherwise, it is damaged.
  struct Pages {
    PageReader reader;
    int64_t rows = 0;                // of all of them
    std::vector<int64_t> page_rows;  // of each, or empty
  };
  // `meter`, if any, counts the data pages and must outlive it.
  NativeColumn(const ColumnSpec& spec, Pages pages, FileMeter* meter);

  // Exactly the next `rows` rows; fewer in the file is kCorruption. Their texts hold until the next call.
  Status Read(int64_t rows, ColumnChunkView* view);
  // Of the next rows those of `wanted`, counted from here; stops behind the last of them. What their texts lie in is
  // put into `kept`: pages of which most is wanted are kept whole, of others the texts are copied.
  Status ReadWanted(std::span<const RowSpan> wanted, ColumnChunkView* view, std::vector<std::shared_ptr<void>>* kept);

 private:
  enum class Texts { kKeep, kCopyFew };
  Status NextPage();
  Status ReadSpans(std::span<const RowSpan> wanted, Texts texts, ColumnChunkView* view);
  void Take(RowSpan part, ColumnChunkView* view);
  void KeepTexts(size_t first_text, int64_t taken, Texts texts, ColumnChunkView* view);

  ColumnType type_;
  bool nullable_;
  Pages pages_;
  size_t page_number_ = 0;
  PageDecoder decoder_;
  FileMeter* meter_;
  Page page_;
  PageValues values_;  // of the page that is read
  bool decoded_ = false;
  int64_t at_ = 0;  // rows of it that were passed
  std::vector<std::shared_ptr<const void>> kept_;
};

}  // namespace parquedb
