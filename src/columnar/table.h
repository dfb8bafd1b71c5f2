// Tables as Parquet files, without a word of Arrow outside this folder. A schema is a list of named columns, rows are
// appended column by column into a row group buffer, and come back as chunks of typed columns.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parquedb/status.h"
#include "parquedb/storage.h"

namespace parquedb {

// Parquet's logical types of 2019 only, so that any reader opens the file.
enum class ColumnType { kInt64, kTimestampMs, kDouble, kBool, kString };

enum class ColumnCoding {
  kPlain,           // PLAIN
  kDictionary,      // RLE_DICTIONARY, falling back to PLAIN
  kDeltaBinary,     // DELTA_BINARY_PACKED (integers)
  kDeltaByteArray,  // DELTA_BYTE_ARRAY (strings with shared prefixes)
  kDeltaLength,     // DELTA_LENGTH_BYTE_ARRAY (documents)
};

struct ColumnSpec {
  std::string name;
  ColumnType type = ColumnType::kString;
  bool nullable = false;
  ColumnCoding coding = ColumnCoding::kPlain;
  bool statistics = true;     // min/max of chunks and pages; off for documents
  bool bloom_filter = false;  // Parquet's split-block bloom filter
};

using TableSchema = std::vector<ColumnSpec>;

// One column's values while a row group is filled. Append exactly one value or null a row.
class ColumnBuffer {
 public:
  void AppendInt(int64_t value);  // kInt64, kTimestampMs; kUInt64 by bit pattern
  void AppendDouble(double value);
  void AppendBool(bool value);
  void AppendString(std::string_view value);
  void AppendNull();

 private:
  friend class TableWriter;
  friend struct ColumnBufferAccess;
  void Grow(size_t more);
  std::vector<int64_t> ints_;
  std::vector<double> doubles_;
  std::vector<bool> bools_;
  std::string arena_;
  std::vector<uint64_t> ends_;    // end of each string in arena_
  std::vector<int16_t> present_;  // definition level of each row, for nullable columns
  bool nullable_ = false;
  int64_t rows_ = 0;
  uint64_t* bytes_ = nullptr;  // of the row group, all columns together; the writer's
  uint64_t most_bytes_ = 0;    // where the row group ends
};

struct TableWriterOptions {
  int zstd_level = 1;
  uint64_t row_group_bytes = 32u << 20;  // raw bytes at which Append ends the row group
  int64_t row_group_rows = 65'536;
  int64_t page_rows = 128;  // rows a page holds at most
  uint64_t page_bytes = 64u << 10;
  int64_t dictionary_bytes = 8 << 20;  // of a column in a row group; what does not fit goes without a dictionary
};

// Writes one Parquet file into a PendingFile. One thread. Page index, page CRCs and sorted-column metadata are written.
class TableWriter {
 public:
  // `sorted_by`: index of the column by which rows ascend.
  static Result<std::unique_ptr<TableWriter>> Open(PendingFile& file, TableSchema schema, int sorted_by,
                                                   const TableWriterOptions& options = {});
  ~TableWriter();

  ColumnBuffer& column(int index);
  // Ends a row that was appended to every column; writes the row group when it is full.
  Status EndRow();
  int64_t row_count() const;
  int row_group_count() const;  // ended so far
  // Ends the current row group early (no-op when empty).
  Status EndRowGroup();
  // A text in the footer's key-value metadata; until Finish.
  void SetFooter(std::string key, std::string value);
  // Writes what is left and the footer. The file is complete; publishing it is the caller's.
  Status Finish();

 private:
  friend struct ColumnBufferAccess;
  TableWriter();
  struct State;
  std::unique_ptr<State> state_;
};

// Rows, half-open.
struct RowSpan {
  int64_t first, last;
  int64_t size() const { return last - first; }
  bool operator==(const RowSpan&) const = default;
};
using RowSpans = std::vector<RowSpan>;  // ascending, none empty, none touching the next
int64_t RowsOf(std::span<const RowSpan> spans);

// The values of one column in a chunk of rows. Views hold until the chunk is refilled.
struct ColumnChunkView {
  std::vector<int64_t> ints;  // kInt64, kTimestampMs, kBool (0/1)
  std::vector<double> doubles;
  std::vector<std::string_view> strings;
  std::vector<uint8_t> valid;  // one a row when the column is nullable, else empty
  bool is_null(int64_t row) const { return !valid.empty() && valid[row] == 0; }
};

struct TableChunk {
  int64_t first_row = 0;  // in the file
  int64_t rows = 0;
  std::vector<ColumnChunkView>
      columns;  // as asked for, in that order; every vector has `rows` entries (nulls are 0/"")
  std::vector<std::shared_ptr<void>> arenas;  // of ReadRows: what its texts lie in
};

// A text column of a row group, told by its distinct values: row r has values[indices[r]]. A value may stand there more
// than once (a file that gave up its dictionary), or be of no row.
struct DictionaryColumn {
  std::vector<std::string_view> values;
  std::vector<uint32_t> indices;       // one a row
  std::shared_ptr<std::string> texts;  // what the values lie in, one behind the other
};

// Streams rows of some columns, front to back. Holds about one page a column. One thread.
class TableScanner {
 public:
  virtual ~TableScanner() = default;
  // False at the end.
  virtual Result<bool> Next(TableChunk* chunk) = 0;
};

// An open Parquet file. Threads may share it; every scanner belongs to one thread. Content that is damaged, or lies
// about its sizes, is kCorruption that names the file.
class TableReader {
 public:
  // `name` is for messages. Checks the magic, the footer and the bounds of core/limits.h.
  static Result<std::shared_ptr<TableReader>> Open(std::shared_ptr<const ReadableFile> file, std::string name);
  virtual ~TableReader() = default;

