// Compaction and retirement on a disk that crashes at every operation: the log is as it was or as it becomes, every
// instant of the window answers the same before, after and for who reads meanwhile, and the next run ends the work.
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "core/test_hooks.h"
#include "database/scripted_workload.h"
#include "eventlog/manifest_file.h"
#include "parquedb/verify.h"

namespace parquedb {
namespace {

constexpr int64_t kReaderMs = 1'900'000'000'000;

struct CompactionCase {
  const char* name;
  bool retires;
  const char* base_bytes;  // as kBaseBytesVariable
};

class CompactionCrashTest : public testing::TestWithParam<CompactionCase> {
 protected:
  using States = std::map<int64_t, TestDocuments>;  // by lsn

  void SetUp() override {
    ::setenv(kBaseBytesVariable, GetParam().base_bytes, 1);
    ScriptedDatabase db(disk_);
    ASSERT_TRUE(Fill(db).ok());
    db.Close();
    auto view = TakeView(MemoryBackend(disk_), kReaderMs, {.pin_all = true});
    ASSERT_TRUE(view.ok());
    head_ = view->head;
    floor_ms_ = view->manifest.segments.back().min_ts_ms;
    states_ = StatesOf(MemoryBackend(disk_), *view);
    ASSERT_EQ(static_cast<int64_t>(states_.size()), head_ + 1);
  }
  void TearDown() override { ::unsetenv(kBaseBytesVariable); }

  // Five segments, deletions, links, a checkpoint between them, and a tail.
  static Status Fill(ScriptedDatabase& db) {
    RETURN_IF_ERROR(db.Open());
    for (int round = 0; round < 4; ++round) {
      RETURN_IF_ERROR(db.Put("a", round));
      RETURN_IF_ERROR(db.Put("b" + std::to_string(round), round));
      RETURN_IF_ERROR(db.Batch("m" + std::to_string(round), round));
      if (round > 0) RETURN_IF_ERROR(db.Remove("b" + std::to_string(round - 1)));
      RETURN_IF_ERROR(db.Link("a", "docs/b" + std::to_string(round)));
      RETURN_IF_ERROR(round == 2 ? db.Checkpoint() : db.Flush());
    }
    RETURN_IF_ERROR(db.Checkpoint());
    RETURN_IF_ERROR(db.Put("c", 1));
    RETURN_IF_ERROR(db.Flush());
    return db.Put("d", 2);
  }

  // What is on the disk, durable, on another one.
  std::shared_ptr<MemoryDisk> Copy() const {
    auto copy = std::make_shared<MemoryDisk>();
    MemoryBackend target(copy);
    for (const std::string& path : disk_->Paths()) EXPECT_TRUE(target.Write(path, disk_->Content(path)).ok());
    return copy;
  }

