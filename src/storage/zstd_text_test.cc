#include "storage/zstd_text.h"

#include <gtest/gtest.h>

namespace parquedb {
namespace {

TEST(ZstdTextTest, ATextComesBack) {
  for (size_t size : {0, 1, 1000, 3'000'000}) {
    std::string text;
    for (size_t i = 0; text.size() < size; ++i) text += std::to_string(i * 7919 % 1013);
    auto back = DecompressText(CompressText(text), text.size());
    ASSERT_TRUE(back.ok()) << back.status().message();
    EXPECT_EQ(*back, text);
  }
}

TEST(ZstdTextTest, DamageIsNoText) {
  const std::string frame =
      CompressText("some text that is long enough to be a little compressed compressed compressed");
  for (size_t i = 0; i < frame.size(); ++i) {
    std::string flipped = frame;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x10);
    auto read = DecompressText(flipped, 1 << 20);
    EXPECT_TRUE(!read.ok() || *read == *DecompressText(frame, 1 << 20)) << i;
    EXPECT_FALSE(DecompressText(frame.substr(0, i), 1 << 20).ok()) << i;
  }
  EXPECT_FALSE(DecompressText(frame + "x", 1 << 20).ok());
}

TEST(ZstdTextTest, AFrameOfMoreThanIsAllowedIsRefused) {
  EXPECT_FALSE(DecompressText(CompressText(std::string(50'000'000, 'x')), 1'000'000).ok());
}

}  // namespace
}  // namespace parquedb
