// Parquet files of other writers, of any types, as rows of plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parquedb/status.h"
#include "parquedb/storage.h"

namespace parquedb {

// Takes the values of a row as they come: an object is its members, each a name and then its value.
class RowSink {
 public:
  virtual ~RowSink() = default;
  virtual void BeginObject() = 0;
  virtual void Name(std::string_view name) = 0;
  virtual void EndObject() = 0;
  virtual void BeginArray() = 0;
  virtual void EndArray() = 0;
  virtual void Null() = 0;
  virtual void Bool(bool value) = 0;
  virtual void Integer(int64_t value) = 0;
  virtual void Unsigned(uint64_t value) = 0;
  virtual void Double(double value) = 0;  // finite
  virtual void Text(std::string_view value) = 0;
  virtual void Bytes(std::string_view value) = 0;
};

// Rows come as objects of the columns, null ones left out:
//   timestamps     text, RFC 3339 in UTC (also those without a zone), 3, 6 or 9 digits of the second, as many as it
//   needs dates, times   text, 2026-02-01, 12:34:56 or 12:34:56.789 decimals       text UUIDs          text, in groups
//   of hex digits other binary   Bytes lists          arrays (null elements stay), structs objects (null members are
//   left out) maps           objects where the keys are texts, numbers, dates or truth values; else arrays of
//   {"key":…,"value":…} durations      integers, in the unit of the column
// One thread.
class ForeignTable {
 public:
  // `name` is for its messages. kCorruption: damaged, or a type that can't be read; the message names the column.
  static Result<std::unique_ptr<ForeignTable>> Open(std::shared_ptr<const ReadableFile> file, std::string name);
  virtual ~ForeignTable() = default;
  virtual std::optional<std::string> footer(std::string_view key) const = 0;
  virtual const std::vector<std::string>& column_names() const = 0;
  virtual int64_t row_count() const = 0;  // as the footer says
  // The next row; false at the end. Messages don't name the file. kCorruption: damaged. kInvalidData: a value that has
  // no counterpart (NaN, infinity, a year outside 1 to 9999), with the number of its row, from 1, and its column.
  // Memory: about 8 MiB of decoded rows, or one row.
  virtual Result<bool> Next(RowSink* sink) = 0;
};

}  // namespace parquedb
