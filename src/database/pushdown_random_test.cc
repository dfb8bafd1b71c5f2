// Random filters over random documents: what a query finds by columns, pages and threads is what a plain look at every
// document finds. PARQUEDB_TEST_SEED repeats a run, PARQUEDB_PUSHDOWN_ROUNDS makes longer ones.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <random>

#include "core/clock.h"
#include "database/database_state.h"
#include "database/query_run.h"
#include "model/state_text.h"
#include "parquedb/database.h"
#include "replay/state.h"
#include "storage/memory_backend.h"

namespace parquedb {
namespace {

using Random = std::mt19937_64;
size_t Below(Random* random, size_t bound) { return (*random)() % bound; }
template <typename T>
const T& OneOf(Random* random, const std::vector<T>& choices) {
  return choices[Below(random, choices.size())];
}

// Values around everything that a column could get wrong, as JSON.
const std::vector<std::string> kIntegerTexts = {"0",
                                                "1",
                                                "-1",
                                                "7",
                                                "1000",
                                                "9007199254740991",
                                                "9007199254740992",
                                                "9007199254740993",
                                                "-9007199254740993",
                                                "9223372036854775807",
                                                "-9223372036854775808"};
const std::vector<std::string> kDoubleTexts = {
    "0", "1", "-4", "1.5", "-0.0", "1e300", "-1e300", "5e-324", "9007199254740992", "9223372036854774784"};
const std::vector<std::string> kLargeTexts = {"9223372036854775808", "18446744073709551615", "1.8446744073709552e19",
                                              "9.223372036854775e18"};
const std::string kPrefix(70, 'p');
const std::string kLongPrefix(5000, 'q');  // longer than statistics keep

std::string Quoted(const std::string& text) { return "\"" + text + "\""; }

// What a field of a namespace is like.
enum class FieldLike {
  kIntegers,
  kExact,
  kShort,
  kPrefixed,
  kLong,
  kBool,
  kNullable,
  kMixed,
  kArrays,
  kBeyond,
  kKinds
};

std::string RandomValue(Random* random, FieldLike kind) {
  switch (kind) {
    case FieldLike::kIntegers:
      return Below(random, 3) == 0 ? OneOf(random, kIntegerTexts) : std::to_string(Below(random, 40));
    case FieldLike::kExact:
      return Below(random, 2) == 0 ? OneOf(random, kDoubleTexts) : std::to_string(Below(random, 9)) + ".25";
    case FieldLike::kShort:
      return Quoted(OneOf<std::string>(random, {"", "a", "ab", "b", "\\u0001", "ä", "z\\\"z", "2026"}));
    case FieldLike::kPrefixed:
      return Quoted(kPrefix + std::to_string(Below(random, 30)));
    case FieldLike::kLong:
      return Below(random, 20) == 0 ? Quoted(kLongPrefix + std::to_string(Below(random, 4))) : Quoted("r");
    case FieldLike::kBool:
      return Below(random, 2) == 0 ? "true" : "false";
    case FieldLike::kNullable:
      return Below(random, 2) == 0 ? "null" : std::to_string(Below(random, 5));
    case FieldLike::kMixed:
      return RandomValue(random, static_cast<FieldLike>(Below(random, static_cast<size_t>(FieldLike::kMixed))));
    case FieldLike::kArrays:
      return Below(random, 2) == 0 ? std::to_string(Below(random, 5))
                                   : "[" + std::to_string(Below(random, 5)) + ",\"a\",null]";
    case FieldLike::kBeyond:
      return OneOf(random, kLargeTexts);
    case FieldLike::kKinds:
      break;
  }
  return "0";
}

class PushdownTest : public testing::Test {
 protected:
  void Start(uint64_t seed) {
    random_.seed(seed);
    for (FieldLike& kind : kinds_)
      kind = static_cast<FieldLike>(Below(&random_, static_cast<size_t>(FieldLike::kKinds)));
    OpenOptions options;
    options.storage = std::make_shared<MemoryBackend>(std::make_shared<MemoryDisk>());
    options.create_if_missing = true;
    options.name = "random";
    options.clock = &clock_;
    db_ = std::move(*ParqueDB::Open(options));
  }

  std::string RandomDocument(const std::string& id) {
    std::string text = id.empty() ? "" : "\"$id\":\"docs/" + id + "\",\"$type\":\"docs\"";
    for (size_t field = 0; field < kFields; ++field) {
      if (Below(&random_, 8) == 0) continue;
      text += (text.empty() ? "\"f" : ",\"f") + std::to_string(field) + "\":" + RandomValue(&random_, kinds_[field]);
    }
    return "{" + text + "}";
  }

