#include "parquetfile/thrift.h"

#include <limits>

namespace parquedb {
namespace {

constexpr int kDeepest = 16;  // structs in structs that are skipped; Parquet's own go to six

}  // namespace

uint8_t ThriftReader::Byte() {
  if (failed_) return 0;
  if (at_ == bytes_.size()) {
    failed_ = ran_out_ = true;
    return 0;
  }
  return static_cast<uint8_t>(bytes_[at_++]);
}

uint64_t ThriftReader::Varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const uint8_t byte = Byte();
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return failed_ ? 0 : value;
  }
  Fail();
  return 0;
}

int64_t ThriftReader::Zigzag() {
  const uint64_t value = Varint();
  return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

bool ThriftReader::Bool(Type type) {
  if (type != kTrue && type != kFalse) Fail();
  return type == kTrue;
}

int64_t ThriftReader::Int(Type type) {
  if (type == kI16 || type == kI32 || type == kI64) return Zigzag();
  Fail();
  return 0;
}

int32_t ThriftReader::Int32(Type type) {
  const int64_t value = Int(type);
  if (value >= std::numeric_limits<int32_t>::min() && value <= std::numeric_limits<int32_t>::max())
    return static_cast<int32_t>(value);
  Fail();
  return 0;
}

std::string_view ThriftReader::Binary(Type type) {
  if (type != kBinary) Fail();
  const uint64_t size = Varint();
  if (failed_) return {};
  const size_t begin = at_;
  SkipBytes(size);
  return failed_ ? std::string_view() : bytes_.substr(begin, size);
}

bool ThriftReader::ListedBool() { return Byte() == kTrue; }

uint64_t ThriftReader::ListHead(Type type, Type* element) {
  if (type != kList && type != kSet) Fail();
  const uint8_t head = Byte();
  *element = static_cast<Type>(head & 15);
  const uint64_t size = head >> 4 == 15 ? Varint() : head >> 4;
  if (size > bytes_.size() - at_) failed_ = ran_out_ = true;
  return failed_ ? 0 : size;
}

void ThriftReader::SkipBytes(uint64_t count) {
  if (failed_) return;
  if (count > bytes_.size() - at_) {
    failed_ = ran_out_ = true;
    return;
  }
  at_ += count;
}

void ThriftReader::SkipValue(Type type, int depth) {
  if (depth > kDeepest) return Fail();
  switch (type) {
    case kTrue:
    case kFalse:
      return;
    case kByte:
      return SkipBytes(1);
    case kI16:
    case kI32:
    case kI64:
      Varint();
      return;
    case kDouble:
      return SkipBytes(8);
    case kBinary:
      return SkipBytes(Varint());
    case kList:
    case kSet:
      return List(type, [&](Type element) {
        // A truth value in a list is a byte; as a field it is in the type.
        element == kTrue || element == kFalse ? SkipBytes(1) : SkipValue(element, depth + 1);
      });
    case kStruct:
      return Struct([&](int64_t, Type field) { SkipValue(field, depth + 1); });
    case kStop:
    case kMap:  // Parquet has none
      break;
  }
  Fail();
}

}  // namespace parquedb
