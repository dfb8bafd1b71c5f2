#include "query/column_plan.h"

#include <gtest/gtest.h>

#include "query/value_set.h"

namespace parquedb {
namespace {

const ColumnCatalog kColumns = {{"n", ColumnKind::kInteger}, {"d", ColumnKind::kNumber},
                                {"b", ColumnKind::kBool},    {"s", ColumnKind::kText},
                                {"$id", ColumnKind::kText},  {"$createdAt", ColumnKind::kTime}};

ColumnPlan PlanOf(std::string_view filter) {
  return PlanColumns(*Filter::Compile(*ParseJson(filter), Filter::EntityFields()), kColumns);
}

const ValueSet& ValuesOf(const ColumnPlan& plan) { return *plan.condition->values; }

using Integers = std::vector<ValueSet::Integers>;
using Numbers = std::vector<ValueSet::Numbers>;
using Texts = std::vector<ValueSet::Texts>;

TEST(ColumnPlanTest, ComparisonsOfIntegersAreClosedIntervals) {
  EXPECT_EQ(ValuesOf(PlanOf(R"({"n":17})")).integers, (Integers{{17, 17}}));
  EXPECT_EQ(ValuesOf(PlanOf(R"({"n":{"$gt":3}})")).integers, (Integers{{4, INT64_MAX}}));
  EXPECT_EQ(ValuesOf(PlanOf(R"({"n":{"$gte":2.5}})")).integers, (Integers{{3, INT64_MAX}}));
  EXPECT_EQ(ValuesOf(PlanOf(R"({"n":{"$lt":-2.5}})")).integers, (Integers{{INT64_MIN, -3}}));
  EXPECT_EQ(ValuesOf(PlanOf(R"({"n":{"$in":[9,2,5.0,5,2.5,"x"]}})")).integers, (Integers{{2, 2}, {5, 5}, {9, 9}}));
  EXPECT_EQ(ValuesOf(PlanOf(R"({"n":{"$gt":1,"$lte":8}})")).integers, (Integers{{2, 8}}));
}

TEST(ColumnPlanTest, IntegersBeyondAColumnCutNothingOff) {
  EXPECT_TRUE(ValuesOf(PlanOf(R"({"n":9223372036854775808})")).empty());
  EXPECT_TRUE(ValuesOf(PlanOf(R"({"n":{"$gt":18446744073709551615}})")).empty());
  EXPECT_TRUE(ValuesOf(PlanOf(R"({"n":{"$gt":9223372036854775807}})")).empty());
  EXPECT_EQ(ValuesOf(PlanOf(R"({"n":{"$lt":9223372036854775808}})")).integers, (Integers{{INT64_MIN, INT64_MAX}}));
  EXPECT_EQ(ValuesOf(PlanOf(R"({"n":{"$gte":-1e300}})")).integers, (Integers{{INT64_MIN, INT64_MAX}}));
  EXPECT_EQ(ValuesOf(PlanOf(R"({"n":9007199254740993})")).integers, (Integers{{9007199254740993, 9007199254740993}}));
}

TEST(ColumnPlanTest, IntegersThatNoDoubleHoldsFallBetweenTwoOfThem) {
  EXPECT_TRUE(ValuesOf(PlanOf(R"({"d":9007199254740993})")).empty());
  const auto above = ValuesOf(PlanOf(R"({"d":{"$gt":9007199254740993}})"));
  EXPECT_FALSE(above.Has(9007199254740992.0));
  EXPECT_TRUE(above.Has(9007199254740994.0));
  const auto below = ValuesOf(PlanOf(R"({"d":{"$lte":9007199254740993}})"));
  EXPECT_TRUE(below.Has(9007199254740992.0));
  EXPECT_FALSE(below.Has(9007199254740994.0));
  EXPECT_FALSE(ValuesOf(PlanOf(R"({"d":{"$lt":2.5}})")).Has(2.5));
  EXPECT_TRUE(ValuesOf(PlanOf(R"({"d":{"$lte":2.5}})")).Has(2.5));
  EXPECT_TRUE(ValuesOf(PlanOf(R"({"d":0})")).Has(-0.0));
  EXPECT_TRUE(ValuesOf(PlanOf(R"({"d":{"$gt":18446744073709551615}})")).Has(18446744073709551616.0));
}

TEST(ColumnPlanTest, TextsEndBeforeTheNextText) {
  EXPECT_EQ(ValuesOf(PlanOf(R"({"s":"a"})")).texts, (Texts{{"a", std::string("a\0", 2)}}));
  EXPECT_EQ(ValuesOf(PlanOf(R"({"s":{"$gte":"a","$lt":"b"}})")).texts, (Texts{{"a", "b"}}));
  EXPECT_EQ(ValuesOf(PlanOf(R"({"s":{"$gt":"a"}})")).texts, (Texts{{std::string("a\0", 2), std::nullopt}}));
  EXPECT_TRUE(ValuesOf(PlanOf(R"({"s":{"$lt":""}})")).empty());
  EXPECT_TRUE(ValuesOf(PlanOf(R"({"s":{"$regex":"^ab"}})")).Has(std::string_view("abc")));
  EXPECT_FALSE(ValuesOf(PlanOf(R"({"s":{"$regex":"^ab"}})")).Has(std::string_view("xab")));
}

TEST(ColumnPlanTest, TimesAreComparedAsTheirTexts) {
  EXPECT_EQ(ValuesOf(PlanOf(R"({"$createdAt":"1970-01-01T00:00:01.000Z"})")).integers, (Integers{{1000, 1000}}));
  EXPECT_TRUE(ValuesOf(PlanOf(R"({"$createdAt":"1970-01-01T00:00:01Z"})")).empty());
  const auto from = ValuesOf(PlanOf(R"({"$createdAt":{"$gte":"1970-01-02"}})"));
  EXPECT_FALSE(from.Has(int64_t{86'399'999}));
  EXPECT_TRUE(from.Has(int64_t{86'400'000}));
  // "…00Z" is behind "…00.…": '.' comes before 'Z'.
  const auto until = ValuesOf(PlanOf(R"({"$createdAt":{"$lt":"1970-01-01T00:00:00Z"}})"));
  EXPECT_TRUE(until.Has(int64_t{999}));
  EXPECT_FALSE(until.Has(int64_t{1000}));
}

TEST(ColumnPlanTest, AnOperandOfAnotherTypeMatchesNoRow) {
  for (const char* filter :
       {R"({"n":"1"})", R"({"s":1})", R"({"b":1})", R"({"n":[1]})", R"({"n":{"$lt":"x"}})", R"({"s":{"$size":1}})",
        R"({"n":{"$elemMatch":{"$gt":1}}})", R"({"n":{"$regex":"1"}})", R"({"s":{"$type":"number"}})"}) {
    const ColumnPlan plan = PlanOf(filter);
    ASSERT_TRUE(plan.condition && plan.is_exact) << filter;
    EXPECT_TRUE(ValuesOf(plan).empty()) << filter;
  }
}

TEST(ColumnPlanTest, WhatNullAndMissingAnswerDifferentlyNeedsTheDocument) {
  for (const char* filter :
       {R"({"n":null})", R"({"n":{"$exists":true}})", R"({"n":{"$ne":1}})", R"({"n":{"$nin":[1]}})",
        R"({"n":{"$in":[1,null]}})", R"({"n":{"$not":{"$gt":1}}})", R"({"$nor":[{"n":1}]})",
        R"({"n":{"$type":["int","null"]}})", R"({"n":{"$type":"int"}})", R"({"d":{"$type":"double"}})",
        R"({"other":1})", R"({"n.x":1})", R"({"$or":[{"n":1},{"other":1}]})", R"({"$or":[{"n":1},{}]})",
        R"({"$links":{"a":["b"]}})", R"({"$createdAt":{"$regex":"^1"}})", R"({"n":{"$mod":[2,0]}})"}) {
    const ColumnPlan plan = PlanOf(filter);
    EXPECT_FALSE(plan.condition) << filter;
    EXPECT_FALSE(plan.is_exact) << filter;
  }
}

TEST(ColumnPlanTest, ConditionsBesideOthersStillNarrowTheRows) {
  const ColumnPlan plan = PlanOf(R"({"n":{"$gte":1,"$ne":4},"other":2,"$and":[{"n":{"$lte":9}}]})");
  EXPECT_EQ(ValuesOf(plan).integers, (Integers{{1, 9}}));
  EXPECT_FALSE(plan.is_exact);
}

TEST(ColumnPlanTest, AlternativesAreDecidedTogether) {
  const ColumnPlan plan = PlanOf(R"({"$or":[{"n":1,"s":"x"},{"b":true}]})");
  ASSERT_TRUE(plan.condition && plan.is_exact);
  EXPECT_EQ(plan.condition->kind, ColumnCondition::Kind::kOr);
  EXPECT_EQ(ColumnsOf(*plan.condition), (std::vector<std::string>{"n", "s", "b"}));
  EXPECT_FALSE(PlanOf(R"({"$or":[{"n":1,"other":2},{"b":true}]})").is_exact);
}

TEST(ColumnPlanTest, TheEmptyFilterIsExactWithoutACondition) {
  EXPECT_FALSE(PlanOf("{}").condition);
  EXPECT_TRUE(PlanOf("{}").is_exact);
}

TEST(ValueSetTest, CoverageOfAStretchIsNoneSomeOrAll) {
  ValueSet set;
  set.integers = {{10, 20}, {30, 30}};
  EXPECT_EQ(set.Covers(int64_t{0}, int64_t{9}), Coverage::kNone);
  EXPECT_EQ(set.Covers(int64_t{21}, int64_t{29}), Coverage::kNone);
  EXPECT_EQ(set.Covers(int64_t{0}, int64_t{10}), Coverage::kSome);
  EXPECT_EQ(set.Covers(int64_t{10}, int64_t{21}), Coverage::kSome);
  EXPECT_EQ(set.Covers(int64_t{10}, int64_t{20}), Coverage::kAll);
  ValueSet texts;
  texts.texts = {{"b", "d"}};
  EXPECT_EQ(texts.Covers(std::string_view("d"), std::string_view("e")), Coverage::kNone);
  EXPECT_EQ(texts.Covers(std::string_view("b"), std::string_view("cz")), Coverage::kAll);
  EXPECT_EQ(texts.Covers(std::string_view("b"), std::string_view("d")), Coverage::kSome);
}

TEST(FilterTest, TopFieldsAreAllThatAFilterLooksAt) {
  auto filter = Filter::Compile(
      *ParseJson(
          R"({"a.b":1,"$or":[{"c":{"$not":{"$gt":1}}},{"$nor":[{"d":1}]}],"e":{"$elemMatch":{"f":1}},"$id":"x"})"),
      Filter::EntityFields());
  EXPECT_EQ(filter->TopFields(), (std::set<std::string, std::less<>>{"$id", "a", "c", "d", "e"}));
}

}  // namespace
}  // namespace parquedb
