// What the end of a Parquet file says of it (github.com/apache/parquet-format, parquet.thrift): the columns, and of
// each column's part of each row group where it lies and what is known of its values. Only what TableWriter makes is
// understood.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parquedb/status.h"
#include "parquedb/storage.h"

namespace parquedb {

enum class PhysicalType : int32_t { kBoolean = 0, kInt64 = 2, kDouble = 5, kByteArray = 6 };

enum class PageEncoding : int32_t {
  kPlain = 0,
  kPlainDictionary = 2,  // the older name of kRleDictionary in data pages
  kRle = 3,
  kDeltaBinaryPacked = 5,
  kDeltaLengthByteArray = 6,
  kDeltaByteArray = 7,
  kRleDictionary = 8,
};

struct FooterColumn {
  std::string_view name;
  PhysicalType type = PhysicalType::kByteArray;
  bool nullable = false;
  bool timestamp = false;  // milliseconds or another unit, with or without a zone
};

// A stretch of the file. `bytes` 0: there is none.
struct FilePart {
  int64_t offset = 0, bytes = 0;
};

// A column's part of a row group.
struct FooterChunk {
  FilePart pages;               // from the dictionary, where there is one, to the last page
  int64_t first_data_page = 0;  // its offset
  bool has_dictionary = false;
  FilePart offset_index, column_index, bloom_filter;  // the filter's bytes are 0 where the footer does not say them
  bool has_bloom_filter = false;
  // Statistics; bounds in the plain encoding of the type.
  std::optional<int64_t> null_count;
  std::optional<std::string_view> min, max;
};

struct FooterRowGroup {
  int64_t rows = 0, raw_bytes = 0;
  std::vector<FooterChunk> columns;  // as many as the file has
};

struct Footer {
  std::vector<FooterColumn> columns;
  std::vector<FooterRowGroup> row_groups;
  std::vector<std::pair<std::string_view, std::string_view>> texts;  // key-value metadata
  int64_t rows = 0;
  std::unique_ptr<char[]> bytes;  // what all views lie in

  std::optional<std::string_view> text(std::string_view key) const;  // the first of that name
};

// Reads and checks the footer of `file`: stretches lie inside the file, rows add up. Null if the file is sound so far
// but has something that TableWriter does not make (nested columns, another type, encoding or compression): another
// reader must take it. kCorruption: damaged; the message does not name the file.
Result<std::unique_ptr<Footer>> ReadFooter(const ReadableFile& file);

}  // namespace parquedb
