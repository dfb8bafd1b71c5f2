#include "parquetfile/bloom.h"

#include <algorithm>
#include <cstring>

#include "core/limits.h"
#include "parquetfile/thrift.h"

namespace parquedb {
namespace {

using Type = ThriftReader::Type;

constexpr uint64_t kBlockBytes = 32;
constexpr uint64_t kMaxFilterBytes = 128 * kMiB;  // as the format says
constexpr uint64_t kHeaderProbe = 64;             // a header has about 16
constexpr int kAskedSingly = 4;                   // then it is read whole
// One odd number for each of a block's eight words; the format's.
constexpr uint32_t kSalt[8] = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU, 0xa2b7289dU,
                               0x705495c7U, 0x2df1424bU, 0x9efc4947U, 0x5c6bfb31U};

bool BlockMayContain(const char* block, uint64_t hash) {
  const auto key = static_cast<uint32_t>(hash);
  for (int i = 0; i < 8; ++i) {
    uint32_t word;
    std::memcpy(&word, block + 4 * i, sizeof word);
    if ((word >> ((key * kSalt[i]) >> 27) & 1) == 0) return false;
  }
  return true;
}

// True if the union that begins here has its first and only kind: the block algorithm, XXH64, uncompressed.
bool IsFirstKind(ThriftReader& in, Type kind) {
  bool first = false;
  in.Struct(kind, [&](int64_t id, Type inner) {
    first = id == 1;
    in.Skip(inner);
  });
  return first;
}

}  // namespace

Result<std::unique_ptr<SplitBlockFilter>> SplitBlockFilter::Open(const ReadableFile& file, const FilePart& part) {
  const auto offset = static_cast<uint64_t>(part.offset);
  char head[kHeaderProbe];
  const size_t held = std::min(file.size() - offset, kHeaderProbe);
  RETURN_IF_ERROR(file.ReadAt(offset, {head, held}));
  ThriftReader in(std::string_view(head, held));
  int64_t bytes = 0;
  bool known = true;
  in.Struct([&](int64_t id, Type kind) {
    if (id == 1) {
      bytes = in.Int32(kind);
    } else if (id >= 2 && id <= 4) {
      known = IsFirstKind(in, kind) && known;
    } else {
      in.Skip(kind);
    }
  });
  const auto size = static_cast<uint64_t>(bytes);
  const uint64_t begin = offset + in.position();
  if (!in.ok() || bytes <= 0 || size % kBlockBytes != 0 || size > kMaxFilterBytes || size > file.size() - begin)
    return Corruption("a bloom filter contradicts itself");
  if (!known) return std::unique_ptr<SplitBlockFilter>();
  return std::unique_ptr<SplitBlockFilter>(new SplitBlockFilter(file, begin, size / kBlockBytes));
}

Result<bool> SplitBlockFilter::MayContain(uint64_t hash) const {
  const uint64_t at = (((hash >> 32) * blocks_) >> 32) * kBlockBytes;
  std::shared_ptr<const std::vector<char>> whole;
  bool singly;
  {
    std::lock_guard lock(mutex_);
    whole = whole_;
    singly = asked_ < kAskedSingly;
    asked_ += singly ? 1 : 0;
  }
  if (whole == nullptr && !singly) {
    auto read = std::make_shared<std::vector<char>>(blocks_ * kBlockBytes);
    RETURN_IF_ERROR(file_.ReadAt(offset_, *read));
    whole = read;
    std::lock_guard lock(mutex_);
    whole_ = std::move(read);
  }
  if (whole != nullptr) return BlockMayContain(whole->data() + at, hash);
  char block[kBlockBytes];
  RETURN_IF_ERROR(file_.ReadAt(offset_ + at, block));
  return BlockMayContain(block, hash);
}

}  // namespace parquedb
