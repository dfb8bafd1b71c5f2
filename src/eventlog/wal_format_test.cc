// A WAL file, byte by byte: docs/format/wal.md.
#include "eventlog/wal_format.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/limits.h"
#include "core/ulid.h"

namespace parquedb {
namespace {

constexpr char kWalDatabase[] = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
constexpr char kWalLine[] = "01BX5ZZKBKACTAV9WEVGEMMVS0";
constexpr int64_t kFrameTs = 1679252441344;

// Made by a second program from the page's text alone: first lsn 7.
constexpr unsigned char kHeaderBytes[] = {
    0x50, 0x51, 0x57, 0x41, 0x4c, 0x00, 0x01, 0x00, 0x07, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x30, 0x31,
    0x41, 0x52, 0x5a, 0x33, 0x4e, 0x44, 0x45, 0x4b, 0x54, 0x53, 0x56, 0x34, 0x52, 0x52, 0x46, 0x46, 0x51, 0x36,
    0x39, 0x47, 0x35, 0x46, 0x41, 0x56, 0x30, 0x31, 0x42, 0x58, 0x35, 0x5a, 0x5a, 0x4b, 0x42, 0x4b, 0x41, 0x43,
    0x54, 0x41, 0x56, 0x39, 0x57, 0x45, 0x56, 0x47, 0x45, 0x4d, 0x4d, 0x56, 0x53, 0x30, 0x36, 0x03, 0x05, 0xb3,
};
// lsn 7, synced 6: CREATE d:a {"n":1} by al.
constexpr unsigned char kCreateBytes[] = {
    0x39, 0x00, 0x00, 0x00, 0x91, 0xee, 0x7b, 0x7f, 0x07, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x06,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x86, 0xfb, 0x3e, 0xc9, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0a, 0x00, 0xc9, 0x3e, 0xfb, 0x86, 0x01, 0x00, 0x00, 0x00, 0x04,
    0x00, 0x00, 0x00, 0x64, 0x3a, 0x61, 0x00, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x7b, 0x22, 0x6e,
    0x22, 0x3a, 0x31, 0x7d, 0x03, 0x00, 0x00, 0x00, 0x61, 0x6c, 0x00, 0x00, 0x00, 0x00,
};
// lsn 8, synced 6, its batch goes on: DELETE d:a, before {"n":1}, metadata {}.
constexpr unsigned char kDeleteBytes[] = {
    0x39, 0x00, 0x00, 0x00, 0xfb, 0x7f, 0x52, 0xbc, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x06,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x01, 0x86, 0xfb, 0x3e, 0xc9, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0b, 0x00, 0xc9, 0x3e, 0xfb, 0x86, 0x01, 0x00, 0x00, 0x02, 0x04,
    0x00, 0x00, 0x00, 0x64, 0x3a, 0x61, 0x08, 0x00, 0x00, 0x00, 0x7b, 0x22, 0x6e, 0x22, 0x3a, 0x31, 0x7d,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x7b, 0x7d,
};

template <size_t n>
std::string BytesText(const unsigned char (&bytes)[n]) {
  return std::string(reinterpret_cast<const char*>(bytes), n);
}

Event CreateEvent() {
  return {.lsn = 7,
          .id = "01GVXKXJ80000000000000000A",
          .ts_ms = kFrameTs,
          .op = Op::kCreate,
          .target = "d:a",
          .before = {},
          .after = R"({"n":1})",
          .actor = "al",
          .metadata = {}};
}
Event DeleteEvent() {
  return {.lsn = 8,
          .id = "01GVXKXJ80000000000000000B",
          .ts_ms = kFrameTs,
          .op = Op::kDelete,
          .target = "d:a",
          .before = R"({"n":1})",
          .after = {},
          .actor = {},
          .metadata = "{}"};
}

bool SameFrame(const Event& a, const Event& b) {
  return a.lsn == b.lsn && a.id == b.id && a.ts_ms == b.ts_ms && a.op == b.op && a.target == b.target &&
         a.before == b.before && a.after == b.after && a.actor == b.actor && a.metadata == b.metadata;
}

Event FrameEvent(int64_t lsn) {
  return {.lsn = lsn,
          .id = Ulid::Min(kFrameTs + lsn).ToString(),
          .ts_ms = kFrameTs + lsn,
          .op = Op::kUpdate,
          .target = "docs:d" + std::to_string(lsn),
          .before = "{\"n\":0}",
          .after = "{\"n\":" + std::to_string(lsn) + "}",
          .actor = std::nullopt,
          .metadata = std::nullopt};
}

// `count` single events from lsn 1, each frame written when the one before was durable; `ends`: where each ends.
std::string SampleWal(int count, std::vector<size_t>* ends) {
  std::string wal = EncodeWalHeader({1, kWalDatabase, kWalLine});
  for (int64_t lsn = 1; lsn <= count; ++lsn) {
    EXPECT_TRUE(AppendFrame(&wal, FrameEvent(lsn), lsn - 1, false).ok());
    ends->push_back(wal.size());
  }
  return wal;
}

size_t FramesWithin(const std::vector<size_t>& ends, size_t length) {
  return static_cast<size_t>(std::count_if(ends.begin(), ends.end(), [&](size_t end) { return end <= length; }));
}

TEST(WalFormatTest, HeaderAndFramesAreTheseBytes) {
  EXPECT_EQ(EncodeWalHeader({7, kWalDatabase, kWalLine}), BytesText(kHeaderBytes));
  std::string create, remove;
  ASSERT_TRUE(AppendFrame(&create, CreateEvent(), 6, false).ok());
  EXPECT_EQ(create, BytesText(kCreateBytes));
  ASSERT_TRUE(AppendFrame(&remove, DeleteEvent(), 6, true).ok());
  EXPECT_EQ(remove, BytesText(kDeleteBytes));
}

TEST(WalFormatTest, TheseBytesAreReadAsTheseEvents) {
  auto read = DecodeWal(BytesText(kHeaderBytes) + BytesText(kCreateBytes), "w");
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->header.first_lsn, 7);
  EXPECT_EQ(read->header.database_id, kWalDatabase);
  EXPECT_EQ(read->header.line, kWalLine);
  ASSERT_EQ(read->events.size(), 1u);
  EXPECT_TRUE(SameFrame(read->events[0], CreateEvent()));
  EXPECT_EQ(read->valid_bytes, 72u + 82u);
  EXPECT_FALSE(read->torn);
}

TEST(WalFormatTest, ABatchWithoutItsLastFrameDoesNotExist) {
  std::string wal = BytesText(kHeaderBytes) + BytesText(kCreateBytes) + BytesText(kDeleteBytes);
  auto open = DecodeWal(wal, "w");
  ASSERT_TRUE(open.ok());
  EXPECT_EQ(open->events.size(), 1u);
  EXPECT_EQ(open->valid_bytes, 72u + 82u);
  EXPECT_TRUE(open->torn);
  ASSERT_TRUE(AppendFrame(&wal, FrameEvent(9), 6, false).ok());
  auto closed = DecodeWal(wal, "w");
  ASSERT_TRUE(closed.ok());
  ASSERT_EQ(closed->events.size(), 3u);
  EXPECT_TRUE(SameFrame(closed->events[1], DeleteEvent()));
  EXPECT_EQ(closed->valid_bytes, wal.size());
  EXPECT_FALSE(closed->torn);
}

TEST(WalFormatTest, AFileCutAtAnyLengthHoldsTheFramesThatAreWhole) {
  std::vector<size_t> ends;
  const std::string wal = SampleWal(5, &ends);
  for (size_t length = 0; length <= wal.size(); ++length) {
    auto read = DecodeWal(std::string_view(wal).substr(0, length), "w");
    if (length < kWalHeaderBytes) {
      ASSERT_EQ(read.status().code(), StatusCode::kCorruption) << length;
      continue;
    }
    ASSERT_TRUE(read.ok()) << length << ": " << read.status().message();
    size_t whole = FramesWithin(ends, length);
    ASSERT_EQ(read->events.size(), whole) << length;
    ASSERT_EQ(read->valid_bytes, whole == 0 ? kWalHeaderBytes : ends[whole - 1]) << length;
    for (size_t i = 0; i < whole; ++i) ASSERT_TRUE(SameFrame(read->events[i], FrameEvent(static_cast<int64_t>(i) + 1)));
  }
}

TEST(WalFormatTest, ReservedZerosEndTheFile) {
  std::vector<size_t> ends;
  const std::string wal = SampleWal(3, &ends);
  auto read = DecodeWal(wal + std::string(5000, '\0'), "w");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->events.size(), 3u);
  EXPECT_EQ(read->valid_bytes, wal.size());
  EXPECT_FALSE(read->torn);
}

