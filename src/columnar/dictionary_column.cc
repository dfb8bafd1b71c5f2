#include "columnar/dictionary_column.h"

#include <parquet/column_page.h>
#include <parquet/encoding.h>
#include <parquet/schema.h>

#include <algorithm>

#include "columnar/arrow_io.h"

namespace parquedb {
namespace {

constexpr int32_t kLengthBytes = 4;  // in front of each value in plain encoding

using TextDecoder = parquet::TypedDecoder<parquet::ByteArrayType>;

class DictionaryPages {
 public:
  DictionaryPages(const parquet::ColumnDescriptor& column, int64_t rows, DictionaryColumn* out)
      : column_(column),
        rows_(rows),
        out_(out),
        plain_(parquet::MakeTypedDecoder<parquet::ByteArrayType>(parquet::Encoding::PLAIN, &column, ReadingPool())),
        indexed_(parquet::MakeDictDecoder<parquet::ByteArrayType>(&column, ReadingPool())) {}

  Status Run(parquet::PageReader& pages) {
    while (std::shared_ptr<parquet::Page> page = pages.NextPage()) {
      if (page->type() == parquet::PageType::DICTIONARY_PAGE) {
        RETURN_IF_ERROR(TakeDictionary(static_cast<const parquet::DictionaryPage&>(*page)));
      } else if (page->type() == parquet::PageType::DATA_PAGE) {
        RETURN_IF_ERROR(TakeRows(static_cast<const parquet::DataPageV1&>(*page)));
      } else {
        return Corruption("a page of column " + column_.name() + " is of a kind that is not written");
      }
    }
    if (static_cast<int64_t>(out_->indices.size()) != rows_) {
      return Corruption("column " + column_.name() + " has " + std::to_string(out_->indices.size()) + " rows, " +
                        std::to_string(rows_) + " were expected");
    }
    size_t begin = 0;
    out_->values.reserve(ends_.size());
    for (size_t end : ends_) {
      out_->values.push_back(std::string_view(*out_->texts).substr(begin, end - begin));
      begin = end;
    }
    return Status::Ok();
  }

 private:
  // Adds the values of a page in plain encoding.
  Status TakeValues(int count, const parquet::Page& page) {
    if (count < 0 || count > page.size() / kLengthBytes) return TooFew();
    plain_->SetData(count, page.data(), page.size());
    std::vector<parquet::ByteArray> values(static_cast<size_t>(count));
    if (plain_->Decode(values.data(), count) != count) return TooFew();
    for (const parquet::ByteArray& value : values) {
      out_->texts->append(reinterpret_cast<const char*>(value.ptr), value.len);
      ends_.push_back(out_->texts->size());
    }
    return Status::Ok();
  }

  Status TakeDictionary(const parquet::DictionaryPage& page) {
    if (has_dictionary_ || !out_->indices.empty()) return Corruption("a column has more than one dictionary");
    has_dictionary_ = true;
    RETURN_IF_ERROR(TakeValues(page.num_values(), page));
    in_dictionary_ = static_cast<int32_t>(ends_.size());
    plain_->SetData(page.num_values(), page.data(), page.size());
    indexed_->SetDict(plain_.get());
    return Status::Ok();
  }

  Status TakeRows(const parquet::DataPageV1& page) {
    const int count = page.num_values();
    std::vector<int32_t>& indices = out_->indices;
    const size_t first = indices.size();
    if (count < 0 || static_cast<int64_t>(first) + count > rows_) return TooFew();
    if (page.encoding() == parquet::Encoding::PLAIN) {
      for (int i = 0; i < count; ++i) indices.push_back(static_cast<int32_t>(ends_.size()) + i);
      return TakeValues(count, page);
    }
    if (!has_dictionary_ || (page.encoding() != parquet::Encoding::RLE_DICTIONARY &&
                             page.encoding() != parquet::Encoding::PLAIN_DICTIONARY)) {
      return Corruption("a page of column " + column_.name() + " is encoded in a way that is not written");
    }
    indices.resize(first + static_cast<size_t>(count));
    indexed_->SetData(count, page.data(), page.size());
    if (indexed_->DecodeIndices(count, indices.data() + first) != count) return TooFew();
    auto inside = [this](int32_t index) { return index >= 0 && index < in_dictionary_; };
    if (!std::all_of(indices.begin() + static_cast<std::ptrdiff_t>(first), indices.end(), inside))
      return Corruption("column " + column_.name() + " points outside its dictionary");
    return Status::Ok();
  }

  Status TooFew() const { return Corruption("the pages of column " + column_.name() + " don't hold its rows"); }

  const parquet::ColumnDescriptor& column_;
  const int64_t rows_;
  DictionaryColumn* out_;
  std::unique_ptr<TextDecoder> plain_;
  std::unique_ptr<parquet::DictDecoder<parquet::ByteArrayType>> indexed_;
  bool has_dictionary_ = false;
  int32_t in_dictionary_ = 0;
  std::vector<size_t> ends_;  // of the values in the texts
};

}  // namespace

Status ReadDictionaryPages(parquet::PageReader& pages, const parquet::ColumnDescriptor& column, int64_t rows,
                           DictionaryColumn* out) {
  out->values.clear();
  out->indices.clear();
  out->indices.reserve(static_cast<size_t>(rows));
  out->texts = std::make_shared<std::string>();
  return DictionaryPages(column, rows, out).Run(pages);
}

}  // namespace parquedb
