// When a log gets bases, and what they hold.
#include "maintenance/base_schedule.h"

#include <cstdlib>

#include "core/test_hooks.h"
#include "eventlog/log_fixture.h"
#include "replay/state.h"

namespace parquedb {
namespace {

class BaseScheduleTest : public LogTest {
 protected:
  void SetUp() override {
    LogTest::SetUp();
    ASSERT_TRUE(Open().ok());
    ::setenv(kBaseBytesVariable, "1", 1);
  }
  void TearDown() override { ::unsetenv(kBaseBytesVariable); }

  // docs:{name} from n to m; nothing: a deletion.
  void Change(const std::string& name, int64_t from, std::optional<int64_t> to) {
    clock_.Advance(1);
    auto stamp = log_->Reserve();
    ASSERT_TRUE(stamp.ok());
    Event event{.id = stamp->id.ToString(), .ts_ms = stamp->ts_ms, .op = to ? Op::kUpdate : Op::kDelete};
    event.target = "docs:" + name;
    event.before = TestState(from);
    if (to) event.after = TestState(*to);
    auto lsn = log_->Enqueue(std::move(event));
    ASSERT_TRUE(lsn.ok() && log_->WaitDurable(*lsn).ok());
  }
  int64_t FlushAndAdd() {
    EXPECT_TRUE(log_->Flush().ok());
    auto added = schedule_.AddDue(*log_);
    EXPECT_TRUE(added.ok()) << added.status().message();
    return added.ok() ? *added : -1;
  }
  // "e1-4 b4 e5-9": the segments, and the bases with their cuts.
  std::string Layout() const {
    std::string text;
    for (const SegmentEntry& entry : log_->manifest().segments) {
      text += text.empty() ? "" : " ";
      text += entry.is_base ? "b" + std::to_string(entry.max_lsn)
                            : "e" + std::to_string(entry.min_lsn) + "-" + std::to_string(entry.max_lsn);
    }
    return text;
  }

  BaseSchedule schedule_;
};

TEST_F(BaseScheduleTest, ALogThatOnlyCreatesGetsNone) {
  PutRange(1, 300);
  EXPECT_EQ(FlushAndAdd(), 0);
  PutRange(301, 600);
  EXPECT_EQ(FlushAndAdd(), 0);
  EXPECT_EQ(Layout(), "e1-300 e301-600");
}

TEST_F(BaseScheduleTest, EventsThatExceedTwiceTheStateGetOne) {
  PutRange(1, 2);
  for (int64_t n = 1; n <= 300; ++n) Change("d1", n, n + 1);
  EXPECT_EQ(FlushAndAdd(), 1);
  EXPECT_EQ(Layout(), "e1-302 b302");
  EXPECT_EQ(FlushAndAdd(), 0) << "nothing has come since";
  for (int64_t n = 301; n <= 600; ++n) Change("d1", n, n + 1);
  EXPECT_EQ(FlushAndAdd(), 1);
  EXPECT_EQ(Layout(), "e1-302 b302 e303-602 b602");
  EXPECT_EQ(log_->manifest().total_events, 602) << "bases do not count";
  EXPECT_EQ(log_->manifest().compacted_through, 0) << "nor do they narrow the window";
}

TEST_F(BaseScheduleTest, AShortLogGetsNone) {
  ::unsetenv(kBaseBytesVariable);
  PutRange(1, 1);
  for (int64_t n = 1; n <= 300; ++n) Change("d1", n, n + 1);
  EXPECT_EQ(FlushAndAdd(), 0);
}

TEST_F(BaseScheduleTest, SegmentsThatWereWrittenBeforeGetTheirsInOneGo) {
  for (int64_t round = 0; round < 3; ++round) {
    if (round == 0) PutRange(1, 1);
    for (int64_t n = 1; n <= 300; ++n) Change("d1", round * 300 + n, round * 300 + n + 1);
    ASSERT_TRUE(log_->Flush().ok());
  }
  EXPECT_EQ(FlushAndAdd(), 3);
  EXPECT_EQ(Layout(), "e1-301 b301 e302-601 b601 e602-901 b901");
  ASSERT_TRUE(Open().ok()) << "the numbers do not ascend, and are right all the same";
  EXPECT_EQ(log_->head(), 901);
}

TEST_F(BaseScheduleTest, ABaseHoldsTheLastEventOfEachThatIsAlive) {
  PutRange(1, 3);
  Change("d2", 2, 20);
  Change("d3", 3, std::nullopt);
  ::setenv(kBaseBytesVariable, "0", 1);
  EXPECT_EQ(FlushAndAdd(), 1);
  const SegmentEntry& entry = log_->manifest().segments.back();
  auto events = ReadLog();
  ASSERT_TRUE(events.ok()) << events.status().message();
  ASSERT_EQ(events->size(), 7u);
  const Event& d1 = (*events)[5];
  const Event& d2 = (*events)[6];
  EXPECT_TRUE(SameEvent(d1, (*events)[0])) << "as it was written; its `before` was null already";
  Event last = (*events)[3];
  last.before.reset();
  EXPECT_TRUE(SameEvent(d2, last));
  EXPECT_EQ(entry.min_ts_ms, (*events)[4].ts_ms) << "its time is that of its cut";
  auto base = Segment::Open(*storage_, entry, log_->manifest().database_id);
  ASSERT_TRUE(base.ok());
  EXPECT_EQ((*base)->footer().cut_id, (*events)[4].id);
  EXPECT_EQ((*base)->footer().digest, log_->Digest()->Hex());
}

// A deletion behind a base, and one in front of it: neither may bring the record back, wherever the reading begins.
TEST_F(BaseScheduleTest, StatesAreTheSameWithAndWithoutBases) {
  ::setenv(kBaseBytesVariable, "0", 1);
  PutRange(1, 3);
  Change("d1", 1, std::nullopt);
  ASSERT_EQ(FlushAndAdd(), 1);
  Change("d2", 2, std::nullopt);
  Change("d3", 3, 30);
  ASSERT_EQ(FlushAndAdd(), 1);
  PutRange(4, 4);
  auto view = TakeView(*storage_, clock_now());
  ASSERT_TRUE(view.ok());
  View without = *view;
  std::erase_if(without.manifest.segments, [](const SegmentEntry& entry) { return entry.is_base; });
  for (int64_t cut = 0; cut <= view->head; ++cut) {
    for (const char* name : {"d1", "d2", "d3", "d4"}) {
      const std::string id = std::string("docs/") + name;
      auto found = EntityLookup(*storage_, *view).FindState(id, cut);
      auto expected = EntityLookup(*storage_, without).FindState(id, cut);
      ASSERT_TRUE(found.ok() && expected.ok());
      EXPECT_EQ(*found, *expected) << id << " at " << cut;
    }
  }
}

}  // namespace
}  // namespace parquedb
