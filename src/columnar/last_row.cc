#include "columnar/last_row.h"

#include <algorithm>
#include <limits>

#include "core/read_meter.h"
#include "parquetfile/page_reader.h"
#include "parquetfile/page_values.h"

namespace parquedb {
namespace {

constexpr uint32_t kNoCode = std::numeric_limits<uint32_t>::max();  // a dictionary has fewer values

class Search {
 public:
  Search(const TextColumnPages& column, std::string_view value)
      : column_(column), value_(value), decoder_(PhysicalType::kByteArray, false) {}

  Status ReadDictionary() {
    const FooterChunk& chunk = column_.chunk;
    if (!chunk.has_dictionary) return Status::Ok();
    RETURN_IF_ERROR(ReadPage({chunk.pages.offset, chunk.first_data_page - chunk.pages.offset}, PageKind::kDictionary));
    dictionary_ = page_;
    RETURN_IF_ERROR(decoder_.SetDictionary(dictionary_));
    const auto& texts = decoder_.dictionary().texts;
    const auto found = std::find(texts.begin(), texts.end(), value_);
    if (found != texts.end()) code_ = static_cast<uint32_t>(found - texts.begin());
    return Status::Ok();
  }

  // The last of the first `end` rows of a page with the value, or -1.
  Result<int64_t> LookAt(const PagePlace& place, int64_t rows, int64_t end) {
    RETURN_IF_ERROR(ReadPage({place.offset, place.bytes}, PageKind::kData));
    if (page_.values != rows) return Corruption("a page has other rows than the file says");
    if (column_.meter != nullptr) column_.meter->AddPages(1, 0);
    ASSIGN_OR_RETURN(bool coded, decoder_.DecodeCodes(page_, &codes_));
    if (coded) return code_ == kNoCode ? -1 : Last(codes_, code_, end);
    RETURN_IF_ERROR(decoder_.Decode(page_, &values_));
    return Last(values_.texts, value_, end);
  }

 private:
  template <typename T>
  static int64_t Last(const std::vector<T>& values, const T& value, int64_t end) {
    for (int64_t row = end - 1; row >= 0; --row) {
      if (values[static_cast<size_t>(row)] == value) return row;
    }
    return -1;
  }

  Status ReadPage(FilePart part, PageKind kind) {
    PageReader reader(column_.file, {part}, part.bytes);
    ASSIGN_OR_RETURN(bool found, reader.Next(&page_));
    return found && page_.kind == kind ? Status::Ok() : Corruption("a page is of another kind than the file says");
  }

  const TextColumnPages& column_;
  const std::string_view value_;
  PageDecoder decoder_;
  uint32_t code_ = kNoCode;
  Page page_, dictionary_;
  PageValues values_;
  std::vector<uint32_t> codes_;
};

}  // namespace

Result<int64_t> FindLastRowInPages(const TextColumnPages& column, std::string_view value, int64_t end) {
  Search search(column, value);
  RETURN_IF_ERROR(search.ReadDictionary());
  const auto& places = column.places;
  int64_t page_end = column.rows;
  for (size_t page = places.size(); page-- > 0;) {
    const int64_t begin = places[page].first_row;
    if (begin < end) {
      ASSIGN_OR_RETURN(int64_t row, search.LookAt(places[page], page_end - begin, std::min(end, page_end) - begin));
      if (row >= 0) return begin + row;
    }
    page_end = begin;
  }
  return -1;
}

}  // namespace parquedb
