// Splits an input into raw records: lines of an NDJSON file, elements of a JSON array. Bounded memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "parquedb/progress.h"
#include "parquedb/status.h"
#include "storage/input_stream.h"

namespace parquedb {

class RawRecordReader {
 public:
  virtual ~RawRecordReader() = default;
  // False at the end. `text` holds until the next call; `line` counts from 1.
  virtual Result<bool> Next(std::string_view* text, int64_t* line) = 0;
};

// Lines; empty ones are left out, a UTF-8 byte order mark at the front too. A line above kMaxInputRecordBytes:
// kInvalidData with its number.
std::unique_ptr<RawRecordReader> ReadLines(std::unique_ptr<InputStream> input);
// Elements of the array that the text is, or of the one array that is the only member of the object that the text is.
std::unique_ptr<RawRecordReader> ReadJsonArray(std::unique_ptr<InputStream> input);

}  // namespace parquedb
