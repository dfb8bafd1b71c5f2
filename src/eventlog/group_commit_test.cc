// Many threads share a sync, and a failure reaches every one of them.
#include "eventlog/group_commit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <thread>
#include <vector>

#include "eventlog/log_fixture.h"

namespace parquedb {
namespace {

// Counts what arrives; the sync with number `held` waits until `release` is counted down.
class CountingFile : public AppendFile {
 public:
  uint64_t size() const override { return written.size(); }
  Status Append(std::string_view bytes) override {
    written.append(bytes);
    return Status::Ok();
  }
  Status Sync() override {
    int number = ++syncs;
    if (number == 1 && release != nullptr) {
      entered->count_down();
      release->wait();
    }
    synced = written.size();
    return number == fail_at ? IoError("disk gone") : Status::Ok();
  }
  Status Truncate(uint64_t) override { return Status::Ok(); }
  Status Reserve(uint64_t bytes) override {
    reserved += bytes;
    return Status::Ok();
  }
  std::string written;
  size_t synced = 0;
  uint64_t reserved = 0;
  int fail_at = -1;
  std::atomic<int> syncs = 0;
  std::latch* entered = nullptr;
  std::latch* release = nullptr;
};

constexpr int kWaiters = 16;

// One leader is held in its sync while all others queue behind it. Returns what their waits gave.
std::vector<Status> RunGroup(CountingFile* file, GroupCommit* commit) {
  std::latch entered(1), release(1);
  file->entered = &entered;
  file->release = &release;
  std::vector<Status> results(kWaiters + 1);
  EXPECT_TRUE(commit->Enqueue("0", 1).ok());
  std::thread leader([&] { results[0] = commit->Wait(1); });
  entered.wait();
  std::vector<std::thread> waiters;
  for (int64_t i = 1; i <= kWaiters; ++i) {
    EXPECT_TRUE(commit->Enqueue(std::string(1, static_cast<char>('a' + i)), 1 + i).ok());
  }
  for (int64_t i = 1; i <= kWaiters; ++i) {
    waiters.emplace_back([&, i] { results[static_cast<size_t>(i)] = commit->Wait(1 + i); });
  }
  release.count_down();
  leader.join();
  for (std::thread& waiter : waiters) waiter.join();
  return results;
}

TEST(GroupCommitTest, AllThatQueueDuringASyncShareTheNext) {
  auto owned = std::make_unique<CountingFile>();
  CountingFile* file = owned.get();
  GroupCommit commit(Durability::kSync, [](int64_t) {});
  commit.Switch(std::move(owned), 0);
  for (const Status& status : RunGroup(file, &commit)) EXPECT_TRUE(status.ok());
  EXPECT_EQ(file->syncs, 2);
  EXPECT_EQ(file->written, "0bcdefghijklmnopq");
  EXPECT_EQ(file->synced, file->written.size());
  EXPECT_EQ(commit.durable_lsn(), 1 + kWaiters);
}

TEST(GroupCommitTest, AFailedSyncFailsEveryWaiterAndTheWriterStaysStopped) {
  auto owned = std::make_unique<CountingFile>();
  CountingFile* file = owned.get();
  file->fail_at = 2;
  std::vector<int64_t> failures;
  GroupCommit commit(Durability::kSync, [&](int64_t durable) { failures.push_back(durable); });
  commit.Switch(std::move(owned), 0);
  std::vector<Status> results = RunGroup(file, &commit);
  EXPECT_TRUE(results[0].ok());
  for (size_t i = 1; i < results.size(); ++i) EXPECT_EQ(results[i].code(), StatusCode::kIo) << i;
  EXPECT_EQ(failures, std::vector<int64_t>{1});
  EXPECT_EQ(commit.Enqueue("z", 100).code(), StatusCode::kIo);
  EXPECT_EQ(commit.Wait(100).code(), StatusCode::kIo);
  EXPECT_TRUE(commit.Wait(1).ok()) << "what was durable before stays acknowledged";
  EXPECT_EQ(file->syncs, 2) << "a failed sync is never tried again";
}

TEST(GroupCommitTest, ProcessDurabilityWritesAndDoesNotSync) {
  auto owned = std::make_unique<CountingFile>();
  CountingFile* file = owned.get();
  GroupCommit commit(Durability::kProcess, [](int64_t) {});
  commit.Switch(std::move(owned), 0);
  ASSERT_TRUE(commit.Enqueue("abc", 1).ok() && commit.Wait(1).ok());
  EXPECT_EQ(file->written, "abc");
  EXPECT_EQ(file->syncs, 0);
}

TEST(GroupCommitTest, OnlyALongRunningWriterReservesSpace) {
  auto owned = std::make_unique<CountingFile>();
  CountingFile* file = owned.get();
  GroupCommit commit(Durability::kSync, [](int64_t) {});
  commit.Switch(std::move(owned), 0);
  for (int64_t lsn = 1; lsn <= 100; ++lsn) {
    ASSERT_TRUE(commit.Enqueue("x", lsn).ok() && commit.Wait(lsn).ok());
    if (lsn <= 32) {
      ASSERT_EQ(file->reserved, 0u);
    }
  }
  EXPECT_GE(file->reserved, 1024u * 1024u);
  EXPECT_LT(file->reserved, 2u * 1024u * 1024u) << "once for the hundred";
}

// The whole log under threads: stamps are drawn in turn, syncs are shared, nothing is lost or twice there.
TEST_F(LogTest, ManyThreadsWriteOneUnbrokenLog) {
  constexpr int kThreads = 8, kEach = 60;
  ASSERT_TRUE(Open().ok());
  std::mutex turn;
  std::vector<std::thread> threads;
  std::vector<std::vector<int64_t>> acknowledged(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        int64_t lsn = 0;
        {
          std::lock_guard lock(turn);
          auto queued = Queue("t" + std::to_string(t), i);
          ASSERT_TRUE(queued.ok());
          lsn = *queued;
        }
        ASSERT_TRUE(log_->WaitDurable(lsn).ok());
        acknowledged[static_cast<size_t>(t)].push_back(lsn);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  log_.reset();
  SeededRandom random(7);
  disk_->CutPower(random);
  auto events = ReadLog();
  ASSERT_TRUE(events.ok()) << events.status().message();
  ASSERT_EQ(events->size(), static_cast<size_t>(kThreads * kEach));
  for (size_t t = 0; t < acknowledged.size(); ++t) {
    for (size_t i = 0; i < acknowledged[t].size(); ++i) {
      const Event& event = (*events)[static_cast<size_t>(acknowledged[t][i] - 1)];
      ASSERT_EQ(event.target, "docs:t" + std::to_string(t));
      ASSERT_EQ(event.after, TestState(static_cast<int64_t>(i)));
    }
  }
  for (size_t i = 1; i < events->size(); ++i) ASSERT_LT((*events)[i - 1].id, (*events)[i].id);
}

}  // namespace
}  // namespace parquedb
