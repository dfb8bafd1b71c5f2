// For tests of the log: a database on an in-memory disk, and short ways to write and read it.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "eventlog/log_writer.h"
#include "eventlog/view.h"
#include "storage/memory_backend.h"

namespace parquedb {

constexpr int64_t kTestNowMs = 1'700'000'000'000;

// The state text that the nth version of a test entity has.
inline std::string TestState(int64_t n) {
  return "{\"$version\":1,\"$createdAt\":\"2023-11-14T22:13:20.000Z\",\"$updatedAt\":\"2023-11-14T22:13:20.000Z\","
         "\"n\":" +
         std::to_string(n) + "}";
}

inline bool SameEvent(const Event& a, const Event& b) {
  return a.lsn == b.lsn && a.id == b.id && a.ts_ms == b.ts_ms && a.op == b.op && a.target == b.target &&
         a.before == b.before && a.after == b.after && a.actor == b.actor && a.metadata == b.metadata;
}

class LogTest : public testing::Test {
 protected:
  void SetUp() override {
    Status made = InitDatabase(*storage_, "test", clock_, random_);
    ASSERT_TRUE(made.ok()) << made.message();
  }

  LogWriterOptions Options() {
    LogWriterOptions options;
    options.clock = &clock_;
    options.random = &random_;
    options.lock_timeout_ms = 0;
    return options;
  }
  Status Open() {
    log_.reset();
    ASSIGN_OR_RETURN(log_, LogWriter::Open(storage_, Options()));
    return Status::Ok();
  }

  // CREATE docs:{name}, queued but not waited for.
  Result<int64_t> Queue(const std::string& name, int64_t n) {
    ASSIGN_OR_RETURN(EventIdSource::Stamp stamp, log_->Reserve());
    return log_->Enqueue({.lsn = 0,
                          .id = stamp.id.ToString(),
                          .ts_ms = stamp.ts_ms,
                          .op = Op::kCreate,
                          .target = "docs:" + name,
                          .before = {},
                          .after = TestState(n),
                          .actor = "tester",
                          .metadata = {}});
  }
  Status Put(const std::string& name, int64_t n) {
    ASSIGN_OR_RETURN(int64_t lsn, Queue(name, n));
    return log_->WaitDurable(lsn);
  }
  // Puts d{from} .. d{to}.
  void PutRange(int64_t from, int64_t to) {
    for (int64_t n = from; n <= to; ++n) ASSERT_TRUE(Put("d" + std::to_string(n), n).ok()) << n;
  }

  // Every event of the log, as another process reads them.
  Result<std::vector<Event>> ReadLog() const {
    ASSIGN_OR_RETURN(View view, TakeView(*storage_, clock_now()));
    std::vector<Event> events;
    for (const SegmentEntry& entry : view.manifest.segments) {
      ASSIGN_OR_RETURN(auto segment, Segment::Open(*storage_, entry, view.manifest.database_id));
      ASSIGN_OR_RETURN(auto cursor, segment->ScanAll(EventColumns::All()));
      EventView event;
      while (true) {
        ASSIGN_OR_RETURN(bool more, cursor->Next(&event));
        if (!more) break;
        events.push_back(event.Copy());
      }
    }
    events.insert(events.end(), view.tail.begin(), view.tail.end());
    return events;
  }
  // The log holds d1 .. d{count}, in this order, once each, with ascending stamps.
  void ExpectRange(int64_t count) const {
    auto events = ReadLog();
    ASSERT_TRUE(events.ok()) << events.status().message();
    ASSERT_EQ(static_cast<int64_t>(events->size()), count);
    for (int64_t n = 1; n <= count; ++n) {
      const Event& event = (*events)[static_cast<size_t>(n - 1)];
      ASSERT_EQ(event.lsn, n);
      ASSERT_EQ(event.target, "docs:d" + std::to_string(n));
      ASSERT_EQ(event.after, TestState(n));
      if (n == 1) continue;
      const Event& before = (*events)[static_cast<size_t>(n - 2)];
      ASSERT_LT(before.id, event.id);
      ASSERT_LE(before.ts_ms, event.ts_ms);
    }
  }

  int64_t clock_now() const { return const_cast<ManualClock&>(clock_).NowMs(); }
  std::vector<std::string> Paths(const std::string& prefix) const {
    std::vector<std::string> paths;
    for (const std::string& path : disk_->Paths()) {
      if (path.starts_with(prefix)) paths.push_back(path);
    }
    return paths;
  }
  std::map<std::string, std::string> Contents() const {
    std::map<std::string, std::string> contents;
    for (const std::string& path : disk_->Paths()) contents[path] = disk_->Content(path);
    return contents;
  }

  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
  std::shared_ptr<StorageBackend> storage_ = std::make_shared<MemoryBackend>(disk_);
  ManualClock clock_{kTestNowMs};
  SeededRandom random_{1};
  std::unique_ptr<LogWriter> log_;
};

}  // namespace parquedb
