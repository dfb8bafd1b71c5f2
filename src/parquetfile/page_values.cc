#include "parquetfile/page_values.h"

#include <algorithm>
#include <cstring>

#include "core/limits.h"
#include "parquetfile/bit_streams.h"

namespace parquedb {
namespace {

constexpr uint64_t kMaxJoinedBytes = 64 * kMiB;  // of texts that share their beginnings, of one page

Status BreaksOff() { return Corruption("the values of a page break off"); }
Status NotWritten() { return Corruption("the values of a page are in an encoding that is not written"); }

// The levels of a nullable column: their length, then one a row.
Status TakeLevels(std::string_view* bytes, size_t rows, std::vector<uint8_t>* valid) {
  uint32_t length;
  if (bytes->size() < sizeof length) return BreaksOff();
  std::memcpy(&length, bytes->data(), sizeof length);
  bytes->remove_prefix(sizeof length);
  if (length > bytes->size()) return BreaksOff();
  RETURN_IF_ERROR(DecodeLevels(bytes->substr(0, length), rows, valid));
  bytes->remove_prefix(length);
  return Status::Ok();
}

template <typename T>
Status PlainNumbers(std::string_view bytes, size_t count, std::vector<T>* out) {
  if (bytes.size() / sizeof(T) < count) return BreaksOff();
  out->resize(count);
  if (count > 0) std::memcpy(out->data(), bytes.data(), count * sizeof(T));
  return Status::Ok();
}

Status PlainBits(std::string_view bytes, size_t count, std::vector<int64_t>* out) {
  if (bytes.size() < (count + 7) / 8) return BreaksOff();
  out->resize(count);
  for (size_t i = 0; i < count; ++i) (*out)[i] = static_cast<uint8_t>(bytes[i >> 3]) >> (i & 7) & 1;
  return Status::Ok();
}

Status PlainTexts(std::string_view bytes, size_t count, std::vector<std::string_view>* out) {
  if (bytes.size() / sizeof(uint32_t) < count) return BreaksOff();
  out->resize(count);
  for (std::string_view& text : *out) {
    uint32_t length;
    if (bytes.size() < sizeof length) return BreaksOff();
    std::memcpy(&length, bytes.data(), sizeof length);
    bytes.remove_prefix(sizeof length);
    if (length > bytes.size()) return BreaksOff();
    text = bytes.substr(0, length);
    bytes.remove_prefix(length);
  }
  return Status::Ok();
}

// Lengths, then the texts one behind the other.
Status TextsBehindLengths(std::string_view bytes, size_t count, std::vector<int64_t>* lengths,
                          std::vector<std::string_view>* out) {
  RETURN_IF_ERROR(DecodeDeltas(&bytes, count, lengths));
  out->resize(count);
  for (size_t i = 0; i < count; ++i) {
    const auto length = static_cast<uint64_t>((*lengths)[i]);
    if (length > bytes.size()) return BreaksOff();
    (*out)[i] = bytes.substr(0, length);
    bytes.remove_prefix(length);
  }
  return Status::Ok();
}

// How much of the text before each begins with, then the rest of each; the texts are joined in memory of their own.
Status TextsWithPrefixes(std::string_view bytes, size_t count, std::vector<int64_t>* prefixes,
                         std::vector<int64_t>* lengths, PageValues* values) {
  RETURN_IF_ERROR(DecodeDeltas(&bytes, count, prefixes));
  RETURN_IF_ERROR(TextsBehindLengths(bytes, count, lengths, &values->texts));
  uint64_t total = 0, before = 0;
  for (size_t i = 0; i < count; ++i) {
    const auto prefix = static_cast<uint64_t>((*prefixes)[i]);
    if (prefix > before) return BreaksOff();
    before = prefix + values->texts[i].size();
    total += before;
    if (total > kMaxJoinedBytes) return Corruption("the texts of a page are impossibly long");
  }
  auto memory = std::make_shared_for_overwrite<char[]>(total);
  char* at = memory.get();
  const char* last = at;
  for (size_t i = 0; i < count; ++i) {
    const auto prefix = static_cast<size_t>((*prefixes)[i]);
    const std::string_view rest = values->texts[i];
    if (prefix > 0) std::memcpy(at, last, prefix);
    if (!rest.empty()) std::memcpy(at + prefix, rest.data(), rest.size());
    values->texts[i] = {at, prefix + rest.size()};
    last = at;
    at += prefix + rest.size();
  }
  values->texts_lie_in = std::move(memory);
  return Status::Ok();
}

// Moves the values that are there to their rows, from the last on.
template <typename T>
void Spread(const std::vector<uint8_t>& valid, std::vector<T>* values) {
  size_t from = values->size();
  values->resize(valid.size());
  for (size_t row = valid.size(); row > from;) {
    --row;
    (*values)[row] = valid[row] != 0 ? (*values)[--from] : T();
  }
}

template <typename T>
Status PickCoded(const std::vector<uint32_t>& codes, const std::vector<T>& dictionary, std::vector<T>* out) {
  out->resize(codes.size());
  uint32_t most = 0;
  for (uint32_t code : codes) most = std::max(most, code);
  if (!codes.empty() && most >= dictionary.size())
    return Corruption("a page names a value that its dictionary has not");
  for (size_t i = 0; i < codes.size(); ++i) (*out)[i] = dictionary[codes[i]];
  return Status::Ok();
}

bool IsCoded(PageEncoding encoding) {
  return encoding == PageEncoding::kRleDictionary || encoding == PageEncoding::kPlainDictionary;
}

}  // namespace

Status PageDecoder::DecodeTexts(const Page& page, std::string_view bytes, size_t count, PageValues* values) {
  values->texts_lie_in = page.memory;
  switch (page.encoding) {
    case PageEncoding::kPlain:
      return PlainTexts(bytes, count, &values->texts);
    case PageEncoding::kDeltaLengthByteArray:
      return TextsBehindLengths(bytes, count, &lengths_, &values->texts);
    case PageEncoding::kDeltaByteArray:
      return TextsWithPrefixes(bytes, count, &prefixes_, &lengths_, values);
    case PageEncoding::kPlainDictionary:
    case PageEncoding::kRleDictionary:
    case PageEncoding::kRle:
    case PageEncoding::kDeltaBinaryPacked:
      break;
  }
  return NotWritten();
}

// The values that are there, without places for nulls.
Status PageDecoder::DecodeDense(const Page& page, std::string_view bytes, size_t count, PageValues* values) {
  switch (type_) {
    case PhysicalType::kInt64:
      if (page.encoding == PageEncoding::kDeltaBinaryPacked) return DecodeDeltas(&bytes, count, &values->ints);
      return page.encoding == PageEncoding::kPlain ? PlainNumbers(bytes, count, &values->ints) : NotWritten();
    case PhysicalType::kDouble:
      return page.encoding == PageEncoding::kPlain ? PlainNumbers(bytes, count, &values->doubles) : NotWritten();
    case PhysicalType::kBoolean:
      return page.encoding == PageEncoding::kPlain ? PlainBits(bytes, count, &values->ints) : NotWritten();
    case PhysicalType::kByteArray:
      return DecodeTexts(page, bytes, count, values);
  }
  return NotWritten();
}

Status PageDecoder::SetDictionary(const Page& page) {
  if (has_dictionary_) return Corruption("a column has two dictionaries");
  has_dictionary_ = true;
  if (page.encoding != PageEncoding::kPlain && page.encoding != PageEncoding::kPlainDictionary) return NotWritten();
  Page plain = page;
  plain.encoding = PageEncoding::kPlain;
  return DecodeDense(plain, page.raw, static_cast<size_t>(page.values), &dictionary_);
}

// A byte that says how wide they are, then the codes.
Status PageDecoder::TakeCodes(std::string_view bytes, size_t count, std::vector<uint32_t>* codes) const {
  if (!has_dictionary_) return Corruption("a page refers to a dictionary that is not there");
  const int width = bytes.empty() ? 33 : static_cast<uint8_t>(bytes.front());
  if (width > 32) return BreaksOff();
  return DecodeRuns(bytes.substr(1), width, count, codes);
}

Result<bool> PageDecoder::DecodeCodes(const Page& page, std::vector<uint32_t>* codes) {
  if (nullable_ || !IsCoded(page.encoding)) return false;
  RETURN_IF_ERROR(TakeCodes(page.raw, static_cast<size_t>(page.values), codes));
  const size_t values = std::max({dictionary_.texts.size(), dictionary_.ints.size(), dictionary_.doubles.size()});
  const auto most = std::max_element(codes->begin(), codes->end());
  if (most != codes->end() && *most >= values) return Corruption("a page names a value that its dictionary has not");
  return true;
}

Status PageDecoder::Decode(const Page& page, PageValues* values) {
  std::string_view bytes = page.raw;
  const auto rows = static_cast<size_t>(page.values);
  size_t count = rows;
  values->rows = page.values;
  values->valid.clear();
  if (nullable_) {
    RETURN_IF_ERROR(TakeLevels(&bytes, rows, &values->valid));
    count = 0;
    for (uint8_t valid : values->valid) count += valid;
  }
  if (count == 0) {
    values->ints.clear();
    values->doubles.clear();
    values->texts.clear();
  } else if (IsCoded(page.encoding)) {
    RETURN_IF_ERROR(TakeCodes(bytes, count, &codes_));
    values->texts_lie_in = dictionary_.texts_lie_in;
    if (type_ == PhysicalType::kByteArray) {
      RETURN_IF_ERROR(PickCoded(codes_, dictionary_.texts, &values->texts));
    } else if (type_ == PhysicalType::kDouble) {
      RETURN_IF_ERROR(PickCoded(codes_, dictionary_.doubles, &values->doubles));
    } else {
      RETURN_IF_ERROR(PickCoded(codes_, dictionary_.ints, &values->ints));
    }
  } else {
    RETURN_IF_ERROR(DecodeDense(page, bytes, count, values));
  }
  if (count == rows) return Status::Ok();
  if (type_ == PhysicalType::kByteArray) {
    Spread(values->valid, &values->texts);
  } else if (type_ == PhysicalType::kDouble) {
    Spread(values->valid, &values->doubles);
  } else {
    Spread(values->valid, &values->ints);
  }
  return Status::Ok();
}

}  // namespace parquedb
