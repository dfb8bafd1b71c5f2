#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <cstring>

#include "core/ulid.h"
#include "document/normalize.h"
#include "document/value.h"
#include "parquedb/document.h"

namespace parquedb {
namespace {

std::string Stored(std::string_view text) {
  auto value = ParseJson(text);
  return value.ok() ? WriteJson(*value) : "error: " + value.status().message();
}

TEST(JsonTest, WritesNumbersAsTheFormatSays) {
  const std::pair<const char*, const char*> cases[] = {{"10.5", "10.5"},
                                                       {"10.50", "10.5"},
                                                       {"1.0", "1.0"},
                                                       {"1e2", "100.0"},
                                                       {"-0", "-0.0"},
                                                       {"-0.0", "-0.0"},
                                                       {"0", "0"},
                                                       {"0.000001", "0.000001"},
                                                       {"0.0000001", "1e-7"},
                                                       {"1e21", "1e21"},
                                                       {"1e20", "100000000000000000000.0"},
                                                       {"1.5E+22", "1.5e22"},
                                                       {"123456789012345678", "123456789012345678"},
                                                       {"18446744073709551615", "18446744073709551615"},
                                                       {"-9223372036854775808", "-9223372036854775808"},
                                                       {"1e-400", "0.0"},
                                                       {"0.1", "0.1"},
                                                       {"5e-324", "5e-324"},
                                                       {"9007199254740993.0", "9007199254740992.0"},
                                                       {"0.30000000000000004", "0.30000000000000004"},
                                                       {"-1.25", "-1.25"}};
  for (auto [text, want] : cases) EXPECT_EQ(Stored(text), want) << text;
}

TEST(JsonTest, RefusesWhatTheFormatRefuses) {
  for (const char* text : {"",
                           "{",
                           "{\"a\":}",
                           "[1,]",
                           "01",
                           "1.",
                           ".5",
                           "+1",
                           "nul",
                           "18446744073709551616",
                           "-9223372036854775809",
                           "1e400",
                           "\"\\ud800\"",
                           "\"\\udc00\"",
                           "\"\\ud800\\u0041\"",
                           "\"\xff\"",
                           "\"\xc0\xaf\"",
                           "\"\xed\xa0\x80\"",
                           "{\"a\":1,\"a\":2}",
                           "{\"a\":1,\"\\u0061\":2}",
                           "\"a\nb\"",
                           "1 2",
                           "{a:1}",
                           "'a'",
                           "\"\\x\"",
                           "[1 2]",
                           "NaN",
                           "Infinity",
                           "\"abc"}) {
    auto value = ParseJson(text);
    EXPECT_FALSE(value.ok()) << text;
    EXPECT_EQ(value.status().code(), StatusCode::kInvalidData);
  }
}

TEST(JsonTest, FindsADuplicateAmongManyMembers) {
  std::string text = "{";
  for (int i = 0; i < 100; ++i) text += "\"k" + std::to_string(i) + "\":1,";
  EXPECT_TRUE(ParseJson(text + "\"x\":1}").ok());
  EXPECT_FALSE(ParseJson(text + "\"k37\":1}").ok());
}

TEST(JsonTest, KeepsOrderAndEscapesLittle) {
  EXPECT_EQ(Stored(" { \"b\" : [ 1 , {\"\":null} ] , \"a\" : \"\\u00e9\\/\\n\\u0001\\ud83d\\ude00\" } "),
            "{\"b\":[1,{\"\":null}],\"a\":\"é/\\n\\u0001😀\"}");
}

TEST(JsonTest, CountsTheDocumentAsLevelOne) {
  EXPECT_TRUE(ParseJson(std::string(100, '[') + std::string(100, ']')).ok());
  EXPECT_FALSE(ParseJson(std::string(101, '[') + std::string(101, ']')).ok());
  EXPECT_FALSE(ParseJson(std::string(1'000'000, '[')).ok());
}

TEST(JsonTest, CanonicalSortsMembersAtEveryLevel) {
  EXPECT_EQ(CanonicalJson(*ParseJson(R"({"b":{"z":1,"y":2},"a":[{"d":1,"c":2}]})")),
            R"({"a":[{"c":2,"d":1}],"b":{"y":2,"z":1}})");
}

TEST(JsonTest, RemovingAMemberKeepsTheOrderOfTheOthers) {
  Value value = *ParseJson(R"({"a":1,"b":2,"c":3,"d":4})");
  EXPECT_TRUE(RemoveMember(&value.as_object(), "b"));
  EXPECT_EQ(WriteJson(value), R"({"a":1,"c":3,"d":4})");
  EXPECT_FALSE(RemoveMember(&value.as_object(), "b"));
}

// Two million random numbers keep their value, and doubles are written in the fewest digits.
TEST(JsonTest, RandomNumbersComeBackExactly) {
  const uint64_t seed = testing::UnitTest::GetInstance()->random_seed();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  SeededRandom random(seed);
  for (int i = 0; i < 1'000'000; ++i) {
    uint64_t bits = random.Next();
    double number;
    std::memcpy(&number, &bits, 8);
    if (!std::isfinite(number)) continue;
    std::string text;
    AppendJsonDouble(&text, number);
    double back = ParseJson(text)->get_double();
    ASSERT_EQ(std::memcmp(&back, &number, 8), 0) << text;
    ASSERT_EQ(Stored(text), text);
    char shortest[64];
    auto end = std::to_chars(shortest, shortest + sizeof shortest, number).ptr;
    size_t want = static_cast<size_t>(
        std::count_if(shortest, std::find(shortest, end, 'e'), [](char c) { return c >= '1' && c <= '9'; }));
    size_t got = static_cast<size_t>(std::count_if(text.begin(), std::find(text.begin(), text.end(), 'e'),
                                                   [](char c) { return c >= '1' && c <= '9'; }));
    ASSERT_LE(got, want) << text << " " << std::string(shortest, end);
  }
  for (int i = 0; i < 500'000; ++i) {
    int64_t integer = static_cast<int64_t>(random.Next() >> (random.Next() % 64));
    ASSERT_EQ(ParseJson(std::to_string(integer))->get_int64(), integer);
    uint64_t large = random.Next() | (uint64_t{1} << 63);
    ASSERT_EQ(ParseJson(std::to_string(large))->get_uint64(), large);
  }
}

TEST(JsonTest, ShortDecimalsAreStoredAsTheyAreOnlyIfADoubleGivesThemBack) {
  SeededRandom random(3);
  for (int i = 0; i < 200'000; ++i) {
    std::string text = std::to_string(random.Next() % 100'000) + "." + std::to_string(random.Next() % 100'000'000);
    std::string want;
    AppendJsonDouble(&want, std::strtod(text.c_str(), nullptr));
    ASSERT_EQ(Stored(text), want) << text;
  }
}

TEST(RecordNormalizerTest, TakesARecordApart) {
  RecordNormalizer normalizer("k");
  NormalizedRecord record;
  ASSERT_TRUE(normalizer.Normalize(R"({"$id":"a/b", "x": [1 ,2], "$version":3, "k":"i\u0031", "":{}})", &record).ok());
  EXPECT_EQ(record.fields, R"("x":[1,2],"k":"i1","":{})");
  ASSERT_EQ(record.system.size(), 2u);
  EXPECT_EQ(record.system[0].name, "$id");
  EXPECT_EQ(record.system[0].text, "\"a/b\"");
  EXPECT_EQ(record.id_text, "\"i1\"");
  ASSERT_TRUE(normalizer.Normalize("{}", &record).ok());
  EXPECT_EQ(record.fields, "");
  EXPECT_FALSE(record.has_id_text);
  EXPECT_EQ(normalizer.Normalize("[1]", &record).code(), StatusCode::kInvalidData);
}

// Flipped bytes never crash the parser, and what it accepts it writes the same way again.
TEST(JsonTest, DamagedTextIsRefusedOrStable) {
  const std::string good =
      R"({"a":[1,2.5,-3e5,true,false,null],"b":{"c":"d\u00e9\n"},"e":"ü😀","f":12345678901234567890})";
  for (size_t i = 0; i < good.size(); ++i) {
    for (int byte = 0; byte < 256; byte += 3) {
      std::string text = good;
      text[i] = static_cast<char>(byte);
      auto value = ParseJson(text);
      if (value.ok()) {
        EXPECT_EQ(Stored(WriteJson(*value)), WriteJson(*value));
      }
    }
    (void)ParseJson(good.substr(0, i));
  }
}

TEST(DocumentTest, IsAnObject) {
  EXPECT_EQ(Document::Parse(R"({ "a" : 1 })")->json(), R"({"a":1})");
  EXPECT_FALSE(Document::Parse("[1]").ok());
}

}  // namespace
}  // namespace parquedb
