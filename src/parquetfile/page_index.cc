#include "parquetfile/page_index.h"

#include "core/limits.h"
#include "parquetfile/thrift.h"

namespace parquedb {
namespace {

using Type = ThriftReader::Type;

constexpr int64_t kMaxIndexBytes = 64 * kMiB;

Status Contradiction() { return Corruption("its page index contradicts itself"); }

Result<std::unique_ptr<char[]>> ReadPart(const ReadableFile& file, const FilePart& part) {
  if (part.bytes > kMaxIndexBytes) return Contradiction();
  const auto size = static_cast<size_t>(part.bytes);
  auto bytes = std::make_unique_for_overwrite<char[]>(size);
  RETURN_IF_ERROR(file.ReadAt(static_cast<uint64_t>(part.offset), {bytes.get(), size}));
  return bytes;
}

PagePlace ReadPlace(ThriftReader& in, Type kind) {
  PagePlace place;
  in.Struct(kind, [&](int64_t id, Type inner) {
    if (id == 1) {
      place.offset = in.Int(inner);
    } else if (id == 2) {
      place.bytes = in.Int32(inner);
    } else if (id == 3) {
      place.first_row = in.Int(inner);
    } else {
      in.Skip(inner);
    }
  });
  return place;
}

Status ReadOffsets(std::string_view bytes, PageIndex* index) {
  ThriftReader in(bytes);
  in.Struct([&](int64_t id, Type kind) {
    if (id == 1) {
      in.List(kind, [&](Type element) { index->places.push_back(ReadPlace(in, element)); });
    } else {
      in.Skip(kind);
    }
  });
  return in.ok() ? Status::Ok() : Contradiction();
}

Status ReadBounds(std::string_view bytes, PageIndex* index) {
  ThriftReader in(bytes);
  std::vector<bool> all_null;
  std::vector<std::string_view> min, max;
  in.Struct([&](int64_t id, Type kind) {
    switch (id) {
      case 1:
        return in.List(kind, [&](Type) { all_null.push_back(in.ListedBool()); });
      case 2:
        return in.List(kind, [&](Type element) { min.push_back(in.Binary(element)); });
      case 3:
        return in.List(kind, [&](Type element) { max.push_back(in.Binary(element)); });
      case 5:
        return in.List(kind, [&](Type element) { index->null_counts.push_back(in.Int(element)); });
      default:
        in.Skip(kind);
    }
  });
  const size_t pages = index->places.size();
  if (!in.ok() || all_null.size() != pages || min.size() != pages || max.size() != pages) return Contradiction();
  if (!index->null_counts.empty() && index->null_counts.size() != pages) return Contradiction();
  index->bounds.reserve(pages);
  for (size_t i = 0; i < pages; ++i) index->bounds.push_back({all_null[i], min[i], max[i]});
  return Status::Ok();
}

}  // namespace

Status CheckPlaces(const std::vector<PagePlace>& places, int64_t rows, uint64_t file_bytes) {
  if (places.empty()) return Corruption("the offset index of a column is empty");
  const auto size = static_cast<int64_t>(file_bytes);
  for (size_t page = 0; page < places.size(); ++page) {
    const PagePlace& place = places[page];
    bool follows = page == 0 ? place.first_row == 0 : place.first_row > places[page - 1].first_row;
    if (!follows || place.first_row >= rows) return Corruption("the offset index of a column does not hold its rows");
    if (place.offset < 0 || place.bytes <= 0 || place.offset > size || place.bytes > size - place.offset)
      return Corruption("a page lies outside the file");
  }
  return Status::Ok();
}

Result<PageIndex> ReadPageIndex(const ReadableFile& file, const FooterChunk& chunk, int64_t rows) {
  PageIndex index;
  if (chunk.offset_index.bytes == 0) return index;
  ASSIGN_OR_RETURN(auto offsets, ReadPart(file, chunk.offset_index));
  RETURN_IF_ERROR(ReadOffsets({offsets.get(), static_cast<size_t>(chunk.offset_index.bytes)}, &index));
  RETURN_IF_ERROR(CheckPlaces(index.places, rows, file.size()));
  if (chunk.column_index.bytes == 0) return index;
  ASSIGN_OR_RETURN(index.bytes, ReadPart(file, chunk.column_index));
  RETURN_IF_ERROR(ReadBounds({index.bytes.get(), static_cast<size_t>(chunk.column_index.bytes)}, &index));
  return index;
}

}  // namespace parquedb
