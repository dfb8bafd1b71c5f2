// What stands in a page: levels and values in the encodings that TableWriter uses (parquet-format, Encodings.md).
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "parquedb/status.h"
#include "parquetfile/footer.h"
#include "parquetfile/page_reader.h"

namespace parquedb {

// The values of a page, one a row; of nulls 0 or an empty text. Which of the three depends on the column's type.
struct PageValues {
  std::vector<int64_t> ints;  // kInt64, kBoolean (0/1)
  std::vector<double> doubles;
  std::vector<std::string_view> texts;
  std::vector<uint8_t> valid;  // one a row when the column is nullable, else empty
  int64_t rows = 0;
  std::shared_ptr<const void> texts_lie_in;
};

// Decodes the pages of one column chunk, in order. One thread.
class PageDecoder {
 public:
  PageDecoder(PhysicalType type, bool nullable) : type_(type), nullable_(nullable) {}
  // Keeps the page's values for the data pages that refer to them. kCorruption: damaged, or a second dictionary.
  Status SetDictionary(const Page& page);
  // kCorruption: damaged, or an encoding that is not written.
  Status Decode(const Page& page, PageValues* values);
  // True: the page is of a column without nulls and refers to the dictionary; the codes, one a row, lie inside of it.
  Result<bool> DecodeCodes(const Page& page, std::vector<uint32_t>* codes);
  // What SetDictionary kept.
  const PageValues& dictionary() const { return dictionary_; }

 private:
  Status DecodeDense(const Page& page, std::string_view bytes, size_t count, PageValues* values);
  Status TakeCodes(std::string_view bytes, size_t count, std::vector<uint32_t>* codes) const;
  Status DecodeTexts(const Page& page, std::string_view bytes, size_t count, PageValues* values);

  PhysicalType type_;
  bool nullable_;
  bool has_dictionary_ = false;
  PageValues dictionary_;
  std::vector<uint32_t> codes_;
  std::vector<int64_t> lengths_, prefixes_;
};

}  // namespace parquedb
