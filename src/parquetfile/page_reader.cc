#include "parquetfile/page_reader.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "core/limits.h"
#include "parquetfile/thrift.h"
#include "parquetfile/zstd_contexts.h"

namespace parquedb {
namespace {

using Type = ThriftReader::Type;

constexpr int64_t kHeaderProbe = 256;  // a header has about 40; those with long bounds are read again
constexpr int64_t kMaxHeaderBytes = 16 * kMiB;
constexpr int64_t kMaxPageBytes = 64 * kMiB;  // the largest document, and what a page held before it came
constexpr int32_t kMaxPageRows = 1 << 20;
constexpr int32_t kDataPage = 0, kDictionaryPage = 2;

struct PageHeader {
  int32_t type = -1, raw_bytes = -1, stored_bytes = -1, values = -1, encoding = -1;
  std::optional<int32_t> checksum;
  int32_t level_encoding = static_cast<int32_t>(PageEncoding::kRle);
};

// Of a data page or a dictionary page: their first fields are the same.
void ReadKindHeader(ThriftReader& in, Type kind, bool has_levels, PageHeader* header) {
  in.Struct(kind, [&](int64_t id, Type inner) {
    if (id == 1) {
      header->values = in.Int32(inner);
    } else if (id == 2) {
      header->encoding = in.Int32(inner);
    } else if (id == 3 && has_levels) {
      header->level_encoding = in.Int32(inner);
    } else {
      in.Skip(inner);
    }
  });
}

void ReadHeader(ThriftReader& in, PageHeader* header) {
  in.Struct([&](int64_t id, Type kind) {
    switch (id) {
      case 1:
        header->type = in.Int32(kind);
        return;
      case 2:
        header->raw_bytes = in.Int32(kind);
        return;
      case 3:
        header->stored_bytes = in.Int32(kind);
        return;
      case 4:
        header->checksum = in.Int32(kind);
        return;
      case 5:
        return ReadKindHeader(in, kind, true, header);
      case 7:
        return ReadKindHeader(in, kind, false, header);
      default:
        in.Skip(kind);
    }
  });
}

Status CheckHeader(const PageHeader& header) {
  if (header.type != kDataPage && header.type != kDictionaryPage)
    return Corruption("a page is of a kind that is not written");
  if (header.raw_bytes < 0 || header.raw_bytes > kMaxPageBytes || header.stored_bytes < 0 || header.values < 0 ||
      (header.type == kDataPage && header.values > kMaxPageRows))
    return Corruption("a page has an impossible size");
  if (header.level_encoding != static_cast<int32_t>(PageEncoding::kRle))
    return Corruption("the levels of a page are in an encoding that is not written");
  if (!header.checksum) return Corruption("a page has no checksum");
  return Status::Ok();
}

}  // namespace

FilePartStream::FilePartStream(const ReadableFile& file, std::vector<FilePart> parts, int64_t piece_bytes)
    : file_(file), parts_(std::move(parts)), piece_bytes_(piece_bytes) {
  for (const FilePart& part : parts_) left_ += part.bytes;
}

Result<std::string_view> FilePartStream::Peek(int64_t bytes) {
  if (held() < bytes && left_ > 0) {
    const size_t kept = size_ - at_;
    const int64_t more = std::min(left_, std::max(bytes - held(), piece_bytes_));
    if (kept + static_cast<size_t>(more) > room_) {
      room_ = kept + static_cast<size_t>(more);
      auto larger = std::make_unique_for_overwrite<char[]>(room_);
      if (kept > 0) std::memcpy(larger.get(), piece_.get() + at_, kept);
      piece_ = std::move(larger);
    } else if (kept > 0) {
      std::memmove(piece_.get(), piece_.get() + at_, kept);
    }
    at_ = 0;
    size_ = kept;
    for (int64_t wanted = more; wanted > 0;) {
      FilePart& part = parts_[part_];
      const int64_t now = std::min(part.bytes, wanted);
      if (now > 0) {
        RETURN_IF_ERROR(
            file_.ReadAt(static_cast<uint64_t>(part.offset), {piece_.get() + size_, static_cast<size_t>(now)}));
      }
      size_ += static_cast<size_t>(now);
      wanted -= now;
      left_ -= now;
      part.offset += now;
      part.bytes -= now;
      if (part.bytes == 0) ++part_;
    }
  }
  return std::string_view(piece_.get() + at_, static_cast<size_t>(std::min(bytes, held())));
}

Result<bool> PageReader::Next(Page* page) {
  if (stream_.at_end()) return false;
  PageHeader header;
  size_t header_bytes = 0;
  for (int64_t probe = kHeaderProbe; header_bytes == 0; probe *= 16) {
    ASSIGN_OR_RETURN(std::string_view bytes, stream_.Peek(probe));
    ThriftReader in(bytes);
    header = PageHeader();
    ReadHeader(in, &header);
    if (in.ok()) header_bytes = in.position();
    const bool may_be_longer = in.ran_out() && static_cast<int64_t>(bytes.size()) == probe && probe < kMaxHeaderBytes;
    if (!in.ok() && !may_be_longer) return Corruption("the header of a page breaks off or contradicts itself");
  }
  RETURN_IF_ERROR(CheckHeader(header));
  stream_.Skip(static_cast<int64_t>(header_bytes));
  ASSIGN_OR_RETURN(std::string_view stored, stream_.Peek(header.stored_bytes));
  if (stored.size() != static_cast<size_t>(header.stored_bytes)) return Corruption("a page breaks off");
  const auto checksum = static_cast<uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(stored.data()), static_cast<uInt>(stored.size())));
  if (checksum != static_cast<uint32_t>(*header.checksum)) return Corruption("a page does not match its checksum");
  const auto raw_bytes = static_cast<size_t>(header.raw_bytes);
  page->memory.reset();
  if (memory_.use_count() != 1 || raw_bytes + kPagePadding > room_) {
    memory_.reset();
    room_ = raw_bytes + kPagePadding;
    memory_ = std::make_shared_for_overwrite<char[]>(room_);
  }
  RETURN_IF_ERROR(ZstdContexts::Shared().Decompress(stored, memory_.get(), raw_bytes));
  std::memset(memory_.get() + raw_bytes, 0, kPagePadding);
  stream_.Skip(header.stored_bytes);
  page->kind = header.type == kDataPage ? PageKind::kData : PageKind::kDictionary;
  page->encoding = static_cast<PageEncoding>(header.encoding);
  page->values = header.values;
  page->raw = {memory_.get(), raw_bytes};
  page->memory = memory_;
  return true;
}

}  // namespace parquedb
