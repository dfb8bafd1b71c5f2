// Some namespaces become a database of their own: what it holds is what the source held at the cut, at every cut; it
// goes on, can be taken apart again, and a crash anywhere in between leaves nothing that opens as half of it.
#include "restore/namespace_pull.h"

#include "database/scripted_workload.h"
#include "eventlog/manifest_file.h"

namespace parquedb {
namespace {

using DiskPtr = std::shared_ptr<MemoryDisk>;
constexpr int64_t kNowMs = 1'900'000'000'000;

struct Source {
  MemoryBackend storage;
  View view;
};

Result<std::unique_ptr<Source>> Open(const DiskPtr& disk) {
  auto source = std::make_unique<Source>(Source{MemoryBackend(disk), {}});
  ASSIGN_OR_RETURN(source->view, TakeView(source->storage, kNowMs, {.pin_all = true, .namespaces = {}}));
  return source;
}

Result<TestDocuments> StateOf(const Source& source, int64_t lsn, const std::vector<std::string>& namespaces) {
  return ReadDocuments(source.storage, source.view, {.cut = lsn, .namespaces = namespaces});
}

Status PullNamespaces(const DiskPtr& from, int64_t lsn, const std::vector<std::string>& namespaces, const DiskPtr& to) {
  ASSIGN_OR_RETURN(auto source, Open(from));
  ASSIGN_OR_RETURN(Cut cut,
                   ResolveInstant(source->storage, source->view, "lsn:" + std::to_string(lsn), source->view.taken_ms));
  ASSIGN_OR_RETURN(NamespacePullPlan plan, PlanNamespacePull(source->storage, source->view, cut, namespaces));
  ManualClock clock(kNowMs);
  return ExecuteNamespacePull(source->storage, source->view, plan, std::make_shared<MemoryBackend>(to), "some", clock)
      .status();
}

class NamespacePullTest : public testing::Test {
 protected:
  void SetUp() override {
    ScriptedDatabase db(disk_);
    ASSERT_TRUE(RunWrites(db).ok());
    ASSERT_TRUE(db.Import("x").ok());
    ASSERT_TRUE(db.Flush().ok());
    ASSERT_TRUE(db.Remove("a").ok());
  }
  DiskPtr disk_ = std::make_shared<MemoryDisk>();
};

TEST_F(NamespacePullTest, HoldsAtEveryCutWhatTheSourceHeldThere) {
  auto source = Open(disk_);
  ASSERT_TRUE(source.ok());
  for (int64_t lsn = 0; lsn <= (*source)->view.head; ++lsn) {
    for (const std::vector<std::string>& namespaces : {std::vector<std::string>{"docs"}, {"other", "docs"}, {"imp"}}) {
      auto target = std::make_shared<MemoryDisk>();
      Status pulled = PullNamespaces(disk_, lsn, namespaces, target);
      ASSERT_TRUE(pulled.ok()) << lsn << ": " << pulled.message();
      EXPECT_EQ(Text(*ReadDocuments(target)), Text(*StateOf(**source, lsn, namespaces))) << lsn;
      auto fresh = Open(target);
      ASSERT_TRUE(fresh.ok());
      EXPECT_EQ((*fresh)->view.head, lsn);
      EXPECT_NE((*fresh)->view.manifest.database_id, (*source)->view.manifest.database_id);
      ASSERT_TRUE((*fresh)->view.manifest.forked_from);
      EXPECT_EQ((*fresh)->view.manifest.forked_from->database_id, (*source)->view.manifest.database_id);
      EXPECT_EQ((*fresh)->view.manifest.forked_from->namespaces, namespaces);
    }
  }
}

TEST_F(NamespacePullTest, ADatabaseThatBeginsWithABaseGoesOnAndIsTakenApartAgain) {
  auto first = std::make_shared<MemoryDisk>(), second = std::make_shared<MemoryDisk>();
  auto source = Open(disk_);
  ASSERT_TRUE(source.ok());
  const int64_t head = (*source)->view.head;
  ASSERT_TRUE(PullNamespaces(disk_, head, {"docs", "other", "imp"}, first).ok());
  ScriptedDatabase db(first);
  ASSERT_TRUE(db.Open().ok());
  db.clock().Advance(kNowMs - db.clock().NowMs());
  db.acknowledged = *ReadDocuments(first);
  ASSERT_TRUE(db.Put("new", 1).ok());
  ASSERT_TRUE(db.Flush().ok());
  ASSERT_TRUE(db.Remove("c").ok());
  EXPECT_EQ(Text(*ReadDocuments(first)), Text(db.acknowledged));
  for (int64_t lsn = head; lsn <= head + 2; ++lsn) {
    auto forked = Open(first);
    ASSERT_TRUE(forked.ok());
    second = std::make_shared<MemoryDisk>();
    Status pulled = PullNamespaces(first, lsn, {"docs", "imp"}, second);
    ASSERT_TRUE(pulled.ok()) << pulled.message();
    EXPECT_EQ(Text(*ReadDocuments(second)), Text(*StateOf(**forked, lsn, {"docs", "imp"}))) << lsn;
  }
  EXPECT_EQ(PullNamespaces(first, head - 1, {"docs"}, second).code(), StatusCode::kOutsideWindow);
}

TEST_F(NamespacePullTest, AnUnknownNamespaceIsNamedBesideThoseThatThereAre) {
  auto target = std::make_shared<MemoryDisk>();
  Status pulled = PullNamespaces(disk_, 3, {"docs", "nope"}, target);
  EXPECT_EQ(pulled.code(), StatusCode::kNotFound);
  EXPECT_NE(pulled.message().find("nope"), std::string::npos);
  EXPECT_NE(pulled.hint().find("docs, imp, other"), std::string::npos) << pulled.hint();
  EXPECT_TRUE(target->Paths().empty());
}

// The folder is no database, or it holds everything; the same command run again makes it whole.
void ExpectWholeOrNothing(const DiskPtr& source, const DiskPtr& target, const TestDocuments& wanted,
                          const std::string& where) {
  MemoryBackend storage(target);
  auto view = TakeView(storage, kNowMs);
  if (view.ok()) {
    EXPECT_EQ(Text(*ReadDocuments(target)), Text(wanted)) << where;
  } else {
    EXPECT_TRUE(view.status().code() == StatusCode::kNotFound || view.status().code() == StatusCode::kUnsupported)
        << where << ": " << view.status().message();
    Status again = PullNamespaces(source, 9, {"docs", "other"}, target);
    ASSERT_TRUE(again.ok()) << where << ": " << again.message();
    ASSERT_EQ(Text(*ReadDocuments(target)), Text(wanted)) << where;
  }
  ScriptedDatabase db(target);
  Status opened = db.Open();
  ASSERT_TRUE(opened.ok()) << where << ": " << opened.message();
  db.clock().Advance(kNowMs - db.clock().NowMs());
  db.acknowledged = wanted;
  ASSERT_TRUE(db.Put("after", 1).ok()) << where;
  ASSERT_TRUE(db.Checkpoint().ok()) << where;
  EXPECT_EQ(Text(*ReadDocuments(target)), Text(db.acknowledged)) << where;
}

TEST_F(NamespacePullTest, ACrashAnywhereLeavesAWholeDatabaseOrNone) {
  std::printf("seed %llu\n", static_cast<unsigned long long>(RunSeed()));
  auto whole = std::make_shared<MemoryDisk>();
  ASSERT_TRUE(PullNamespaces(disk_, 9, {"docs", "other"}, whole).ok());
  const int64_t operations = whole->operations();
  const TestDocuments wanted = *ReadDocuments(whole);
  ASSERT_GT(operations, 20);
  for (int64_t at = 0; at < operations && !HasFatalFailure(); ++at) {
    for (bool power : {false, true}) {
      auto target = std::make_shared<MemoryDisk>();
      target->SetFaults({.crash_at = at});
      bool acknowledged = PullNamespaces(disk_, 9, {"docs", "other"}, target).ok();
      ASSERT_TRUE(target->crashed());
      SeededRandom random(RunSeed() + static_cast<uint64_t>(at));
      power ? target->CutPower(random) : target->EndProcess();
      // What tidies up may fail behind the last step that counts.
      if (acknowledged) {
        ASSERT_EQ(Text(*ReadDocuments(target)), Text(wanted)) << at;
      }
      ExpectWholeOrNothing(disk_, target, wanted, (power ? "power cut at " : "process ends at ") + std::to_string(at));
    }
  }
}

}  // namespace
}  // namespace parquedb