  virtual const std::string& name() const = 0;
  virtual std::optional<std::string> footer(std::string_view key) const = 0;
  virtual int64_t row_count() const = 0;
  virtual int row_group_count() const = 0;
  virtual int64_t row_group_rows(int row_group) const = 0;
  virtual int64_t row_group_first_row(int row_group) const = 0;
  virtual int row_group_of(int64_t row) const = 0;                // a row of the file
  virtual uint64_t row_group_raw_bytes(int row_group) const = 0;  // uncompressed, all columns
  virtual const TableSchema& schema() const = 0;                  // names, types, nullable; foreign types: see kForeign
  virtual std::optional<int> column_index(std::string_view name) const = 0;

  struct IntRange {
    int64_t min, max;
  };
  struct DoubleRange {
    double min, max;
  };
  struct StringRange {
    std::string min, max;
  };  // bounds, perhaps cut short: min is a lower, max an upper bound
  virtual std::optional<IntRange> int_range(int row_group, int column) const = 0;
  virtual std::optional<StringRange> string_range(int row_group, int column) const = 0;
  // False only if the value is certainly not in the row group's column (bloom filter, then range).
  virtual Result<bool> MayContain(int row_group, int column, std::string_view value) const = 0;

  // Scans row groups [first, last) for the given columns.
  virtual Result<std::unique_ptr<TableScanner>> Scan(int first_row_group, int last_row_group, std::vector<int> columns,
                                                     int64_t chunk_rows = 1024) const = 0;
  // Reads rows [first_row, first_row + rows) of the file, touching only the pages that hold them (offset index).
  virtual Status ReadRows(int64_t first_row, int64_t rows, const std::vector<int>& columns,
                          TableChunk* chunk) const = 0;
  // For a column that ascends within a row group: the rows whose page may hold `value`, by the column index.
  // In rows of the file; empty when none may.
  Result<RowSpan> FindSpan(int row_group, int column, std::string_view value) const;
  // The last row of the row group that is `value` and stands before `end`, a row of the file; -1 if none does. Of a
  // text column without nulls: kInvalidArgument for another. Reads pages from the last on, and no more than it must.
  virtual Result<int64_t> FindLastRow(int row_group, int column, std::string_view value, int64_t end) const;

  // What is known of a column's values without reading them. Of the ranges that of the column's type, if any.
  struct Bounds {
    RowSpan rows = {0, 0};              // of the file
    bool all_null = false;              // no value is there
    bool has_nulls = true;              // some may be null
    std::optional<IntRange> ints = {};  // of kInt64, kTimestampMs and kBool
    std::optional<DoubleRange> doubles = {};
    std::optional<StringRange> strings = {};
  };
  // Of the whole row group, by the statistics.
  virtual Bounds row_group_bounds(int row_group, int column) const = 0;
  // Of each page, by the column index; of the whole row group where there is none.
  virtual Result<std::vector<Bounds>> PageBounds(int row_group, int column) const = 0;
  // Reads the rows of `rows`, which ascend and lie in one row group, one behind the other into the chunk; of each
  // column only the pages that hold them. Any thread.
  virtual Status ReadSpans(std::span<const RowSpan> rows, const std::vector<int>& columns, TableChunk* chunk) const = 0;
  // All rows of a text column that has no nulls. Where values come again and again and the file has them once, that is
  // how they are given, in a fraction of the time of reading the rows. kInvalidArgument for a column of another kind.
  // Any thread.
  virtual Status ReadDictionary(int row_group, int column, DictionaryColumn* out) const = 0;
  // Asks Arrow for a second opinion: it must take the file too, with the same columns and rows, and give the same first
  // and last row of each row group. kCorruption where it does not. Arrow is loaded for it.
  virtual Status CheckWithArrow() const { return Status::Ok(); }

 protected:
  // ReadDictionary without the help of the file's: a value for each row.
  Status ReadAsDictionary(int row_group, int column, DictionaryColumn* out) const;
  // Rows asked for, from the first of the row group that they lie in. kInvalidArgument unless they ascend in one.
  struct GroupSpans {
    int row_group = 0;
    RowSpans rows;
  };
  Result<GroupSpans> SpansInRowGroup(std::span<const RowSpan> rows) const;
  // Bounds of a column of this type in Parquet's plain encoding; of a wrong length they say nothing.
  static void SetRange(ColumnType type, std::string_view min, std::string_view max, Bounds* bounds);
};

}  // namespace parquedb
