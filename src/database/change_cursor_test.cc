// What OpenChanges says of random logs, with bases at random places, against the events one by one. PARQUEDB_TEST_SEED
// repeats a run.
#include "replay/change_cursor.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "core/clock.h"
#include "core/ulid.h"
#include "maintenance/base.h"
#include "model/names.h"
#include "parquedb/database.h"
#include "replay/history.h"
#include "storage/memory_backend.h"

namespace parquedb {
namespace {

using Changes = std::map<std::string, std::string>;  // id -> lsn and state; "-" for deleted
const std::vector<std::string> kNamespaces = {"a", "a-b", "b"};

class RandomLog {
 public:
  explicit RandomLog(uint64_t seed) : random_(seed) {}

  // A database with about `steps` events in some segments and, perhaps, a tail.
  void Write(int steps) {
    OpenOptions options;
    options.storage = std::make_shared<MemoryBackend>(disk_);
    options.create_if_missing = true;
    options.name = "log";
    options.clock = &clock_;
    auto db = *ParqueDB::Open(options);
    for (int step = 0; step < steps; ++step) {
      clock_.Advance(static_cast<int64_t>(Pick(3)));
      auto collection = db->collection(kNamespaces[Pick(kNamespaces.size())]);
      std::string id = "d" + std::to_string(Pick(6));
      auto document = *Document::Parse("{\"n\":" + std::to_string(step) + "}");
      bool present = collection.Get(id)->has_value();
      if (!present) {
        ASSERT_TRUE(collection.Create(document, {.id = id}).ok());
      } else if (Pick(3) == 0) {
        ASSERT_TRUE(collection.Delete(id).ok());
      } else {
        ASSERT_TRUE(collection.Replace(id, document).ok());
      }
      if (Pick(12) == 0) {
        ASSERT_TRUE(db->Flush().ok());
      }
    }
    view_ = *TakeView(storage_, clock_.NowMs());
    auto cursor = *OpenHistory(storage_, view_, {});
    EventView event;
    while (*cursor->Next(&event)) events_.push_back(event.Copy());
    ASSERT_EQ(view_.head, static_cast<int64_t>(events_.size()));
  }

  // Behind some of the segments.
  void AddBases() {
    std::vector<SegmentEntry> with_bases;
    int64_t seq = view_.manifest.segments.empty() ? 1 : view_.manifest.segments.back().seq + 1;
    for (const SegmentEntry& entry : view_.manifest.segments) {
      with_bases.push_back(entry);
      if (Pick(2) == 0) continue;
      const Event& last = events_[static_cast<size_t>(entry.max_lsn) - 1];
      auto plan = PlanBase(storage_, view_, {.lsn = last.lsn, .ts_ms = last.ts_ms, .id = last.id}, kNamespaces);
      ASSERT_TRUE(plan.ok()) << plan.status().message();
      auto base = WriteBase(storage_, view_, *plan, storage_, seq++, view_.manifest.database_id, clock_.NowMs());
      ASSERT_TRUE(base.ok()) << base.status().message();
      with_bases.push_back(base->entry);
    }
    view_.manifest.segments = std::move(with_bases);
  }

  int64_t head() const { return view_.head; }
  size_t Pick(size_t count) { return static_cast<size_t>(random_.Next() % count); }

  // A `from` for each namespace, perhaps nothing.
  std::map<std::string, std::optional<int64_t>, std::less<>> DrawFrom(int64_t low, int64_t high) {
    std::map<std::string, std::optional<int64_t>, std::less<>> from;
    for (const std::string& ns : kNamespaces) {
      from[ns] = low + static_cast<int64_t>(Pick(static_cast<size_t>(high - low) + 1));
      if (Pick(5) == 0) from[ns].reset();
    }
    return from;
  }

  // Of a namespace whose `from` is 0 a base does not say what was deleted: nobody could tell it from what never was.
  static void Drop(const std::map<std::string, std::optional<int64_t>, std::less<>>& from, Changes* changes) {
    std::erase_if(*changes, [&](const auto& change) {
      return change.second == "-" && from.at(std::string(NamespaceOfId(change.first))) == 0;
    });
  }

  void Expect(const ChangeRequest& wanted, const std::map<std::string, std::optional<int64_t>, std::less<>>& from) {
    ChangeRequest request = wanted;
    request.from = [&](std::string_view ns) { return from.find(ns)->second; };
    const bool onwards = request.direction == Direction::kOnwards;
    Changes expected;
    for (const Event& event : events_) {
      auto bound = from.find(NamespaceOfTarget(event.target))->second;
      std::string id = TargetToId(event.target);
      if (!bound) continue;
      bool counts = onwards ? event.lsn > *bound && event.lsn <= request.cut
                            : event.lsn > request.cut && event.lsn <= *bound && !expected.contains(id);
      const auto& state = onwards ? event.after : event.before;
      if (counts) expected[id] = state ? std::to_string(event.lsn) + *state : "-";
    }
    LogReads reads;
    request.reads = &reads;
    auto cursor = OpenChanges(storage_, view_, request);
    ASSERT_TRUE(cursor.ok()) << cursor.status().message();
    Changes found;
    Change change;
    std::string last;
    while (*(*cursor)->Next(&change)) {
      ASSERT_LT(last, change.id);
      last = change.id;
      ASSERT_EQ(change.deleted, change.state.empty());
      found[change.id] = change.deleted ? "-" : std::to_string(change.lsn) + change.state;
    }
    ASSERT_EQ(reads.winners, static_cast<int64_t>(found.size()));
    if (onwards) Drop(from, &expected);
    if (onwards) Drop(from, &found);
    ASSERT_EQ(found, expected) << "cut " << request.cut << " of " << head();
  }

 private:
  SeededRandom random_;
  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
  MemoryBackend storage_{disk_};
  ManualClock clock_{1'700'000'000'000};
  View view_;
  std::vector<Event> events_;
};

template <typename Check>
void OfRandomLogs(const Check& check) {
  const char* text = std::getenv("PARQUEDB_TEST_SEED");
  const uint64_t seed = text != nullptr ? std::strtoull(text, nullptr, 10) : SystemRandom().Next() % 1'000'000'000;
  std::printf("PARQUEDB_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  for (uint64_t i = 0; i < 30; ++i) {
    SCOPED_TRACE("PARQUEDB_TEST_SEED=" + std::to_string(seed + i));
    RandomLog log(seed + i);
    log.Write(120);
    if (testing::Test::HasFatalFailure()) return;
    log.AddBases();
    if (testing::Test::HasFatalFailure()) return;
    for (int64_t cut = 0; cut <= log.head(); ++cut) {
      check(log, cut);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(ChangeCursorTest, OnwardsTheNewestEventOfEachEntityTellsWhateverBasesThereAre) {
  OfRandomLogs([](RandomLog& log, int64_t cut) {
    auto from = log.DrawFrom(0, cut);
    if (log.Pick(2) == 0) from["b"] = 0;  // from the beginning, where a base is of use
    log.Expect({.from = {}, .cut = cut, .threads = 1}, from);
  });
}

TEST(ChangeCursorTest, BackTheOldestEventOfEachEntityTells) {
  OfRandomLogs([](RandomLog& log, int64_t cut) {
    auto from = log.DrawFrom(cut, log.head());
    log.Expect({.from = {}, .cut = cut, .farthest = log.head(), .direction = Direction::kBack, .threads = 1}, from);
  });
}

}  // namespace
}  // namespace parquedb
