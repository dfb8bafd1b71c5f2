// CSV as RFC 4180 says: cells behind commas, quoted where they hold a quote, a comma or a line break. Read, cut into
// records, made into JSON, and written.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "exchange/line_reader.h"
#include "parquedb/status.h"

namespace parquedb {

// Raw records of a CSV text; empty lines and a UTF-8 byte order mark at the front are left out. A record may span
// lines: its line is the one where it begins. Lines end with LF or CRLF. What is wrong in a record is for
// ParseCsvRecord to find. A record above kMaxInputRecordBytes: kInvalidData with its line.
std::unique_ptr<RawRecordReader> ReadCsvRecords(std::unique_ptr<InputStream> input);

// The cells of one raw record; the strings' memory is reused. kInvalidData: a quote that is not closed or stands where
// none may, a carriage return or NUL outside of what CSV allows, invalid UTF-8.
Status ParseCsvRecord(std::string_view record, std::vector<std::string>* cells);

// What the header row says about the rows below it.
class CsvShape {
 public:
  // kInvalidData: a name that is empty or comes twice, a name with $ that is no system column. With `infer` a cell that
  // is a JSON number, true or false becomes that; else every cell is a string.
  static Result<std::shared_ptr<const CsvShape>> Open(std::string_view header, bool infer);
  // The row as the JSON text of a record. An empty cell is absent. With a $data column the own fields are what it says,
  // and columns without $ are left aside; $version and $links are JSON, too. kInvalidData: another number of cells, and
  // as ParseCsvRecord. `cells` is memory of the caller, reused.
  Status ToJson(std::string_view record, std::vector<std::string>* cells, std::string* json) const;

 private:
  enum class Use { kText, kOwn, kJson, kData, kNone };  // kOwn: an own field, inferred or text
  struct Column {
    std::string name, head;  // head: `"name":`
    Use use = Use::kOwn;
  };
  std::vector<Column> columns_;
  bool infer_ = false;
};

constexpr std::string_view kCsvLineEnd = "\r\n";
// Appends the cell, quoted where it must be. An empty text is quoted: what is absent is an empty cell.
void AppendCsvCell(std::string* out, std::string_view text);
// A row of cells, with its line end.
std::string CsvRow(const std::vector<std::string>& cells);

}  // namespace parquedb