// A frame whose successor was written after it had been acknowledged can't be mistaken for a torn tail.
TEST(WalFormatTest, AFlippedBitInAnAcknowledgedFrameIsCorruption) {
  std::vector<size_t> ends;
  const std::string wal = SampleWal(4, &ends);
  for (size_t at = kWalHeaderBytes; at < ends[2]; ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = wal;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      auto read = DecodeWal(damaged, "w");
      ASSERT_EQ(read.status().code(), StatusCode::kCorruption) << "byte " << at << " bit " << bit;
    }
  }
}

TEST(WalFormatTest, AFlippedBitInTheLastFrameIsATornTail) {
  std::vector<size_t> ends;
  const std::string wal = SampleWal(4, &ends);
  for (size_t at = ends[2]; at < wal.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = wal;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      auto read = DecodeWal(damaged, "w");
      ASSERT_TRUE(read.ok()) << "byte " << at << ": " << read.status().message();
      ASSERT_EQ(read->events.size(), 3u);
      ASSERT_TRUE(read->torn);
      ASSERT_EQ(read->valid_bytes, ends[2]);
    }
  }
}

TEST(WalFormatTest, AFlippedBitInTheHeaderIsNamed) {
  std::vector<size_t> ends;
  const std::string wal = SampleWal(1, &ends);
  for (size_t at = 0; at < kWalHeaderBytes; ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = wal;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      auto read = DecodeWal(damaged, "the file");
      bool version = at == 6 || at == 7;
      ASSERT_TRUE(read.status().code() == StatusCode::kCorruption ||
                  (version && read.status().code() == StatusCode::kUnsupported))
          << at;
      ASSERT_NE(read.status().message().find("the file"), std::string::npos);
    }
  }
}

