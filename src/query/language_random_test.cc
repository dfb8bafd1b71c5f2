// Random JSON, made of the language's own words, as filter and as update. PARQUEDB_TEST_SEED repeats a run.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "core/ulid.h"
#include "query/filter.h"
#include "query/update.h"

namespace parquedb {
namespace {

const char* const kWords[] = {
    "$eq",      "$ne",        "$gt",          "$lte",         "$in",    "$nin",    "$exists", "$type",  "$regex",
    "$options", "$mod",       "$all",         "$size",        "$not",   "$and",    "$or",     "$nor",   "$set",
    "$unset",   "$elemMatch", "$inc",         "$mul",         "$min",   "$max",    "$push",   "$each",  "$position",
    "$sort",    "$slice",     "$rename",      "$pull",        "$pop",   "$id",     "a",       "b",      "a.b",
    "a.0",      "b.1.a",      "$currentDate", "$setOnInsert", "a..b",   "",        "a.$[]",   "0",      "1",
    "$",        "a.2000000",  "$pullAll",     "$addToSet",    "(a|b)*", "b.a.a.a", "string",  "a(?=b)", "[",
    "date",     "ims",        "number",       "null",         "x",      "^a"};

class LanguageRandomTest : public testing::Test {
 protected:
  LanguageRandomTest() {
    const char* given = std::getenv("PARQUEDB_TEST_SEED");
    uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : SystemRandom().Next() % 1'000'000'000;
    std::printf("PARQUEDB_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
    random_.seed(seed);
  }

  size_t Below(size_t bound) { return random_() % bound; }
  const char* Word() { return kWords[Below(std::size(kWords))]; }

  Value Scalar() {
    const Value numbers[] = {0, 1, -1, 2, 0.5, 1e300, INT64_MIN, INT64_MAX, UINT64_MAX};
    size_t kind = Below(6);
    if (kind == 0) return nullptr;
    if (kind == 1) return Below(2) == 0;
    return kind < 4 ? numbers[Below(std::size(numbers))] : Value(Word());
  }

  Value Any(int depth) {
    size_t kind = depth == 0 ? 0 : Below(4);
    if (kind == 0) return Scalar();
    if (kind == 1) {
      Array array;
      for (size_t n = Below(4); n > 0; --n) array.push_back(Any(depth - 1));
      return array;
    }
    return Fields(depth);
  }

  Object Fields(int depth) {
    Object object;
    for (size_t n = 1 + Below(2); n > 0; --n) object[Word()] = Any(depth - 1);
    return object;
  }

  // Fields only: what a document may be.
  Object Document() {
    Object document;
    for (const char* name : {"a", "b"}) {
      if (Below(4) != 0) document[name] = Any(3);
    }
    return document;
  }

  std::mt19937_64 random_;
};

TEST_F(LanguageRandomTest, AnyJsonIsAFilterOrAWrongCall) {
  size_t good = 0;
  for (int i = 0; i < 50'000; ++i) {
    Value filter(Fields(4)), document(Document());
    auto compiled = Filter::Compile(filter, Filter::EntityFields());
    if (!compiled.ok()) {
      ASSERT_EQ(compiled.status().code(), StatusCode::kInvalidArgument) << WriteJson(filter);
      ASSERT_FALSE(compiled.status().message().empty()) << WriteJson(filter);
      continue;
    }
    ++good;
    Value negated = Object{{"$nor", Array{filter}}};
    auto contrary = Filter::Compile(negated, Filter::EntityFields());
    ASSERT_TRUE(contrary.ok()) << WriteJson(negated);
    ASSERT_NE(compiled->Matches(document), contrary->Matches(document)) << WriteJson(filter) << WriteJson(document);
  }
  EXPECT_GT(good, 1'000U);
}

TEST_F(LanguageRandomTest, AnyJsonIsAnUpdateOrWrongData) {
  size_t changed = 0;
  for (int i = 0; i < 50'000; ++i) {
    Object before = Document();
    Value update(Object{{Word(), Value(Fields(3))}});
    auto compiled = Update::Compile(update);
    auto after = compiled.ok() ? compiled->Apply(before, 0) : Result<Object>(compiled.status());
    if (!after.ok()) {
      ASSERT_EQ(after.status().code(), StatusCode::kInvalidData) << WriteJson(update);
      ASSERT_FALSE(after.status().message().empty()) << WriteJson(update);
      continue;
    }
    std::string text = WriteJson(*after);
    changed += text != WriteJson(before);
    auto again = ParseJson(text);
    ASSERT_TRUE(again.ok()) << WriteJson(update) << " " << text.substr(0, 1000);
    ASSERT_EQ(WriteJson(*again), text) << WriteJson(update);
  }
  EXPECT_GT(changed, 1'000U);
}

}  // namespace
}  // namespace parquedb