  Status Compact(const std::shared_ptr<MemoryDisk>& disk) const {
    ScriptedDatabase db(disk);
    db.clock().Advance(100'000);
    RETURN_IF_ERROR(db.Open());
    CompactionRequest request;
    if (GetParam().retires) request.floor_ms = floor_ms_;
    return db.db().state().Compact(request, false).status();
  }

  static States StatesOf(const StorageBackend& storage, const View& view) {
    States states;
    for (int64_t lsn = view.manifest.compacted_through; lsn <= view.head; ++lsn) {
      auto documents = ReadDocuments(storage, view, {.cut = lsn});
      EXPECT_TRUE(documents.ok()) << documents.status().message();
      if (documents.ok()) states[lsn] = *documents;
    }
    return states;
  }

  // The whole window, as a reader sees it; it begins where it did, or at the cut.
  void ExpectAnswers(const StorageBackend& storage, const View& view, const std::string& where) const {
    ASSERT_EQ(view.head, head_) << where;
    for (const auto& [lsn, documents] : StatesOf(storage, view)) {
      ASSERT_EQ(Text(documents), Text(states_.at(lsn))) << where << ", lsn " << lsn;
    }
  }
  void ExpectAnswers(const std::shared_ptr<MemoryDisk>& disk, const std::string& where) const {
    auto view = TakeView(MemoryBackend(disk), kReaderMs, {.pin_all = true, .check_segments = true});
    ASSERT_TRUE(view.ok()) << where << ": " << view.status().message();
    ExpectAnswers(MemoryBackend(disk), *view, where);
  }

  static void ExpectProved(const std::shared_ptr<MemoryDisk>& disk, const std::string& where) {
    MemoryBackend storage(disk);
    auto result = Verify(storage, {.level = VerifyLevel::kReplay, .now_ms = kReaderMs});
    ASSERT_TRUE(result.ok()) << where << ": " << result.status().message();
    ASSERT_TRUE(result->passed) << where << ": " << result->errors[0];
  }

  // Readable as it lies there; after the next run compact, proved, and without litter.
  void ExpectMended(const std::shared_ptr<MemoryDisk>& disk, const std::string& where) const {
    ExpectAnswers(disk, where);
    if (HasFatalFailure()) return;
    ExpectProved(disk, where);
    if (HasFatalFailure()) return;
    Status again = Compact(disk);
    ASSERT_TRUE(again.ok()) << where << ": " << again.message();
    ExpectAnswers(disk, where + ", run again");
    if (HasFatalFailure()) return;
    ExpectProved(disk, where + ", run again");
    const EventManifest manifest = *ReadEventManifest(MemoryBackend(disk));
    ASSERT_EQ(manifest.compacted_through > 0, GetParam().retires) << where;
    std::set<std::string> named = {"events/manifest.json"}, found;
    for (const SegmentEntry& entry : manifest.segments) named.insert(entry.path);
    for (const std::string& path : disk->Paths()) {
      if (path.starts_with("events/")) found.insert(path);
    }
    ASSERT_EQ(found, named) << where;
  }

  int64_t CountOperations() const {
    auto disk = Copy();
    const int64_t before = disk->operations();
    Status done = Compact(disk);
    const int64_t operations = disk->operations() - before;
    EXPECT_TRUE(done.ok()) << done.message();
    ExpectMended(disk, "without a fault");
    return operations;
  }

  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
  States states_;
  int64_t head_ = 0, floor_ms_ = 0;
};

TEST_P(CompactionCrashTest, AfterAnEndOfTheProcessOrThePowerAnywhereEveryInstantAnswersTheSame) {
  const int64_t operations = CountOperations();
  ASSERT_GT(operations, 20);
  std::printf("seed %llu, %lld operations\n", static_cast<unsigned long long>(RunSeed()),
              static_cast<long long>(operations));
  for (int64_t at = 0; at < operations && !HasFatalFailure(); ++at) {
    for (uint64_t seed = 0; seed <= CrashSeeds() && !HasFatalFailure(); ++seed) {
      const std::string where = "operation " + std::to_string(at) + ", seed " + std::to_string(RunSeed() + seed);
      auto disk = Copy();
      // Somebody reads since before it began.
      MemoryBackend storage(disk);
      auto reader = TakeView(storage, kReaderMs, {.pin_all = true});
      ASSERT_TRUE(reader.ok());
      disk->SetFaults({.crash_at = disk->operations() + at});
      ASSERT_FALSE(Compact(disk).ok()) << where;
      disk->EndProcess();
      if (seed > 0) {
        SeededRandom random(RunSeed() + seed);
        disk->CutPower(random);
      } else {
        ExpectAnswers(storage, *reader, where + ", a reader");
        ASSERT_FALSE(HasFatalFailure());
      }
      ExpectMended(disk, where);
    }
  }
}

TEST_P(CompactionCrashTest, AnErrorAnywhereIsReportedAndHarmless) {
  const int64_t operations = CountOperations();
  for (bool sticky : {false, true}) {
    for (int64_t at = 0; at < operations && !HasFatalFailure(); ++at) {
      const std::string where = std::string(sticky ? "sticky" : "single") + " error at operation " + std::to_string(at);
      auto disk = Copy();
      disk->SetFaults({.crash_at = -1,
                       .fail_at = disk->operations() + at,
                       .sticky = sticky,
                       .error = IoError("injected: no space left")});
      Status done = Compact(disk);
      if (sticky) {
        ASSERT_FALSE(done.ok()) << where;
      }
      if (!done.ok()) {
        ASSERT_EQ(done.code(), StatusCode::kIo) << where << ": " << done.message();
      }
      disk->EndProcess();
      ExpectMended(disk, where);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Compactions, CompactionCrashTest,
                         testing::Values(CompactionCase{"Merges", false, "1000000000"},
                                         CompactionCase{"MergesBetweenBases", false, "4000"},
                                         CompactionCase{"Retires", true, "1000000000"},
                                         CompactionCase{"RetiresToABase", true, "0"}),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace parquedb
