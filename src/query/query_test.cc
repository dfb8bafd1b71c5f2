#include <gtest/gtest.h>

#include <random>

#include "query/filter.h"
#include "query/projection.h"
#include "query/update.h"

namespace parquedb {
namespace {

bool MatchesText(const char* document, const char* filter) {
  auto compiled = Filter::Compile(*ParseJson(filter), Filter::EntityFields());
  EXPECT_TRUE(compiled.ok()) << filter << ": " << compiled.status().message();
  return compiled.ok() && compiled->Matches(*ParseJson(document));
}

struct FilterCase {
  const char* document;
  const char* filter;
  bool matches;
};

// What MongoDB's manual says of each operator ("Query and Projection Operators", "Query an Array", "Query for Null").
const FilterCase kFilterCases[] = {
    {R"({"a":1})", R"({})", true},
    {R"({"a":1})", R"({"a":1})", true},
    {R"({"a":1})", R"({"a":1.0})", true},
    {R"({"a":1})", R"({"a":"1"})", false},
    {R"({"a":9007199254740993})", R"({"a":9007199254740992.0})", false},
    {R"({"a":18446744073709551615})", R"({"a":{"$gt":9223372036854775807}})", true},
    {R"({"a":18446744073709551615})", R"({"a":{"$lt":18446744073709551616.0}})", true},
    {R"({"a":-1})", R"({"a":{"$lt":-0.5}})", true},
    {R"({"a":5})", R"({"a":{"$gt":3,"$lt":9}})", true},
    {R"({"a":5})", R"({"a":{"$gt":5}})", false},
    {R"({"a":5})", R"({"a":{"$gte":5,"$lte":5}})", true},
    {R"({"a":"b"})", R"({"a":{"$gt":1}})", false},
    {R"({"a":"b"})", R"({"a":{"$gt":"a"}})", true},
    {R"({"a":[1,5]})", R"({"a":5})", true},
    {R"({"a":[1,5]})", R"({"a":[1,5]})", true},
    {R"({"a":[1,5]})", R"({"a":[5,1]})", false},
    {R"({"a":[1,9]})", R"({"a":{"$gt":3,"$lt":5}})", true},
    {R"({"a":[[1,2]]})", R"({"a":[1,2]})", true},
    {R"({"a":[1,5]})", R"({"a":{"$ne":5}})", false},
    {R"({"a":[1,5]})", R"({"a":{"$nin":[7]}})", true},
    {R"({"a":[1,5]})", R"({"a":{"$in":[7,5]}})", true},
    {R"({})", R"({"a":null})", true},
    {R"({"a":null})", R"({"a":null})", true},
    {R"({"a":0})", R"({"a":null})", false},
    {R"({})", R"({"a":{"$ne":1}})", true},
    {R"({})", R"({"a":{"$ne":null}})", false},
    {R"({})", R"({"a":{"$in":[null]}})", true},
    {R"({})", R"({"a":{"$lt":5}})", false},
    {R"({"a":null})", R"({"a":{"$exists":true}})", true},
    {R"({})", R"({"a":{"$exists":true}})", false},
    {R"({})", R"({"a":{"$exists":false}})", true},
    {R"({"a":{"b":1}})", R"({"a.b":1})", true},
    {R"({"a":{"b":1,"c":2}})", R"({"a":{"c":2,"b":1}})", false},
    {R"({"a":{"b":1,"c":2}})", R"({"a":{"b":1,"c":2}})", true},
    {R"({"a":[{"b":1},{"b":2}]})", R"({"a.b":2})", true},
    {R"({"a":[{"b":1},{"c":2}]})", R"({"a.b":null})", true},
    {R"({"a":[{"b":1},{"b":2}]})", R"({"a.0.b":2})", false},
    {R"({"a":[{"b":1},{"b":2}]})", R"({"a.1.b":2})", true},
    {R"({"a":[1,2]})", R"({"a.b":null})", true},
    {R"({"a":1,"b":2})", R"({"$or":[{"a":7},{"b":2}]})", true},
    {R"({"a":1,"b":2})", R"({"$and":[{"a":1},{"b":3}]})", false},
    {R"({"a":1})", R"({"$nor":[{"a":1},{"b":3}]})", false},
    {R"({"a":1})", R"({"a":{"$not":{"$gt":1}}})", true},
    {R"({})", R"({"a":{"$not":{"$gt":1}}})", true},
    {R"({"a":{"$oid":"x"}})", R"({"a":{"$eq":{"$oid":"x"}}})", true},
    {R"({"$version":3,"a":1})", R"({"$version":{"$gte":3}})", true},
    {R"({"a":true})", R"({"a":true})", true},
    {R"({"a":true})", R"({"a":1})", false},
    {R"({"":1})", R"({"":1})", true},
    // An index does not end the walk: what stands behind it is still looked at.
    {R"({"a":[5,{"1":4},{"1":7}]})", R"({"a.1":7})", true},
};

TEST(FilterTest, MatchesAsMongoDbDoes) {
  for (const FilterCase& c : kFilterCases)
    EXPECT_EQ(MatchesText(c.document, c.filter), c.matches) << c.document << " " << c.filter;
}

TEST(FilterTest, WrongFiltersAreNamed) {
  for (auto [filter, word] : {std::pair{R"({"a":{"$frob":1}})", "$frob"},
                              {R"({"$frob":1})", "$frob"},
                              {R"({"a":{"$in":1}})", "$in"},
                              {R"({"$or":[]})", "$or"},
                              {R"([1])", "object"},
                              {R"({"a":{"$not":1}})", "$not"},
                              {R"({"a":{"$gt":1,"b":2}})", "'b'"}}) {
    auto compiled = Filter::Compile(*ParseJson(filter), Filter::EntityFields());
    EXPECT_EQ(compiled.status().code(), StatusCode::kInvalidArgument) << filter;
    EXPECT_NE(compiled.status().message().find(word), std::string::npos) << compiled.status().message();
  }
  EXPECT_FALSE(Filter::Compile(*ParseJson(R"({"$id":1})"), {}).ok());
}

TEST(OrderTest, FollowsBson) {
  const char* ascending[] = {"null",  "-1.5",  "1",   "1.5",       "18446744073709551615",
                             "\"a\"", "\"b\"", "{}",  "{\"a\":1}", "[]",
                             "[1]",   "false", "true"};
  for (size_t i = 0; i < std::size(ascending); ++i) {
    for (size_t j = 0; j < std::size(ascending); ++j) {
      int order = CompareValues(*ParseJson(ascending[i]), *ParseJson(ascending[j]));
      EXPECT_EQ(order < 0, i < j) << ascending[i] << " " << ascending[j];
      EXPECT_EQ(order > 0, i > j) << ascending[i] << " " << ascending[j];
    }
  }
}

std::string Updated(const char* document, const char* update) {
  auto compiled = Update::Compile(*ParseJson(update));
  if (!compiled.ok()) return "compile: " + compiled.status().message();
  auto after = compiled->Apply(ParseJson(document)->as_object(), 1769947200123);
  return after.ok() ? WriteJson(*after) : "apply: " + after.status().message();
}

TEST(UpdateTest, ChangesAsMongoDbDoes) {
  const char* cases[][3] = {
      {R"({"a":1})", R"({"$set":{"a":2}})", R"({"a":2})"},
      {R"({"a":1})", R"({"b":2,"a":3})", R"({"a":3,"b":2})"},
      {R"({})", R"({"$set":{"a.b.c":1}})", R"({"a":{"b":{"c":1}}})"},
      {R"({"a":[1,2]})", R"({"$set":{"a.3":9}})", R"({"a":[1,2,null,9]})"},
      {R"({"a":1,"b":2,"c":3})", R"({"$unset":{"b":""}})", R"({"a":1,"c":3})"},
      {R"({"a":[1,2]})", R"({"$unset":{"a.0":1}})", R"({"a":[null,2]})"},
      {R"({"a":{"b":1,"c":2}})", R"({"$unset":{"a.b":1,"x.y":1}})", R"({"a":{"c":2}})"},
      {R"({"a":1})", R"({"$inc":{"a":2,"b":5}})", R"({"a":3,"b":5})"},
      {R"({"a":1})", R"({"$inc":{"a":0.5}})", R"({"a":1.5})"},
      {R"({"a":9223372036854775807})", R"({"$inc":{"a":1}})", R"({"a":9223372036854775808})"},
      {R"({"a":[1]})", R"({"$push":{"a":2,"b":3}})", R"({"a":[1,2],"b":[3]})"},
      {R"({"a.b":1})", R"({"a.b":2})", R"({"a.b":2})"},
  };
  for (auto& [document, update, want] : cases) EXPECT_EQ(Updated(document, update), want) << document << " " << update;
}

TEST(UpdateTest, RefusesWhatMakesNoSense) {
  for (auto [document, update, word] : {std::tuple{"{}", R"({"$frob":{"a":1}})", "$frob"},
                                        {"{}", R"({"$set":{"a":1},"b":2})", "side by side"},
                                        {"{}", R"({"$set":{"$version":1}})", "$version"},
                                        {"{}", R"({"$set":{"a":1,"a.b":2}})", "touches"},
                                        {R"({"a":"x"})", R"({"$inc":{"a":1}})", "no number"},
                                        {R"({"a":18446744073709551615})", R"({"$inc":{"a":1}})", "overflows"},
                                        {R"({"a":1})", R"({"$push":{"a":1}})", "no array"},
                                        {R"({"a":1})", R"({"$set":{"a.b":1}})", "no object"},
                                        {"{}", R"([1])", "object"},
                                        {"{}", R"({"$set":1})", "$set"}}) {
    EXPECT_NE(Updated(document, update).find(word), std::string::npos) << update << " " << Updated(document, update);
  }
}

// A path of 200,000 parts made objects within objects until the stack ended.
TEST(UpdateTest, APathHasAtMostTheLevelsOfADocument) {
  for (const char* op : {"$set", "$inc", "$unset", "$push"}) {
    std::string path = "a";
    for (int i = 1; i < 100; ++i) path += ".a";
    std::string head = R"({")" + std::string(op) + R"(":{")";
    EXPECT_EQ(Updated("{}", (head + path + R"(":1}})").c_str()).find("parts"), std::string::npos) << op;
    EXPECT_NE(Updated("{}", (head + path + R"(.a":1}})").c_str()).find("101 parts"), std::string::npos) << op;
  }
  std::string target = R"({"$rename":{"a":"b)";
  for (int i = 0; i < 200'000; ++i) target += ".b";
  EXPECT_NE(Updated(R"({"a":1})", (target + R"("}})").c_str()).find("parts"), std::string::npos);
}

// Each of many arrays in a document could be filled up to the limit: memory without end.
TEST(UpdateTest, TheLimitOnFillingArraysIsForTheWholeUpdate) {
  EXPECT_EQ(Updated(R"({"a":[],"b":[1]})", R"({"$set":{"a.2":9,"b.2":9}})"), R"({"a":[null,null,9],"b":[1,null,9]})");
  std::string half = Updated(R"({"a":[],"b":[]})", R"({"$set":{"a.750000":1,"b.750000":1}})");
  EXPECT_EQ(half.size(), std::string(R"({"a":[1],"b":[1]})").size() + 1'500'000 * 5);
  EXPECT_NE(Updated(R"({"a":[],"b":[]})", R"({"$set":{"a.750000":1,"b.750001":1}})").find("index 750001 is too large"),
            std::string::npos);
}

TEST(SortTest, KeysAreBytes) {
  SortSpec spec = *SortSpec::Parse("a,-b");
  using namespace std::string_literals;
  EXPECT_EQ(spec.KeyOf(*ParseJson(R"({"a":"x\u0000y","b":true})")), "\3x\0\xFFy\0\0\xF9\xFE"s);
  EXPECT_EQ(spec.KeyOf(*ParseJson(R"({"a":1})")), "\2\xBF\xF0\0\0\0\0\0\0\0\0\xFE"s);
}

// PARQUEDB_TEST_SEED repeats a run.
TEST(SortTest, KeysCompareAsDocumentsDo) {
  const char* given = std::getenv("PARQUEDB_TEST_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::printf("PARQUEDB_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  const std::vector<std::string> values = {"null",
                                           "0",
                                           "-0.0",
                                           "0.5",
                                           "1",
                                           "1.0",
                                           "-1",
                                           "1e300",
                                           "-1e300",
                                           "5e-324",
                                           "9007199254740991",
                                           "9007199254740992",
                                           "9007199254740993",
                                           "9007199254740994.0",
                                           "-9007199254740993",
                                           "-9007199254740992.0",
                                           "9223372036854775807",
                                           "9223372036854775808",
                                           "9.223372036854775807e18",
                                           "18446744073709551615",
                                           "1.8446744073709551616e19",
                                           "-9223372036854775808",
                                           "18446744073709551614",
                                           "\"\"",
                                           "\"a\"",
                                           "\"a\\u0000\"",
                                           "\"a\\u0000b\"",
                                           "\"ab\"",
                                           "\"a\\u0001\"",
                                           "\"\xC3\xBF\"",
                                           "true",
                                           "false",
                                           "[]",
                                           "[1]",
                                           "[1,2]",
                                           "[[1],[2]]",
                                           "[\"a\",null]",
                                           "{}",
                                           "{\"k\":1}",
                                           "{\"k\":1,\"l\":2}",
                                           "{\"k\":\"a\"}",
                                           "{\"j\":\"a\"}",
                                           "{\"k\":[1]}",
                                           "[{\"k\":1},{\"k\":0}]"};
  for (const char* text : {"a", "-a", "a,-b", "-a,b"}) {
    SortSpec spec = *SortSpec::Parse(text);
    for (int i = 0; i < 20'000; ++i) {
      auto draw = [&] {
        return *ParseJson("{\"a\":" + values[random() % values.size()] + ",\"b\":" + values[random() % values.size()] +
                          "}");
      };
      const Value a = draw(), b = draw();
      const int order = spec.Compare(a, b), bytes = spec.KeyOf(a).compare(spec.KeyOf(b));
      ASSERT_TRUE((order < 0) == (bytes < 0) && (order > 0) == (bytes > 0))
          << text << ": " << WriteJson(a) << " and " << WriteJson(b) << ": " << order << ", keys " << bytes;
    }
  }
}

TEST(SortTest, OrdersArraysByTheirSmallestOrLargestElement) {
  SortSpec up = *SortSpec::Parse("a"), down = *SortSpec::Parse(R"({"a":-1})");
  Value low = *ParseJson(R"({"a":[1,9]})"), high = *ParseJson(R"({"a":[5]})"), none = *ParseJson("{}");
  EXPECT_LT(up.Compare(low, high), 0);
  EXPECT_LT(down.Compare(low, high), 0);
  EXPECT_LT(up.Compare(none, low), 0);
  EXPECT_GT(down.Compare(none, low), 0);
  EXPECT_LT(SortSpec::Parse("b,-a")->Compare(high, *ParseJson(R"({"a":4})")), 0);
  for (const char* bad : {"", "a,,b", R"({"a":2})", "{", "$frob"}) EXPECT_FALSE(SortSpec::Parse(bad).ok()) << bad;
}

TEST(ProjectionTest, KeepsIdTypeAndVersion) {
  Value entity = *ParseJson(
      R"({"$id":"n/i","$type":"n","$version":1,"$createdAt":"t","a":1,"b":{"c":2,"d":3},"e":[{"c":4,"x":5},6]})");
  EXPECT_EQ(WriteJson(Projection::Parse("b.c,e.c")->Apply(entity)),
            R"({"$id":"n/i","$type":"n","$version":1,"b":{"c":2},"e":[{"c":4}]})");
  EXPECT_FALSE(Projection::Parse("a,").ok());
}

}  // namespace
}  // namespace parquedb