  void CreateRows(int from, int to) {
    std::vector<Document> documents;
    for (int i = from; i < to; ++i) documents.push_back(*Document::Parse(RandomDocument("d" + std::to_string(i))));
    auto made = db_->collection("docs").CreateMany(documents);
    ASSERT_TRUE(made.ok()) << made.status().message();
    clock_.Advance(1000);
  }

  // Updates, deletes, re-creates and links some of the first `rows`.
  void Change(int rows, int changes) {
    Collection docs = db_->collection("docs");
    for (int i = 0; i < changes; ++i) {
      std::string id = "d" + std::to_string(Below(&random_, static_cast<size_t>(rows)));
      switch (Below(&random_, 4)) {
        case 0:
          (void)docs.Delete(id);
          break;
        case 1:
          (void)docs.Link(id, "next", "docs/d1", true);
          break;
        case 2:
          (void)docs.Delete(id);
          (void)docs.Create(*Document::Parse(RandomDocument("")), {.id = id});
          break;
        default:
          (void)docs.Replace(id, *Document::Parse(RandomDocument("")));
      }
      clock_.Advance(1);
    }
  }

  std::string Operand(const std::string& field) {
    if (field == "$id") return Quoted("docs/d" + std::to_string(Below(&random_, 3000)));
    if (field == "$version") return std::to_string(Below(&random_, 3));
    if (field == "$createdAt" || field == "$updatedAt") {
      const auto& [text, value] = OneOf(&random_, truth_);
      std::string time = value.get_object().at(field).get_string().c_str();
      return Quoted(Below(&random_, 3) == 0 ? time.substr(0, 5 + Below(&random_, time.size() - 5)) : time);
    }
    return RandomValue(&random_, static_cast<FieldLike>(Below(&random_, static_cast<size_t>(FieldLike::kKinds))));
  }

  std::string RandomLeaf() {
    static const std::vector<std::string> kFieldNames = {
        "f0", "f1",         "f2",         "f3",  "f4",       "f5",         "f0",          "f1",
        "f2", "$createdAt", "$updatedAt", "$id", "$version", "$createdBy", "$links.next", "f3.0"};
    const std::string field = OneOf(&random_, kFieldNames);
    auto operand = [&] { return Operand(field); };
    auto one = [&](const std::string& name) {
      return "{" + Quoted(field) + ":{" + Quoted(name) + ":" + operand() + "}}";
    };
    switch (Below(&random_, 12)) {
      case 0:
        return "{" + Quoted(field) + ":" + operand() + "}";
      case 1:
        return "{" + Quoted(field) + ":{\"$in\":[" + operand() + "," + operand() + "," + operand() + "]}}";
      case 2:
        return "{" + Quoted(field) + ":{\"$nin\":[" + operand() + "," + operand() + "]}}";
      case 3:
        return "{" + Quoted(field) + ":{\"$gte\":" + operand() + ",\"$lt\":" + operand() + "}}";
      case 4:
        return "{" + Quoted(field) + ":{\"$type\":" +
               OneOf<std::string>(&random_, {"\"number\"", "\"string\"", "\"int\"", "\"null\"", "[\"long\",\"double\"]",
                                             "\"bool\"", "\"array\""}) +
               "}}";
      case 5:
        return "{" + Quoted(field) + ":{\"$regex\":" + OneOf<std::string>(&random_, {"\"^a\"", "\"1$\"", "\"p\""}) +
               "}}";
      case 6:
        return "{" + Quoted(field) + ":" +
               OneOf<std::string>(&random_, {"{\"$exists\":true}", "{\"$exists\":false}", "{\"$size\":3}",
                                             "{\"$elemMatch\":{\"$gt\":1}}", "{\"$mod\":[2,1]}", "null"}) +
               "}";
      case 7:
        return "{" + Quoted(field) + ":{\"$not\":{\"$gt\":" + operand() + "}}}";
      default:
        return one(OneOf<std::string>(&random_, {"$eq", "$gt", "$gte", "$lt", "$lte", "$lte", "$gte", "$ne"}));
    }
  }

  std::string RandomFilter(int depth) {
    if (depth == 0 || Below(&random_, 2) == 0) return RandomLeaf();
    std::string parts = RandomFilter(depth - 1);
    for (size_t n = Below(&random_, 3); n > 0; --n) parts += "," + RandomFilter(depth - 1);
    return "{" + Quoted(OneOf<std::string>(&random_, {"$and", "$and", "$or", "$or", "$nor"})) + ":[" + parts + "]}";
  }

