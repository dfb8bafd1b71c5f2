#include "storage/compression.h"

#include <gtest/gtest.h>

#include <random>

#include "core/limits.h"
#include "storage/memory_backend.h"
#include "storage/spooled_file.h"
#include "storage/text_input.h"

namespace parquedb {
namespace {

Result<std::string> Plain(Compression kind, const std::string& stream, size_t step = 1 << 20, size_t read = 65'536) {
  auto input = Decompress(kind, std::make_unique<TextInput>(stream, step));
  std::string text;
  while (true) {
    ASSIGN_OR_RETURN(size_t got, input->Read(read, &text));
    if (got == 0) return text;
  }
}

std::string Compressed(Compression kind, std::string_view text, size_t step = 1 << 20) {
  MemoryBackend storage(std::make_shared<MemoryDisk>());
  auto pending = storage.CreatePending("f");
  EXPECT_TRUE(pending.ok());
  auto file = CompressingFile::Open(kind, std::move(*pending));
  for (size_t at = 0; at < text.size(); at += step) EXPECT_TRUE(file->Append(text.substr(at, step)).ok());
  EXPECT_EQ(file->size(), text.size());
  auto done = file->Finish();
  EXPECT_TRUE(done.ok());
  std::vector<std::unique_ptr<PendingFile>> files;
  files.push_back(std::move(*done));
  EXPECT_TRUE(storage.Publish(std::move(files)).ok());
  return *ReadWhole(storage, "f", 64 * kMiB);
}

std::string RandomText(size_t bytes) {
  std::mt19937 random(7);
  std::string text;
  for (size_t i = 0; i < bytes; ++i) text.push_back("abcdefgh\n\0xyz"[random() % 13]);
  return text;
}

// What gzip -n and zstd make of "hello\n".
const std::string kGzipHello("\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x48\xcd\xc9\xc9\xe7\x02\0\x20\x30\x3a\x36\x06\0\0\0",
                             26);
const std::string kZstdHello("\x28\xb5\x2f\xfd\x04\x58\x31\0\0hello\n\x53\x88\xbd\x91", 19);

class CompressionTest : public testing::TestWithParam<Compression> {
 protected:
  const std::string& Hello() const { return GetParam() == Compression::kGzip ? kGzipHello : kZstdHello; }
};
INSTANTIATE_TEST_SUITE_P(Kinds, CompressionTest, testing::Values(Compression::kGzip, Compression::kZstd));

TEST_P(CompressionTest, PartsBehindEachOtherAreReadToTheEnd) {
  EXPECT_EQ(*Plain(GetParam(), Hello()), "hello\n");
  for (size_t step : {1, 3, 100})
    EXPECT_EQ(*Plain(GetParam(), Hello() + Hello() + Hello(), step), "hello\nhello\nhello\n");
}

TEST_P(CompressionTest, WhatWasWrittenIsReadInPiecesOfAnySize) {
  for (size_t size : {0, 1, 1000, 3'000'000}) {
    std::string text = RandomText(size);
    std::string stream = Compressed(GetParam(), text, 777);
    EXPECT_LT(stream.size(), text.size() + 100);
    EXPECT_EQ(*Plain(GetParam(), stream), text);
    EXPECT_EQ(*Plain(GetParam(), stream, 5'001, 1 + size / 100), text);
  }
}

TEST_P(CompressionTest, AStreamThatIsCutAnywhereIsInvalid) {
  std::string stream = Hello() + Hello();
  for (size_t size = 0; size < stream.size(); ++size) {
    if (size == Hello().size()) continue;
    auto got = Plain(GetParam(), stream.substr(0, size));
    ASSERT_EQ(got.status().code(), StatusCode::kInvalidData) << size;
    EXPECT_NE(got.status().message().find(size == 0 ? "no byte" : "cut"), std::string::npos) << got.status().message();
  }
}

TEST_P(CompressionTest, AFlippedBitNeverChangesTheText) {
  std::string text = RandomText(5000), stream = Compressed(GetParam(), text);
  std::mt19937 random(11);
  for (int i = 0; i < 2000; ++i) {
    std::string bad = stream;
    bad[random() % bad.size()] ^= static_cast<char>(1 << random() % 8);
    auto got = Plain(GetParam(), bad);
    if (got.ok())
      EXPECT_EQ(*got, text);  // a bit of the header that nothing depends on
    else
      EXPECT_EQ(got.status().code(), StatusCode::kInvalidData) << got.status().message();
  }
}

TEST_P(CompressionTest, OtherBytesBehindAPartAreInvalid) {
  auto got = Plain(GetParam(), Hello() + "something else");
  ASSERT_EQ(got.status().code(), StatusCode::kInvalidData);
  EXPECT_NE(got.status().message().find("damaged near byte"), std::string::npos) << got.status().message();
  EXPECT_EQ(Plain(GetParam(), "{\"a\":1}\n").status().code(), StatusCode::kInvalidData);
}

TEST(GzipTest, PaddingOfZerosIsTaken) {
  EXPECT_EQ(*Plain(Compression::kGzip, kGzipHello + std::string(700, '\0'), 100), "hello\n");
  EXPECT_FALSE(Plain(Compression::kGzip, kGzipHello + std::string(3, '\0') + kGzipHello).ok());
}

TEST(CompressionNameTest, TheLastExtensionCounts) {
  EXPECT_EQ(CompressionOf("a.ndjson.gz"), Compression::kGzip);
  EXPECT_EQ(CompressionOf("a.csv.zst"), Compression::kZstd);
  EXPECT_EQ(CompressionOf("a.gz.csv"), Compression::kNone);
  EXPECT_EQ(WithoutCompression("a.b.gz"), "a.b");
  EXPECT_EQ(WithoutCompression("a.b"), "a.b");
}

TEST(SpooledFileTest, AStreamCanBeReadAnywhereAndNotBehindItsEnd) {
  TextInput input("0123456789", 3);
  auto file = SpoolToFile(input);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ((*file)->size(), 10u);
  std::string piece(4, ' ');
  ASSERT_TRUE((*file)->ReadAt(5, piece).ok());
  EXPECT_EQ(piece, "5678");
  EXPECT_EQ((*file)->ReadAt(7, piece).code(), StatusCode::kCorruption);
}

}  // namespace
}  // namespace parquedb
