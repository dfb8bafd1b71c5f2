#include "parquetfile/bit_streams.h"

#include <algorithm>
#include <cstring>

namespace parquedb {
namespace {

Status BreaksOff() { return Corruption("the values of a page break off"); }

// Widths up to this are found in eight bytes wherever they begin.
constexpr int kWidestInOneWord = 57;

template <typename T>
void Unpack(const char* bytes, int width, size_t count, T* out) {
  if (width == 0) {
    std::fill_n(out, count, 0);
    return;
  }
  const uint64_t mask = width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
  uint64_t bit = 0;
  if (width <= kWidestInOneWord) {
    for (size_t i = 0; i < count; ++i, bit += static_cast<uint64_t>(width)) {
      uint64_t word;
      std::memcpy(&word, bytes + (bit >> 3), sizeof word);
      out[i] = static_cast<T>((word >> (bit & 7)) & mask);
    }
    return;
  }
  for (size_t i = 0; i < count; ++i, bit += static_cast<uint64_t>(width)) {
    uint64_t word;
    std::memcpy(&word, bytes + (bit >> 3), sizeof word);
    const uint64_t shift = bit & 7, next = static_cast<uint8_t>(bytes[(bit >> 3) + sizeof word]);
    word >>= shift;
    if (shift > 0) word |= next << (64 - shift);
    out[i] = static_cast<T>(word & mask);
  }
}

// At the end of the bytes, or past ten bytes, `ok` becomes false.
uint64_t TakeVarint(std::string_view* bytes, bool* ok) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !bytes->empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(bytes->front());
    bytes->remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  *ok = false;
  return 0;
}

uint64_t Unzigzag(uint64_t value) { return (value >> 1) ^ (~(value & 1) + 1); }

// Calls run(value, count) and group(bytes, count) until `count` values are there.
template <typename Run, typename Group>
Status VisitRuns(std::string_view bytes, int width, size_t count, Run run, Group group) {
  const size_t value_bytes = static_cast<size_t>(width + 7) / 8;
  while (count > 0) {
    bool ok = true;
    const uint64_t head = TakeVarint(&bytes, &ok);
    if (!ok || head >> 1 == 0) return BreaksOff();
    if ((head & 1) == 0) {
      if (bytes.size() < value_bytes) return BreaksOff();
      uint32_t value = 0;
      std::memcpy(&value, bytes.data(), value_bytes);
      bytes.remove_prefix(value_bytes);
      const size_t now = static_cast<size_t>(std::min<uint64_t>(head >> 1, count));
      run(value, now);
      count -= now;
      continue;
    }
    // Groups of eight; the last may have more places than there are values, or end with the bytes.
    const size_t now = static_cast<size_t>(std::min<uint64_t>(std::min<uint64_t>(head >> 1, count) * 8, count));
    const size_t needed = (now * static_cast<size_t>(width) + 7) / 8;
    if (bytes.size() < needed) return BreaksOff();
    group(bytes.data(), now);
    count -= now;
    const uint64_t all = std::min<uint64_t>(head >> 1, bytes.size()) * static_cast<uint64_t>(width);
    bytes.remove_prefix(static_cast<size_t>(std::min<uint64_t>(all, bytes.size())));
  }
  return Status::Ok();
}

struct DeltaHead {
  uint64_t block_values, blocks_parts, values;
  uint64_t first;
};

Result<DeltaHead> TakeDeltaHead(std::string_view* bytes) {
  constexpr uint64_t kMostBlockValues = 1 << 20;
  bool ok = true;
  DeltaHead head;
  head.block_values = TakeVarint(bytes, &ok);
  head.blocks_parts = TakeVarint(bytes, &ok);
  head.values = TakeVarint(bytes, &ok);
  head.first = Unzigzag(TakeVarint(bytes, &ok));
  if (!ok || head.block_values == 0 || head.block_values % 128 != 0 || head.block_values > kMostBlockValues ||
      head.blocks_parts == 0 || head.block_values % head.blocks_parts != 0 ||
      head.block_values / head.blocks_parts % 32 != 0)
    return Corruption("the deltas of a page have impossible blocks");
  return head;
}

// One block of deltas; `value` goes along. `left` values are still to come, of this block and later ones.
Status TakeBlock(const DeltaHead& head, std::string_view* bytes, uint64_t* value, size_t* left,
                 std::vector<uint64_t>* part, int64_t** out) {
  bool ok = true;
  const uint64_t least = Unzigzag(TakeVarint(bytes, &ok));
  if (!ok || bytes->size() < head.blocks_parts) return BreaksOff();
  const std::string_view widths = bytes->substr(0, head.blocks_parts);
  bytes->remove_prefix(head.blocks_parts);
  const size_t part_values = head.block_values / head.blocks_parts;
  for (size_t i = 0; i < head.blocks_parts && *left > 0; ++i) {
    const int width = static_cast<uint8_t>(widths[i]);
    if (width > 64) return Corruption("the deltas of a page have impossible widths");
    const size_t now = std::min(*left, part_values);
    const size_t whole = part_values * static_cast<size_t>(width) / 8;
    if (bytes->size() < whole) return BreaksOff();
    if (width == 0) {
      for (size_t at = 0; at < now; ++at) *(*out)++ = static_cast<int64_t>(*value += least);
    } else {
      part->resize(part_values);
      UnpackBits(bytes->data(), width, now, part->data());
      for (size_t at = 0; at < now; ++at) *(*out)++ = static_cast<int64_t>(*value += least + (*part)[at]);
    }
    bytes->remove_prefix(whole);
    *left -= now;
  }
  return Status::Ok();
}

}  // namespace

