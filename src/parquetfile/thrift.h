// Thrift's compact protocol (github.com/apache/thrift, doc/specs/thrift-compact-protocol.md), in which a Parquet file
// describes itself, read from bytes that nobody vouches for.
#pragma once

#include <cstdint>
#include <string_view>

namespace parquedb {

// Reads values one behind the other. The first one that does not fit ends it: from then on ok() is false, numbers are
// 0, texts are empty and structs have no more fields, so that a caller looks once, at the end. Views lie in the bytes.
// One thread.
class ThriftReader {
 public:
  enum Type : uint8_t {
    kStop = 0,
    kTrue = 1,
    kFalse = 2,
    kByte = 3,
    kI16 = 4,
    kI32 = 5,
    kI64 = 6,
    kDouble = 7,
    kBinary = 8,
    kList = 9,
    kSet = 10,
    kMap = 11,
    kStruct = 12,
  };

  explicit ThriftReader(std::string_view bytes) : bytes_(bytes) {}
  bool ok() const { return !failed_; }
  // True if there were fewer bytes than a value says it has.
  bool ran_out() const { return ran_out_; }
  size_t position() const { return at_; }  // bytes that were read

  // Calls visit(field id, type) for every field of the struct that begins here. It must read the field's value.
  template <typename Visit>
  void Struct(Visit visit) {
    int64_t id = 0;
    while (true) {
      const uint8_t head = Byte();
      if (failed_ || (head & 15) == kStop) return;
      id = head >> 4 != 0 ? id + (head >> 4) : Zigzag();
      visit(id, static_cast<Type>(head & 15));
      if (failed_) return;
    }
  }
  // The same for a value that must be a struct.
  template <typename Visit>
  void Struct(Type type, Visit visit) {
    if (type != kStruct) return Fail();
    Struct(visit);
  }
  // Calls visit(type) for every element of the list that begins here, which must be one.
  template <typename Visit>
  void List(Type type, Visit visit) {
    Type element = kStop;
    for (uint64_t left = ListHead(type, &element); left > 0 && !failed_; --left) visit(element);
  }
  // How many elements the list that begins here has, and of what type; no more than there are bytes.
  uint64_t ListHead(Type type, Type* element);

  bool Bool(Type type);      // of a struct's field
  int64_t Int(Type type);    // kI16, kI32 and kI64
  int32_t Int32(Type type);  // the same; one that has no room in 32 bits does not fit
  std::string_view Binary(Type type);
  bool ListedBool();  // an element of a list of them
  void Skip(Type type) { SkipValue(type, 0); }

 private:
  uint8_t Byte();
  uint64_t Varint();
  int64_t Zigzag();
  void SkipBytes(uint64_t count);
  void SkipValue(Type type, int depth);
  void Fail() { failed_ = true; }

  std::string_view bytes_;
  size_t at_ = 0;
  bool failed_ = false, ran_out_ = false;
};

}  // namespace parquedb
