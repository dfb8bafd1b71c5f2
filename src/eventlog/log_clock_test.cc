// Clocks that fall, stand still and jump; ids across writers.
#include "core/limits.h"
#include "eventlog/log_fixture.h"

namespace parquedb {
namespace {

// Every stamp of the log is behind the one before.
void ExpectAscending(const std::vector<Event>& events) {
  for (size_t i = 1; i < events.size(); ++i) {
    ASSERT_GE(events[i].ts_ms, events[i - 1].ts_ms) << i;
    ASSERT_GT(events[i].id, events[i - 1].id) << i;
  }
  for (const Event& event : events) ASSERT_EQ(Ulid::Parse(event.id)->ts_ms(), event.ts_ms);
}

TEST_F(LogTest, AClockThatFallsAMinuteKeepsTheLastTs) {
  ASSERT_TRUE(Open().ok());
  PutRange(1, 1);
  clock_.Advance(-kMaxClockRegressionMs);
  PutRange(2, 2);
  auto events = ReadLog();
  EXPECT_EQ((*events)[1].ts_ms, kTestNowMs);
  ExpectAscending(*events);
}

TEST_F(LogTest, AClockFurtherBehindRefusesWrites) {
  ASSERT_TRUE(Open().ok());
  PutRange(1, 1);
  clock_.Advance(-kMaxClockRegressionMs - 1);
  EXPECT_EQ(log_->Reserve().status().code(), StatusCode::kBusy);
  ASSERT_TRUE(Open().ok()) << "reading and recovering need no clock";
  EXPECT_EQ(log_->Reserve().status().code(), StatusCode::kBusy);
  auto nothing = [](LogWriter::BatchSink&) { return Status::Ok(); };
  EXPECT_EQ(log_->DirectBatch(nothing).code(), StatusCode::kBusy);
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(log_->Flush().ok());
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(log_->Reserve().status().code(), StatusCode::kBusy) << "the last event's time is read from the segment";
  ExpectRange(1);
}

TEST_F(LogTest, AcceptClockGoesOnWithTheLastTs) {
  ASSERT_TRUE(Open().ok());
  PutRange(1, 1);
  log_.reset();
  clock_.Advance(-86'400'000);
  LogWriterOptions options = Options();
  options.accept_clock = true;
  auto log = LogWriter::Open(storage_, options);
  ASSERT_TRUE(log.ok());
  log_ = std::move(*log);
  PutRange(2, 3);
  auto events = ReadLog();
  EXPECT_EQ(events->back().ts_ms, kTestNowMs);
  ExpectAscending(*events);
}

TEST_F(LogTest, IdsAscendAcrossWritersWithinOneMillisecond) {
  for (int64_t n = 1; n <= 6; ++n) {
    ASSERT_TRUE(Open().ok());
    PutRange(n, n);
    if (n == 3) {
      ASSERT_TRUE(log_->Flush().ok());
    }
  }
  auto events = ReadLog();
  EXPECT_EQ(events->back().ts_ms, kTestNowMs);
  ExpectAscending(*events);
  for (size_t i = 1; i < events->size(); ++i) {
    EXPECT_EQ((*events)[i].id, Ulid::Parse((*events)[i - 1].id)->Plus(1)->ToString());
  }
}

TEST_F(LogTest, TheLastIdOfAMillisecondIsFollowedByTheNextMillisecond) {
  ASSERT_TRUE(Open().ok());
  std::vector<Event> batch(1);
  batch[0].id = Ulid::Max(kTestNowMs).ToString();
  batch[0].ts_ms = kTestNowMs;
  batch[0].target = "docs:d1";
  batch[0].after = TestState(1);
  auto lsn = log_->EnqueueBatch(batch);
  ASSERT_TRUE(lsn.ok() && log_->WaitDurable(*lsn).ok());
  ASSERT_TRUE(Open().ok());
  PutRange(2, 2);
  auto events = ReadLog();
  EXPECT_EQ(events->back().ts_ms, kTestNowMs + 1);
  ExpectAscending(*events);
}

TEST_F(LogTest, RandomClocksNeverMakeTimeFall) {
  const uint64_t seed = static_cast<uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("--gtest_random_seed=" + std::to_string(seed));
  SeededRandom random(seed);
  int64_t refused = 0, written = 0;
  ASSERT_TRUE(Open().ok());
  for (int step = 0; step < 2000; ++step) {
    if (step % 50 == 49) {
      ASSERT_TRUE(Open().ok());
    }
    if (step % 300 == 299) {
      ASSERT_TRUE(log_->Flush().ok());
    }
    switch (random.Next() % 4) {
      case 0:
        clock_.Advance(static_cast<int64_t>(random.Next() % 2000));
        break;
      case 1:
        clock_.Advance(-static_cast<int64_t>(random.Next() % 1000));
        break;
      case 2:
        clock_.Advance(static_cast<int64_t>(random.Next() % 140'000) - 70'000);
        break;
      default:
        break;
    }
    int64_t newest = log_->ids().last() ? log_->ids().last()->ts_ms() : 0;
    Status put = Put("d", step);
    bool behind = clock_.NowMs() < newest - kMaxClockRegressionMs;
    ASSERT_EQ(put.code(), behind ? StatusCode::kBusy : StatusCode::kOk) << step;
    ++(behind ? refused : written);
    if (behind) clock_.Set(newest);
  }
  auto events = ReadLog();
  ASSERT_TRUE(events.ok());
  EXPECT_EQ(static_cast<int64_t>(events->size()), written);
  EXPECT_GT(refused, 0);
  ExpectAscending(*events);
}

}  // namespace
}  // namespace parquedb
