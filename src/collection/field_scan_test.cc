// Fields of many texts, scanned with what was learnt from those before. PARQUEDB_TEST_SEED repeats a run.
#include "collection/field_scan.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <random>

#include "collection/data_file.h"

namespace parquedb {
namespace {

uint64_t Seed() {
  const char* given = std::getenv("PARQUEDB_TEST_SEED");
  uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::printf("PARQUEDB_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

std::string RandomText(std::mt19937_64& random) {
  // Names that begin alike, are escaped, or are a part of each other; now and then one that never comes again.
  static const std::vector<std::string> kNames = {"a",      "ab",   "abc", R"(a\"b)", R"(a\u0001)",
                                                  "$links", "name", "",    "n:"};
  static const std::vector<std::string> kValues = {"1",
                                                   "-7",
                                                   "2.5",
                                                   R"("text")",
                                                   R"("\"q\"")",
                                                   "true",
                                                   "false",
                                                   "null",
                                                   R"({"a":[1,"}"]})",
                                                   "[]",
                                                   "9223372036854775808"};
  std::string text = "{";
  for (size_t i = 0, fields = random() % 6; i < fields; ++i) {
    std::string name = random() % 8 == 0 ? "x" + std::to_string(random() % 100'000) : kNames[(i + random() % 3) % 9];
    text += (i == 0 ? "\"" : ",\"") + name + "\":" + kValues[random() % kValues.size()];
  }
  return text + "}";
}

TEST(ScannedFieldsTest, WhatIsRememberedOfEarlierTextsChangesNothing) {
  std::mt19937_64 random(Seed());
  ScannedFields reused;
  FieldCounter counter;
  FieldTable plain;
  std::map<uint32_t, std::string> names;
  for (int i = 0; i < 50'000; ++i) {
    std::string text = RandomText(random);
    ASSERT_TRUE(reused.Scan(text).ok()) << text;
    FieldScanner alone{text};
    for (const ScannedFields::Field& field : reused.fields()) {
      ASSERT_TRUE(*alone.Next()) << text;
      ASSERT_EQ(field.name, alone.name()) << text;
      ASSERT_EQ(field.text, alone.text()) << text;
      ASSERT_EQ(field.kind, alone.kind()) << text;
      if (field.name_number != 0) {
        auto known = names.emplace(field.name_number, std::string(field.name)).first;
        ASSERT_EQ(known->second, field.name) << text;
      }
    }
    ASSERT_FALSE(*alone.Next()) << text;
    counter.Add(reused);
    ASSERT_TRUE(CountFields(text, &plain).ok());
  }
  EXPECT_EQ(names.size(), 4096u);  // there were more names than are numbered
  EXPECT_EQ(counter.table(), plain);
}

TEST(ScannedFieldsTest, ATextThatEndsBehindANameIsDamaged) {
  ScannedFields fields;
  ASSERT_TRUE(fields.Scan(R"({"a":1,"b":2})").ok());
  for (std::string_view text : {R"({"a":)", R"({"a":1,"b":)", R"({"a":1,"b")", R"({"a":1,)", R"({"a":1)"}) {
    EXPECT_EQ(fields.Scan(text).code(), StatusCode::kCorruption) << text;
  }
}

TEST(ScannedFieldsTest, ACounterTakesTextsOfSeveralScanners) {
  FieldCounter counter;
  for (int i = 0; i < 3; ++i) {
    ScannedFields one, other;
    ASSERT_TRUE(one.Scan(R"({"a":1,"b":"x"})").ok());
    ASSERT_TRUE(other.Scan(R"({"b":"x","a":1})").ok());
    counter.Add(one);
    counter.Add(other);
  }
  EXPECT_EQ(counter.table().at("a").integers, 6);
  EXPECT_EQ(counter.table().at("b").strings, 6);
}

}  // namespace
}  // namespace parquedb
