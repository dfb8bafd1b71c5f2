// The pieces a Parquet file is made of, against bytes written out from the specifications.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "parquetfile/bit_streams.h"
#include "parquetfile/footer.h"
#include "parquetfile/page_reader.h"
#include "parquetfile/page_values.h"
#include "parquetfile/thrift.h"
#include "parquetfile/xxh64.h"

namespace parquedb {
namespace {

// Bytes with the room behind them that decoders may read.
class Padded {
 public:
  Padded(std::initializer_list<int> bytes) : size_(bytes.size()) {
    for (int byte : bytes) bytes_.push_back(static_cast<char>(byte));
    bytes_.append(kPagePadding, '\0');
  }
  std::string_view view() const { return std::string_view(bytes_).substr(0, size_); }

 private:
  std::string bytes_;
  size_t size_;
};

Page PageOf(const Padded& bytes, PageEncoding encoding, int64_t values, PageKind kind = PageKind::kData) {
  return {.kind = kind, .encoding = encoding, .values = values, .raw = bytes.view(), .memory = nullptr};
}

TEST(Xxh64Test, GivesTheKnownHashes) {
  EXPECT_EQ(Xxh64(""), 0xEF46DB3751D8E999u);
  EXPECT_EQ(Xxh64("abc"), 0x44BC2CF5AD770999u);
  EXPECT_EQ(Xxh64("Nobody inspects the spammish repetition"), 0xFBCEA83C8A378BF1u);
}

TEST(BitStreamsTest, GroupsAndRunsComeApart) {
  std::vector<uint32_t> out;
  // The specification's example: 0 to 7 in three bits each, as one group of eight.
  Padded group{0x03, 0x88, 0xC6, 0xFA};
  ASSERT_TRUE(DecodeRuns(group.view(), 3, 8, &out).ok());
  EXPECT_EQ(out, (std::vector<uint32_t>{0, 1, 2, 3, 4, 5, 6, 7}));
  // 300 times 4 in a run of ten bits, then two of a group.
  Padded run{0xD8, 0x04, 0x04, 0x00, 0x03, 0x01, 0x08, 0, 0, 0, 0, 0, 0, 0, 0};
  ASSERT_TRUE(DecodeRuns(run.view(), 10, 302, &out).ok());
  EXPECT_EQ(out[0], 4u);
  EXPECT_EQ(out[299], 4u);
  EXPECT_EQ(out[300], 1u);
  EXPECT_EQ(out[301], 2u);
  std::vector<uint8_t> levels;
  Padded mixed{0x06, 0x01, 0x03, 0x05};  // three times 1, then 1 0 1 0 …
  ASSERT_TRUE(DecodeLevels(mixed.view(), 6, &levels).ok());
  EXPECT_EQ(levels, (std::vector<uint8_t>{1, 1, 1, 1, 0, 1}));
}

TEST(BitStreamsTest, StreamsThatBreakOffOrLieAreRefused) {
  std::vector<uint32_t> out;
  std::vector<uint8_t> levels;
  for (const Padded& wrong : {Padded{}, Padded{0x00}, Padded{0x03, 0x88}, Padded{0x10}, Padded{0x80},
                              Padded{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}) {
    EXPECT_EQ(DecodeRuns(wrong.view(), 3, 8, &out).code(), StatusCode::kCorruption);
  }
  Padded two{0x06, 0x02};
  EXPECT_EQ(DecodeLevels(two.view(), 3, &levels).code(), StatusCode::kCorruption);
}

TEST(BitStreamsTest, EveryWidthIsUnpacked) {
  for (int width = 1; width <= 64; ++width) {
    std::string bytes(64 * 8 + kPagePadding, '\0');
    std::vector<uint64_t> want, got(64);
    for (uint64_t i = 0; i < 64; ++i) {
      uint64_t value = (i * 0x9E3779B97F4A7C15u) >> (64 - width);
      want.push_back(value);
      for (int bit = 0; bit < width; ++bit) {
        const uint64_t at = i * static_cast<uint64_t>(width) + static_cast<uint64_t>(bit);
        if ((value >> bit & 1) != 0) bytes[at / 8] = static_cast<char>(bytes[at / 8] | 1 << (at % 8));
      }
    }
    UnpackBits(bytes.data(), width, 64, got.data());
    EXPECT_EQ(got, want) << width;
  }
}

TEST(BitStreamsTest, DeltasComeApart) {
  std::vector<int64_t> out;
  // The specification's examples: 1 to 5, whose deltas are all 1; and 7 5 3 1 2 3 4 5, least delta -2, in two bits
  // each.
  Padded even{0x80, 0x01, 0x04, 0x05, 0x02, 0x02, 0, 0, 0, 0, 'x'};
  std::string_view bytes = even.view();
  ASSERT_TRUE(DecodeDeltas(&bytes, 5, &out).ok());
  EXPECT_EQ(out, (std::vector<int64_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(bytes, "x");
  Padded mixed{0x80, 0x01, 0x04, 0x08, 0x0E, 0x03, 0x02, 0, 0, 0, 0xC0, 0x3F, 0, 0, 0, 0, 0, 0};
  bytes = mixed.view();
  ASSERT_TRUE(DecodeDeltas(&bytes, 8, &out).ok());
  EXPECT_EQ(out, (std::vector<int64_t>{7, 5, 3, 1, 2, 3, 4, 5}));
  EXPECT_TRUE(bytes.empty());
}

TEST(BitStreamsTest, DeltasThatBreakOffOrLieAreRefused) {
  std::vector<int64_t> out;
  for (const Padded& wrong : {Padded{}, Padded{0x80, 0x01, 0x04, 0x09, 0x02}, Padded{0x80, 0x01, 0x04, 0x05, 0x02},
                              Padded{0x80, 0x01, 0x04, 0x05, 0x02, 0x02, 0x41, 0, 0, 0},  // 65 bits
                              Padded{0x80, 0x01, 0x04, 0x05, 0x02, 0x02, 0x03, 0, 0, 0, 1},
                              Padded{0x81, 0x01, 0x04, 0x05, 0x02, 0x02, 0, 0, 0, 0},     // a block of 129
                              Padded{0x80, 0x01, 0x00, 0x05, 0x02, 0x02, 0, 0, 0, 0},     // of no parts
                              Padded{0x80, 0x01, 0x08, 0x05, 0x02, 0x02, 0, 0, 0, 0}}) {  // of parts of 16
    std::string_view bytes = wrong.view();
    EXPECT_EQ(DecodeDeltas(&bytes, 5, &out).code(), StatusCode::kCorruption);
  }
}

TEST(PageDecoderTest, TextsOfEachEncodingComeBackAtTheirRows) {
  PageValues values;
  const std::vector<std::string_view> want = {"ab", "", "abc"};
  PageDecoder required(PhysicalType::kByteArray, false);
  Padded plain{2, 0, 0, 0, 'a', 'b', 0, 0, 0, 0, 3, 0, 0, 0, 'a', 'b', 'c'};
  ASSERT_TRUE(required.Decode(PageOf(plain, PageEncoding::kPlain, 3), &values).ok());
  EXPECT_EQ(values.texts, want);
  // Lengths 2 0 3: deltas -2 and 3, least -2, three bits each: 0 5.
  Padded lengths{0x80, 0x01, 0x04, 3, 4, 3, 3, 0, 0, 0, 0x28, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'a', 'b', 'a', 'b', 'c'};
  ASSERT_TRUE(required.Decode(PageOf(lengths, PageEncoding::kDeltaLengthByteArray, 3), &values).ok());
  EXPECT_EQ(values.texts, want);
  // Two of a nullable column, a null between them: levels 1 0 1 in a group, behind their length.
  PageDecoder nullable(PhysicalType::kByteArray, true);
  Padded with_null{2, 0, 0, 0, 0x03, 0x05, 2, 0, 0, 0, 'a', 'b', 3, 0, 0, 0, 'a', 'b', 'c'};
  ASSERT_TRUE(nullable.Decode(PageOf(with_null, PageEncoding::kPlain, 3), &values).ok());
  EXPECT_EQ(values.texts, want);
  EXPECT_EQ(values.valid, (std::vector<uint8_t>{1, 0, 1}));
  // "axis", "axle", "babble", "babyhood": the specification's example.
  Padded shared{
      0x80, 0x01, 0x04, 4,   0,    0x03, 3,   0,   0,   0,   0x44, 0x01, 0,   0,   0,   0,   0,  0, 0, 0, 0, 0,  //
      0x80, 0x01, 0x04, 4,   0x08, 0x03, 3,   0,   0,   0,   0x70, 0x00, 0,   0,   0,   0,   0,  0, 0, 0, 0, 0,  //
      'a',  'x',  'i',  's', 'l',  'e',  'b', 'a', 'b', 'b', 'l',  'e',  'y', 'h', 'o', 'o', 'd'};
  Status read = required.Decode(PageOf(shared, PageEncoding::kDeltaByteArray, 4), &values);
  ASSERT_TRUE(read.ok()) << read.message();
  EXPECT_EQ(values.texts, (std::vector<std::string_view>{"axis", "axle", "babble", "babyhood"}));
}

TEST(PageDecoderTest, PagesThatAreNotUsedUpOrNameWhatIsNotThereAreRefused) {
  PageValues values;
  auto decode = [&](PhysicalType type, const Padded& bytes, PageEncoding encoding, int64_t count) {
    return PageDecoder(type, false).Decode(PageOf(bytes, encoding, count), &values).code();
  };
  Padded nine{1, 2, 3, 4, 5, 6, 7, 8, 9};
  EXPECT_EQ(decode(PhysicalType::kInt64, nine, PageEncoding::kPlain, 1), StatusCode::kCorruption);
  EXPECT_EQ(decode(PhysicalType::kInt64, nine, PageEncoding::kPlain, 2), StatusCode::kCorruption);
  EXPECT_EQ(decode(PhysicalType::kBoolean, nine, PageEncoding::kPlain, 8), StatusCode::kCorruption);
  EXPECT_EQ(decode(PhysicalType::kDouble, nine, PageEncoding::kDeltaBinaryPacked, 1), StatusCode::kCorruption);
  EXPECT_EQ(decode(PhysicalType::kByteArray, Padded{9, 0, 0, 0, 'a'}, PageEncoding::kPlain, 1),
            StatusCode::kCorruption);
  EXPECT_EQ(decode(PhysicalType::kByteArray, Padded{1, 2, 0}, PageEncoding::kRleDictionary, 1), StatusCode::kCorruption)
      << "without a dictionary";
  PageDecoder decoder(PhysicalType::kByteArray, false);
  Padded dictionary{1, 0, 0, 0, 'a'};
  Page page = PageOf(dictionary, PageEncoding::kPlain, 1, PageKind::kDictionary);
  ASSERT_TRUE(decoder.SetDictionary(page).ok());
  EXPECT_EQ(decoder.SetDictionary(page).code(), StatusCode::kCorruption);
  Padded second{1, 2, 1};  // one value of one bit: the dictionary's second
  EXPECT_EQ(decoder.Decode(PageOf(second, PageEncoding::kRleDictionary, 1), &values).code(), StatusCode::kCorruption);
}

TEST(ThriftReaderTest, WhatDoesNotFitEndsTheReading) {
  const std::string structs_in_structs(100, '\x1c');
  ThriftReader deep(structs_in_structs);
  deep.Skip(ThriftReader::kStruct);
  EXPECT_FALSE(deep.ok());
  ThriftReader longer(
      "\x18\x7f"
      "abc");  // a text of 127 bytes, three of which are there
  std::string_view text = "?";
  longer.Struct([&](int64_t, ThriftReader::Type type) { text = longer.Binary(type); });
  EXPECT_TRUE(!longer.ok() && longer.ran_out() && text.empty());
  ThriftReader list("\xfc\xff\xff\xff\xff\x0f");  // 4 billion structs
  int elements = 0;
  list.List(ThriftReader::kList, [&](ThriftReader::Type) { ++elements; });
  EXPECT_TRUE(!list.ok() && elements == 0);
  ThriftReader wide("\x16\x80\x80\x80\x80\x80\x01");  // a field that has no room in 32 bits
  wide.Struct([&](int64_t id, ThriftReader::Type type) { EXPECT_TRUE(id == 1 && wide.Int32(type) == 0); });
  EXPECT_FALSE(wide.ok());
}

class TextFile : public ReadableFile {
 public:
  explicit TextFile(std::string bytes) : bytes_(std::move(bytes)) {}
  uint64_t size() const override { return bytes_.size(); }
  std::string etag() const override { return ""; }
  Status ReadAt(uint64_t offset, std::span<char> out) const override {
    if (offset + out.size() > bytes_.size()) return Corruption("past the end");
    std::copy_n(bytes_.data() + offset, out.size(), out.data());
    return Status::Ok();
  }
  Status Sync() const override { return Status::Ok(); }

 private:
  std::string bytes_;
};

std::string ReadPageOf(std::string_view bytes) {
  TextFile file{std::string(bytes)};
  PageReader reader(file, {{0, static_cast<int64_t>(bytes.size())}}, 64);
  Page page;
  auto read = reader.Next(&page);
  return read.ok() ? "ok" : read.status().message();
}

// Headers: type, raw bytes, stored bytes, checksum, and of a data page its rows, encoding and levels.
TEST(PageReaderTest, AHeaderThatLiesIsRefusedBeforeAnythingIsAllocated) {
  using std::string_view_literals::operator""sv;
  EXPECT_EQ(
      ReadPageOf("\x15\x00\x15\xfe\xff\xff\xff\x0f\x15\x02\x15\x02\x1c\x15\x02\x15\x00\x15\x06\x15\x06\x00\x00z"sv),
      "a page has an impossible size");  // 2 GiB raw
  EXPECT_EQ(ReadPageOf("\x15\x00\x15\x02\x15\x01\x15\x02\x1c\x15\x02\x15\x00\x15\x06\x15\x06\x00\x00z"sv),
            "a page has an impossible size");  // -1 stored
  EXPECT_EQ(ReadPageOf("\x15\x00\x15\x02\x15\x02\x2c\x15\x02\x15\x00\x15\x06\x15\x06\x00\x00z"sv),
            "a page has no checksum");
  EXPECT_EQ(ReadPageOf("\x15\x06\x15\x02\x15\x02\x15\x02\x00z"sv), "a page is of a kind that is not written");  // v2
  EXPECT_EQ(ReadPageOf("\x15\x00\x15\x02\x15\x64\x15\x02\x1c\x15\x02\x15\x00\x15\x06\x15\x06\x00\x00z"sv),
            "a page breaks off");
  EXPECT_EQ(ReadPageOf("\x15\x00\x15\x02\x15\x02\x15\x02\x1c\x15\x02\x15\x00\x15\x06\x15\x06\x00\x00z"sv),
            "a page does not match its checksum");
  EXPECT_EQ(ReadPageOf("\x15"sv), "the header of a page breaks off or contradicts itself");
}

TEST(FooterTest, AFileThatIsTooShortOrEndsOtherwiseIsNamedSo) {
  using std::string_view_literals::operator""sv;
  auto message = [](std::string_view bytes) { return ReadFooter(TextFile(std::string(bytes))).status().message(); };
  EXPECT_EQ(message("PAR1"), "4 bytes are too few for a Parquet file");
  EXPECT_EQ(message("PAR1 and something else"),
            "it does not end like a Parquet file: it was cut, or it is another kind of file");
  EXPECT_EQ(message("PAR1\x09\x00\x00\x00PAR1"sv), "footer length 9 does not fit the file of 12 bytes");
  EXPECT_EQ(message("PAR1\x1c\x01\x00\x00\x00PAR1"sv),
            "can't be read as Parquet: its footer breaks off or contradicts itself at byte 1 of 1");
}

}  // namespace
}  // namespace parquedb