  // Every entity at the cut, its text and its value; looked at one by one.
  void LookAtAll(const View& view, int64_t cut) {
    truth_.clear();
    auto cursor = OpenState(db_->state().storage(), view, {.cut = cut, .namespaces = {"docs"}});
    ASSERT_TRUE(cursor.ok()) << cursor.status().message();
    Entity entity;
    while (*(*cursor)->Next(&entity)) truth_.emplace_back(EncodeEntityJson(entity), *EntityToValue(entity));
  }

  void Compare(int filters) {
    View view = *db_->state().TakeReaderView();
    int64_t cut =
        Below(&random_, 4) == 0 ? static_cast<int64_t>(Below(&random_, static_cast<size_t>(view.head)) + 1) : view.head;
    LookAtAll(view, cut);
    for (int i = 0; i < filters && !testing::Test::HasFailure(); ++i) CompareOne(view, cut, RandomFilter(2));
  }

  void CompareOne(const View& view, int64_t cut, const std::string& filter) {
    QueryRequest request;
    request.ns = "docs";
    request.cut = cut;
    Status parsed = ParseQuery(filter, "", "", &request);
    ASSERT_TRUE(parsed.ok()) << filter << ": " << parsed.message();
    std::vector<std::string> expected;
    for (const auto& [text, value] : truth_) {
      if (request.filter->Matches(value)) expected.push_back(text);
    }
    for (int threads : {1, 3}) {
      request.threads = threads;
      std::vector<std::string> found;
      HitPlan plan;
      Status run = RunQuery(
          db_->state().storage(), view, request,
          [&](std::string_view json) {
            found.emplace_back(json);
            return Status::Ok();
          },
          &plan);
      ASSERT_TRUE(run.ok()) << filter << ": " << run.message();
      ASSERT_TRUE(found == expected) << filter << " at " << cut << ": " << found.size() << " were found, "
                                     << expected.size() << " were expected";
      auto count = CountQuery(db_->state().storage(), view, request, &plan);
      ASSERT_TRUE(count.ok()) << filter << ": " << count.status().message();
      ASSERT_EQ(*count, static_cast<int64_t>(expected.size())) << filter << " at " << cut;
      pushed_ += plan.columns.condition.has_value();
      counted_ += plan.counted_by_columns;
    }
  }

  static constexpr size_t kFields = 6;
  Random random_;
  ManualClock clock_{1'767'225'600'000};
  std::unique_ptr<ParqueDB> db_;
  std::array<FieldLike, kFields> kinds_ = {};
  std::vector<std::pair<std::string, Value>> truth_;
  int pushed_ = 0, counted_ = 0;
};

uint64_t NumberFrom(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST_F(PushdownTest, AQueryFindsWhatALookAtEveryDocumentFinds) {
  const uint64_t seed = NumberFrom("PARQUEDB_TEST_SEED", std::random_device()());
  const uint64_t rounds = NumberFrom("PARQUEDB_PUSHDOWN_ROUNDS", 6);
  std::printf("PARQUEDB_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  for (uint64_t round = 0; round < rounds && !HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    Start(seed + round);
    CreateRows(0, 1500);
    ASSERT_TRUE(db_->Checkpoint().ok());
    Compare(25);
    CreateRows(1500, 2500);
    Change(2500, 60);
    Compare(25);
    ASSERT_TRUE(db_->Checkpoint().ok());
    Compare(40);
    Change(2500, 30);
    Compare(60);
  }
  if (rounds < 3) return;
  EXPECT_GT(pushed_, 100) << "too few filters had anything for columns";
  EXPECT_GT(counted_, 20) << "too few counts were left to columns";
}

TEST_F(PushdownTest, RowGroupsArePrunedAndReadInOrder) {
  const uint64_t seed = NumberFrom("PARQUEDB_TEST_SEED", std::random_device()());
  std::printf("PARQUEDB_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  Start(seed);
  kinds_ = {FieldLike::kIntegers, FieldLike::kShort,    FieldLike::kBool,
            FieldLike::kExact,    FieldLike::kNullable, FieldLike::kIntegers};
  constexpr int kRows = 70'000;  // two row groups
  for (int i = 0; i < kRows; i += 10'000) CreateRows(i, i + 10'000);
  ASSERT_TRUE(db_->Checkpoint().ok());
  Change(kRows, 20);
  Compare(10);
  View view = *db_->state().TakeReaderView();
  LookAtAll(view, view.head);
  for (const char* filter : {"{}", R"({"$id":"docs/d67777"})", R"({"$id":{"$lt":"docs/d11"}})", R"({"$type":"docs"})",
                             R"({"$type":"other"})", R"({"f5":{"$gte":39}})"}) {
    CompareOne(view, view.head, filter);
  }
}

}  // namespace
}  // namespace parquedb
