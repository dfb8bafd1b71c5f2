// Random filters over random documents, beside a second, plain way to answer them: leaves are answered here by hand,
// and logic by C++'s own operators. PARQUEDB_TEST_SEED repeats a run.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <random>

#include "core/ulid.h"
#include "query/filter.h"

namespace parquedb {
namespace {

using Random = std::mt19937_64;

// A filter's text and what it must answer.
struct Question {
  std::string text;
  std::function<bool(const Object&)> answer;
};

size_t Below(Random* random, size_t bound) { return (*random)() % bound; }

Value RandomScalar(Random* random) {
  switch (Below(random, 4)) {
    case 0:
      return nullptr;
    case 1:
      return Value(static_cast<int64_t>(Below(random, 4)));
    case 2:
      return Value(std::string(1, static_cast<char>('x' + Below(random, 3))));
    default:
      return Value(Below(random, 2) == 0);
  }
}

Value RandomValue(Random* random) {
  if (Below(random, 3) != 0) return RandomScalar(random);
  Array array;
  for (size_t n = Below(random, 4); n > 0; --n) array.push_back(RandomScalar(random));
  return array;
}

Object RandomDocument(Random* random) {
  Object document;
  for (const char* name : {"a", "b", "c"}) {
    if (Below(random, 4) != 0) document.emplace(name, RandomValue(random));
  }
  return document;
}

std::string RandomField(Random* random) { return std::string(1, static_cast<char>('a' + Below(random, 3))); }

// True if `holds` of the field's value, or of an element of the array that it is; a missing field is null.
bool AnyOf(const Object& document, const std::string& field, const std::function<bool(const Value&)>& holds) {
  const Value* value = document.if_contains(field);
  if (value == nullptr) return holds(nullptr);
  if (holds(*value)) return true;
  if (!value->is_array()) return false;
  for (const Value& element : value->get_array()) {
    if (holds(element)) return true;
  }
  return false;
}

bool SameText(const Value& a, const Value& b) { return WriteJson(a) == WriteJson(b); }

Question Equal(Random* random) {
  std::string field = RandomField(random);
  Value wanted = RandomValue(random);
  return {"{\"" + field + "\":{\"$eq\":" + WriteJson(wanted) + "}}", [=](const Object& document) {
            return AnyOf(document, field, [&](const Value& value) { return SameText(value, wanted); });
          }};
}

Question Greater(Random* random) {
  std::string field = RandomField(random);
  auto bound = static_cast<int64_t>(Below(random, 4));
  return {"{\"" + field + "\":{\"$gt\":" + std::to_string(bound) + "}}", [=](const Object& document) {
            return AnyOf(document, field,
                         [&](const Value& value) { return value.is_int64() && value.get_int64() > bound; });
          }};
}

// $in, and $nin as its contrary: $eq with any of the values.
Question In(Random* random) {
  std::string field = RandomField(random);
  Array wanted;
  for (size_t n = Below(random, 4); n > 0; --n) wanted.push_back(RandomValue(random));
  bool negated = Below(random, 2) == 0;
  return {"{\"" + field + (negated ? "\":{\"$nin\":" : "\":{\"$in\":") + WriteJson(wanted) + "}}",
          [=](const Object& document) {
            bool any = false;
            for (const Value& one : wanted)
              any = any || AnyOf(document, field, [&](const Value& value) { return SameText(value, one); });
            return any != negated;
          }};
}

Question Exists(Random* random) {
  std::string field = RandomField(random);
  bool wanted = Below(random, 2) == 0;
  return {"{\"" + field + "\":{\"$exists\":" + (wanted ? "true" : "false") + "}}",
          [=](const Object& document) { return document.contains(field) == wanted; }};
}

// {"f":{op}} as {"f":{"$not":{op}}}.
Question Negated(const Question& leaf) {
  size_t colon = leaf.text.find(':');
  std::string text = leaf.text.substr(0, colon + 1) + "{\"$not\":" + leaf.text.substr(colon + 1) + "}";
  return {text, [leaf](const Object& document) { return !leaf.answer(document); }};
}

Question RandomLeaf(Random* random) {
  Question leaf;
  switch (Below(random, 4)) {
    case 0:
      leaf = Equal(random);
      break;
    case 1:
      leaf = Greater(random);
      break;
    case 2:
      leaf = In(random);
      break;
    default:
      leaf = Exists(random);
  }
  return Below(random, 3) == 0 ? Negated(leaf) : leaf;
}

Question RandomQuestion(Random* random, int depth) {
  if (depth == 0 || Below(random, 4) == 0) return RandomLeaf(random);
  size_t kind = Below(random, 3);
  std::vector<Question> parts;
  std::string text;
  for (size_t n = 1 + Below(random, 3); n > 0; --n) {
    parts.push_back(RandomQuestion(random, depth - 1));
    text += (text.empty() ? "" : ",") + parts.back().text;
  }
  const char* names[] = {"$and", "$or", "$nor"};
  return {"{\"" + std::string(names[kind]) + "\":[" + text + "]}", [=](const Object& document) {
            size_t held = 0;
            for (const Question& part : parts) held += part.answer(document);
            return kind == 0 ? held == parts.size() : kind == 1 ? held > 0 : held == 0;
          }};
}

bool MatchesFilter(const std::string& filter, const Object& document) {
  auto compiled = Filter::Compile(*ParseJson(filter), {});
  EXPECT_TRUE(compiled.ok()) << filter << ": " << compiled.status().message();
  return compiled.ok() && compiled->Matches(Value(document));
}

class FilterRandomTest : public testing::Test {
 protected:
  FilterRandomTest() {
    const char* given = std::getenv("PARQUEDB_TEST_SEED");
    uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : SystemRandom().Next() % 1'000'000'000;
    std::printf("PARQUEDB_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
    random_.seed(seed);
  }
  Random random_;
};

TEST_F(FilterRandomTest, AgreesWithThePlainAnswer) {
  size_t matched = 0;
  for (int i = 0; i < 20'000; ++i) {
    Question question = RandomQuestion(&random_, 3);
    Object document = RandomDocument(&random_);
    bool want = question.answer(document);
    matched += want;
    ASSERT_EQ(MatchesFilter(question.text, document), want) << question.text << " " << WriteJson(document);
  }
  EXPECT_GT(matched, 2'000U);  // else the questions would be too easy
  EXPECT_LT(matched, 18'000U);
}

TEST_F(FilterRandomTest, DeMorganHolds) {
  for (int i = 0; i < 5'000; ++i) {
    Question a = RandomQuestion(&random_, 2), b = RandomQuestion(&random_, 2);
    Object document = RandomDocument(&random_);
    auto matches = [&](const std::string& filter) { return MatchesFilter(filter, document); };
    std::string not_a = R"({"$nor":[)" + a.text + "]}", not_b = R"({"$nor":[)" + b.text + "]}";
    std::string both = a.text + "," + b.text, neither = not_a + "," + not_b;
    ASSERT_EQ(matches(R"({"$nor":[{"$and":[)" + both + "]}]}"), matches(R"({"$or":[)" + neither + "]}")) << both;
    ASSERT_EQ(matches(R"({"$nor":[)" + both + "]}"), matches(R"({"$and":[)" + neither + "]}")) << both;
    ASSERT_NE(matches(not_a), matches(a.text)) << a.text;
  }
}

}  // namespace
}  // namespace parquedb
