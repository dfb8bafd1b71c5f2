#include <gtest/gtest.h>

#include <map>

#include "core/crc32c.h"
#include "core/external_sort.h"
#include "core/sha256.h"
#include "core/time_text.h"
#include "core/ulid.h"

namespace parquedb {
namespace {

TEST(Crc32cTest, HasTheValuesOfRfc3720) {
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62A8AB43u);
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(Crc32c("6789", Crc32c("12345")), 0xE3069283u);
}

TEST(Sha256Test, HasTheValuesOfFips180) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(StateDigestTest, DoesNotDependOnOrderAndForgetsWhatIsTakenOut) {
  StateDigest ab, ba;
  ab.Add("n:a", "{}");
  ab.Add("n:b", "{\"x\":1}");
  ba.Add("n:b", "{\"x\":1}");
  ba.Add("n:a", "{}");
  EXPECT_EQ(ab, ba);
  ab.Subtract("n:a", "{}");
  ab.Subtract("n:b", "{\"x\":1}");
  EXPECT_EQ(ab, StateDigest());
}

TEST(StateDigestTest, OfOneEntityIsItsHash) {
  StateDigest one;
  one.Add("n:a", "{}");
  EXPECT_EQ(one.Hex(), Sha256Hex(std::string_view("n:a\0{}", 6)));
  EXPECT_EQ(StateDigest::FromHex(one.Hex()), one);
  EXPECT_FALSE(StateDigest::FromHex("zz").has_value());
}

TEST(TimeTest, FormatsAndParsesTheSameInstant) {
  EXPECT_EQ(FormatTime(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(FormatTime(1769947200123), "2026-02-01T12:00:00.123Z");
  EXPECT_EQ(FormatTime(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(ParseRfc3339("2026-02-01T12:00:00.123Z"), 1769947200123);
  EXPECT_EQ(ParseRfc3339("2026-02-01T13:30:00.123456+01:30"), 1769947200123);
  EXPECT_EQ(ParseRfc3339("2026-02-01"), 1769904000000);
}

TEST(TimeTest, RefusesWhatIsNoTime) {
  for (const char* text : {"", "garbage", "2026-13-01", "2026-02-30", "2026-02-01T25:00:00Z", "2026-02-01T12:00:00",
                           "2026-02-01T12:00:00Zx", "2026-2-1", "-5", "5 parsecs ago", "1e9"}) {
    EXPECT_FALSE(ParseInstant(text, 1000).has_value()) << text;
  }
}

TEST(TimeTest, KnowsRelativeForms) {
  const int64_t now = *ParseRfc3339("2026-02-01T12:00:00Z");
  EXPECT_EQ(ParseInstant("5m ago", now), now - 300'000);
  EXPECT_EQ(ParseInstant("yesterday", now), *ParseRfc3339("2026-01-31"));
  EXPECT_EQ(ParseInstant("1769947200", now), 1769947200000);
  EXPECT_EQ(ParseInstant("1769947200123", now), 1769947200123);
  EXPECT_EQ(ParseDurationMs("10"), 10'000);
  EXPECT_EQ(ParseDurationMs("5m"), 300'000);
  EXPECT_FALSE(ParseDurationMs("ten").has_value());
}

TEST(UlidTest, TextAndBytesAreTheSame) {
  auto id = Ulid::Parse("01ARZ3NDEKTSV4RRFFQ69G5FAV");
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(id->ToString(), "01ARZ3NDEKTSV4RRFFQ69G5FAV");
  EXPECT_EQ(id->ts_ms(), 1469922850259);
  EXPECT_FALSE(Ulid::Parse("81ARZ3NDEKTSV4RRFFQ69G5FAV").has_value());
  EXPECT_FALSE(Ulid::Parse("01ARZ3NDEKTSV4RRFFQ69G5FAU ").has_value());
  EXPECT_FALSE(Ulid::Parse("01ARZ3NDEKTSV4RRFFQ69G5FIL").has_value());
}

TEST(EventIdSourceTest, AscendsWhenTheClockFallsOrStandsStill) {
  SeededRandom random(1);
  EventIdSource source(std::nullopt, true, random);
  EventIdSource::Stamp last = source.Next(1000);
  for (int64_t wanted : {1000, 1000, 5, 1001, 900}) {
    EventIdSource::Stamp next = source.Next(wanted);
    EXPECT_GT(next.id, last.id);
    EXPECT_GE(next.ts_ms, last.ts_ms);
    EXPECT_EQ(next.id.ts_ms(), next.ts_ms);
    last = next;
  }
}

TEST(EventIdSourceTest, OverflowTakesTheNextMillisecond) {
  SeededRandom random(1);
  EventIdSource source(Ulid::Max(1000), false, random);
  EXPECT_EQ(source.Next(1000).ts_ms, 1001);
}

TEST(EventIdSourceTest, TwoFreshLinesBehindOneEventDiffer) {
  SeededRandom one(1), two(2);
  Ulid last = NewUlid(SystemClock(), one);
  EXPECT_NE(EventIdSource(last, true, one).Next(0).id, EventIdSource(last, true, two).Next(0).id);
}

TEST(ExternalSorterTest, SortsInMemoryAndOnDiskAlike) {
  for (uint64_t budget : {uint64_t{1} << 30, uint64_t{2000}, uint64_t{0}}) {
    ExternalSorter sorter(budget);
    SeededRandom random(7);
    std::multimap<std::string, std::string> expected;
    for (int i = 0; i < 5000; ++i) {
      std::string key = std::to_string(random.Next() % 1000), payload = std::to_string(i);
      ASSERT_TRUE(sorter.Add(key, payload).ok());
      expected.emplace(key, payload);
    }
    ASSERT_TRUE(sorter.Finish().ok());
    std::string_view key, payload;
    for (const auto& [want_key, want_payload] : expected) {
      auto more = sorter.Next(&key, &payload);
      ASSERT_TRUE(more.ok() && *more);
      ASSERT_EQ(key, want_key);
      ASSERT_EQ(payload, want_payload);  // equal keys keep their order
    }
    EXPECT_FALSE(*sorter.Next(&key, &payload));
  }
}

}  // namespace
}  // namespace parquedb
