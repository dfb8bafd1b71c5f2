#include <gtest/gtest.h>

#include <fstream>

#include "query/filter.h"
#include "query/update.h"

namespace parquedb {
namespace {

constexpr const char* kCaseFile = PARQUEDB_TEST_DATA "/mongo/cases.ndjson";
constexpr int64_t kNowMs = 1769947200123;  // 2026-02-01T12:00:00.123Z

// A line of the table: `see` is the section of MongoDB's manual that it tests, `filter` goes with `matches`, `update`
// with `result`; `error` is a part of the message instead.
struct MongoCase {
  int line = 0;
  Object fields;

  const Value* Get(std::string_view name) const { return fields.if_contains(name); }
  std::string Text(std::string_view name) const { return Get(name) == nullptr ? "" : WriteJson(*Get(name)); }
};

std::vector<MongoCase> ReadCases() {
  std::vector<MongoCase> cases;
  std::ifstream file(kCaseFile);
  std::string text;
  for (int line = 1; std::getline(file, text); ++line) {
    auto value = ParseJson(text);
    cases.push_back({line, value.ok() && value->is_object() ? value->get_object() : Object()});
  }
  return cases;
}

void PrintTo(const MongoCase& c, std::ostream* out) { *out << kCaseFile << ":" << c.line; }

class MongoCaseTest : public testing::TestWithParam<MongoCase> {};

void ExpectError(const MongoCase& c, const Status& status, StatusCode code) {
  EXPECT_EQ(status.code(), code) << status.message();
  EXPECT_NE(status.message().find(TextOf(c.Get("error")->get_string())), std::string::npos) << status.message();
}

void CheckFilter(const MongoCase& c) {
  auto filter = Filter::Compile(*c.Get("filter"), Filter::EntityFields());
  if (c.Get("error") != nullptr) return ExpectError(c, filter.status(), StatusCode::kInvalidArgument);
  ASSERT_TRUE(filter.ok()) << filter.status().message();
  EXPECT_EQ(filter->Matches(*c.Get("value")), c.Get("matches")->get_bool());
}

void CheckUpdate(const MongoCase& c) {
  const Object& before = c.Get("value")->get_object();
  auto update = Update::Compile(*c.Get("update"));
  Result<Object> after = update.ok() ? update->Apply(before, kNowMs) : Result<Object>(update.status());
  if (c.Get("error") != nullptr) return ExpectError(c, after.status(), StatusCode::kInvalidData);
  ASSERT_TRUE(after.ok()) << after.status().message();
  EXPECT_EQ(WriteJson(*after), c.Text("result"));
}

TEST_P(MongoCaseTest, BehavesAsTheManualSays) {
  const MongoCase& c = GetParam();
  SCOPED_TRACE(c.Text("see") + ": " + c.Text("value") + " " + c.Text("filter") + c.Text("update"));
  ASSERT_TRUE(c.Get("see") != nullptr) << "no case";
  ASSERT_NE(c.Get("filter") == nullptr, c.Get("update") == nullptr);
  c.Get("filter") != nullptr ? CheckFilter(c) : CheckUpdate(c);
}

INSTANTIATE_TEST_SUITE_P(Table, MongoCaseTest, testing::ValuesIn(ReadCases()),
                         [](const auto& tested) { return "Line" + std::to_string(tested.param.line); });

TEST(MongoCasesTest, TheTableIsThereAndCoversEveryOperator) {
  std::string all;
  for (const MongoCase& c : ReadCases()) all += c.Text("filter") + c.Text("update");
  EXPECT_GE(ReadCases().size(), 300U);
  for (const char* name :
       {"$eq",     "$ne",      "$gt",       "$gte",       "$lt",          "$lte",        "$in",    "$nin",
        "$exists", "$and",     "$or",       "$nor",       "$not",         "$type",       "$regex", "$options",
        "$mod",    "$all",     "$size",     "$elemMatch", "$set",         "$unset",      "$inc",   "$mul",
        "$min",    "$max",     "$rename",   "$push",      "$each",        "$slice",      "$sort",  "$position",
        "$pull",   "$pullAll", "$addToSet", "$pop",       "$currentDate", "$setOnInsert"})
    EXPECT_NE(all.find("\"" + std::string(name) + "\":"), std::string::npos) << name;
}

}  // namespace
}  // namespace parquedb