void UnpackBits(const char* bytes, int width, size_t count, uint64_t* out) { Unpack(bytes, width, count, out); }
void UnpackBits(const char* bytes, int width, size_t count, uint32_t* out) { Unpack(bytes, width, count, out); }

Status DecodeRuns(std::string_view bytes, int width, size_t count, std::vector<uint32_t>* out) {
  out->resize(count);
  uint32_t* at = out->data();
  return VisitRuns(
      bytes, width, count,
      [&](uint32_t value, size_t now) {
        std::fill_n(at, now, value);
        at += now;
      },
      [&](const char* group, size_t now) {
        UnpackBits(group, width, now, at);
        at += now;
      });
}

Status DecodeLevels(std::string_view bytes, size_t count, std::vector<uint8_t>* out) {
  out->resize(count);
  uint8_t* at = out->data();
  bool known = true;
  RETURN_IF_ERROR(VisitRuns(
      bytes, 1, count,
      [&](uint32_t value, size_t now) {
        known = known && value <= 1;
        std::fill_n(at, now, static_cast<uint8_t>(value));
        at += now;
      },
      [&](const char* group, size_t now) {
        for (size_t i = 0; i < now; ++i)
          *at++ = static_cast<uint8_t>(static_cast<uint8_t>(group[i >> 3]) >> (i & 7) & 1);
      }));
  return known ? Status::Ok() : Corruption("a page has impossible levels");
}

Status DecodeDeltas(std::string_view* bytes, size_t count, std::vector<int64_t>* out) {
  ASSIGN_OR_RETURN(DeltaHead head, TakeDeltaHead(bytes));
  if (head.values != count)
    return Corruption("a page has " + std::to_string(head.values) + " values where " + std::to_string(count) +
                      " belong");
  out->resize(count);
  if (count == 0) return Status::Ok();
  int64_t* at = out->data();
  uint64_t value = head.first;
  *at++ = static_cast<int64_t>(value);
  std::vector<uint64_t> part;
  for (size_t left = count - 1; left > 0;) RETURN_IF_ERROR(TakeBlock(head, bytes, &value, &left, &part, &at));
  return Status::Ok();
}

}  // namespace parquedb