// What was written together and never synced may be lost in any part: no frame behind it shows an acknowledgement.
TEST(WalFormatTest, ADamagedFrameOfTheLastGroupEndsTheLog) {
  std::string wal = EncodeWalHeader({1, kWalDatabase, kWalLine});
  ASSERT_TRUE(AppendFrame(&wal, FrameEvent(1), 0, false).ok());
  size_t first = wal.size();
  for (int64_t lsn = 2; lsn <= 4; ++lsn) ASSERT_TRUE(AppendFrame(&wal, FrameEvent(lsn), 1, false).ok());
  wal[first + 30] ^= 1;
  auto read = DecodeWal(wal, "w");
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->events.size(), 1u);
  EXPECT_TRUE(read->torn);
}

TEST(WalFormatTest, ANewerVersionIsUnsupportedAndBothVersionsAreNamed) {
  std::string wal = EncodeWalHeader({1, kWalDatabase, kWalLine});
  wal[6] = 2;
  auto read = DecodeWal(wal, "w");
  EXPECT_EQ(read.status().code(), StatusCode::kUnsupported);
  EXPECT_EQ(read.status().message(), "w has format version 2; this program reads 1");
}

TEST(WalFormatTest, AFrameThatRepeatsOrSkipsAnLsnEndsTheLog) {
  for (int64_t second : {1, 3}) {
    std::string wal = EncodeWalHeader({1, kWalDatabase, kWalLine});
    ASSERT_TRUE(AppendFrame(&wal, FrameEvent(1), 0, false).ok());
    size_t end = wal.size();
    ASSERT_TRUE(AppendFrame(&wal, FrameEvent(second), 0, false).ok());
    auto read = DecodeWal(wal, "w");
    ASSERT_TRUE(read.ok()) << read.status().message();
    EXPECT_EQ(read->events.size(), 1u);
    EXPECT_EQ(read->valid_bytes, end);
    EXPECT_TRUE(read->torn);
  }
}

TEST(WalFormatTest, AFrameAbove40MiBIsRefusedAndLeavesNothing) {
  std::string wal = "x";
  Event event = FrameEvent(1);
  event.after = std::string(kMaxFrameBytes, 'x');
  EXPECT_EQ(AppendFrame(&wal, event, 0, false).code(), StatusCode::kInvalidData);
  EXPECT_EQ(wal, "x");
  event.after->resize(kMaxFrameBytes - 100);
  EXPECT_TRUE(AppendFrame(&wal, event, 0, false).ok());
}

}  // namespace
}  // namespace parquedb
