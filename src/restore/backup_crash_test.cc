// Backups on disks that crash: at every operation of a push, of a pull into a new folder and of a pull into a copy, the
// process ends, the power goes or the disk refuses. A reader sees the old state or the new one; the command run again
// converges; what was acknowledged outlives a second power cut.
#include <algorithm>

#include "collection/data_file.h"
#include "collection/rels_file.h"
#include "database/scripted_workload.h"
#include "model/layout.h"
#include "repository/pull.h"
#include "repository/push.h"
#include "repository/snapshot_backend.h"

namespace parquedb {
namespace {

using DiskPtr = std::shared_ptr<MemoryDisk>;
constexpr int64_t kPushMs = 1'800'000'000'000;

DiskPtr CloneOf(const MemoryDisk& disk) {
  auto clone = std::make_shared<MemoryDisk>();
  MemoryBackend storage(clone);
  for (const std::string& path : disk.Paths()) EXPECT_TRUE(storage.Write(path, disk.Content(path)).ok());
  clone->EndProcess();  // operations count from here
  return clone;
}

Status Push(const DiskPtr& database, const DiskPtr& repository_disk) {
  MemoryBackend storage(database);
  ASSIGN_OR_RETURN(View view, TakeView(storage, kPushMs, {.pin_all = true, .namespaces = {}}));
  ManualClock clock(kPushMs);
  ASSIGN_OR_RETURN(auto repository, Repository::OpenOrCreate(std::make_shared<MemoryBackend>(repository_disk), clock));
  PushRequest request;
  request.slug = "shop";
  request.now_ms = kPushMs;
  ASSIGN_OR_RETURN(PushPlan plan, PlanPush(storage, view, *repository, request));
  return ExecutePush(storage, view, *repository, request, std::move(plan)).status();
}

Result<PullSource> NewestBackup(const DiskPtr& repository_disk) {
  auto storage = std::make_shared<MemoryBackend>(repository_disk);
  ASSIGN_OR_RETURN(auto repository, Repository::Open(storage));
  ASSIGN_OR_RETURN(auto newest, repository->Newest("shop"));
  if (!newest) return NotFound("no backup");
  ASSIGN_OR_RETURN(FileManifest snapshot, repository->ReadSnapshot(newest->snapshot));
  return PullSource{storage, std::move(snapshot), "shop", newest->instant_ms};
}

// What the newest backup holds, read in place.
Result<TestDocuments> ReadBackup(const DiskPtr& repository_disk) {
  ASSIGN_OR_RETURN(PullSource source, NewestBackup(repository_disk));
  return ReadDocuments(SnapshotBackend(source.repository, source.snapshot, source.name));
}

// As the command line does: a folder with a database is a copy, any other is new.
Status Pull(const PullSource& source, const DiskPtr& target) {
  MemoryBackend storage(target);
  ASSIGN_OR_RETURN(auto restoring, storage.Stat(kRestoringPath));
  ASSIGN_OR_RETURN(auto manifest, storage.Stat(kEventManifestPath));
  if (!manifest || restoring) return PullIntoNew(source, storage, false).status();
  ScriptedDatabase db(target);
  RETURN_IF_ERROR(db.Open());
  return PullIntoCopy(source, db.db().state().storage(), kPushMs, false).status();
}

// Every derived file that the manifest names is there and goes as far as the manifest says.
void ExpectDerivedFilesFit(const DiskPtr& disk, const std::string& where) {
  MemoryBackend storage(disk);
  auto view = TakeView(storage, kPushMs, {.pin_all = true, .namespaces = {}});
  ASSERT_TRUE(view.ok()) << where << ": " << view.status().message();
  for (const auto& [path, through] : view->files) {
    auto name = ParsePath(path);
    auto handle = storage.Open(path);
    ASSERT_TRUE(handle.ok()) << where << ": " << path;
    if (name->kind == FileKind::kData) {
      auto file = DataFile::Open(std::move(*handle), path, view->manifest.database_id);
      ASSERT_TRUE(file.ok() && (*file)->footer().through == through) << where << ": " << path;
    } else {
      auto file = RelsFile::Open(std::move(*handle), path, view->manifest.database_id);
      ASSERT_TRUE(file.ok() && (*file)->through() == through) << where << ": " << path;
    }
  }
}

struct BackupCase {
  const char* name;
  Script more;  // what happens between the first backup and the second
};

Status MoreInTheWal(ScriptedDatabase& db) {
  RETURN_IF_ERROR(db.Put("f", 8));
  return db.Batch("n", 9);
}
Status MoreInSegments(ScriptedDatabase& db) {
  RETURN_IF_ERROR(db.Put("f", 8));
  RETURN_IF_ERROR(db.Flush());
  RETURN_IF_ERROR(db.Import("z"));
  RETURN_IF_ERROR(db.Flush());
  return db.Remove("a");
}
Status MoreInDataFiles(ScriptedDatabase& db) {
  RETURN_IF_ERROR(db.Link("d", "docs/a"));
  RETURN_IF_ERROR(db.Remove("c"));
  RETURN_IF_ERROR(db.Checkpoint());
  return db.Put("a", 10);
}

class BackupCrashTest : public testing::TestWithParam<BackupCase> {
 protected:
  void SetUp() override {
    std::printf("seed %llu\n", static_cast<unsigned long long>(RunSeed()));
    ScriptedDatabase db(database_);
    ASSERT_TRUE(RunWrites(db).ok());
    old_ = db.acknowledged;
    ASSERT_TRUE(Push(database_, repository_).ok());
    Status more = GetParam().more(db);
    ASSERT_TRUE(more.ok()) << more.message();
    new_ = db.acknowledged;
    ASSERT_NE(old_, new_);
  }

  // `body` at every operation of a fresh `clone`, as an ended process, a power cut and an error that passes or stays.
  // `check` sees the disk afterwards.
  using Body = std::function<Status(const DiskPtr&)>;
  using Check = std::function<void(const DiskPtr&, const std::string& where)>;
  void CrashEverywhere(const MemoryDisk& start, const Body& body, const Check& check) {
    DiskPtr whole = CloneOf(start);
    Status status = body(whole);
    ASSERT_TRUE(status.ok()) << status.message();
    const int64_t operations = whole->operations();
    ASSERT_GT(operations, 10);
    for (int64_t at = 0; at < operations && !HasFatalFailure(); ++at) {
      Crash(start, body, check, at);
      for (bool sticky : {false, true}) Fail(start, body, check, {.crash_at = -1, .fail_at = at, .sticky = sticky});
    }
  }

  void PullIntoCopyEverywhere(const MemoryDisk& copy, const TestDocuments& before);

  DiskPtr database_ = std::make_shared<MemoryDisk>(), repository_ = std::make_shared<MemoryDisk>();
  TestDocuments old_, new_;

 private:
  void Crash(const MemoryDisk& start, const Body& body, const Check& check, int64_t at) {
    for (uint64_t seed = RunSeed(); seed <= RunSeed() + CrashSeeds() && !HasFatalFailure(); ++seed) {
      bool power = seed > RunSeed();
      DiskPtr disk = CloneOf(start);
      disk->SetFaults({.crash_at = at});
      ASSERT_FALSE(body(disk).ok()) << at;
      SeededRandom random(seed);
      if (power)
        disk->CutPower(random);
      else
        disk->EndProcess();
      check(disk, (power ? "power cut at operation " : "process ends at operation ") + std::to_string(at) + ", seed " +
                      std::to_string(seed));
    }
  }
  void Fail(const MemoryDisk& start, const Body& body, const Check& check, MemoryDisk::Faults faults) {
    if (HasFatalFailure()) return;
    const std::string where =
        std::string(faults.sticky ? "sticky" : "single") + " error at operation " + std::to_string(faults.fail_at);
    DiskPtr disk = CloneOf(start);
    faults.error = IoError("injected: no space left");
    disk->SetFaults(faults);
    Status status = body(disk);
    ASSERT_TRUE(!status.ok() || !faults.sticky) << where;
    ASSERT_TRUE(status.ok() || status.code() == StatusCode::kIo) << where << ": " << status.message();
    disk->EndProcess();
    check(disk, where);
  }
};

TEST_P(BackupCrashTest, APushLeavesTheOldBackupOrTheNew) {
  auto push = [&](const DiskPtr& repository) { return Push(database_, repository); };
  CrashEverywhere(*repository_, push, [&](const DiskPtr& repository, const std::string& where) {
    auto seen = ReadBackup(repository);
    ASSERT_TRUE(seen.ok()) << where << ": " << seen.status().message();
    ASSERT_TRUE(*seen == old_ || *seen == new_) << where << "\n found " << Text(*seen);
    Status again = Push(database_, repository);
    ASSERT_TRUE(again.ok()) << where << ": " << again.message();
    WorstCase worst;
    repository->CutPower(worst);
    auto after = ReadBackup(repository);
    ASSERT_TRUE(after.ok()) << where << ", power cut after the second push: " << after.status().message();
    ASSERT_EQ(Text(*after), Text(new_)) << where;
  });
}

TEST_P(BackupCrashTest, AFirstPushLeavesNoBackupOrTheWholeOne) {
  auto push = [&](const DiskPtr& repository) { return Push(database_, repository); };
  CrashEverywhere(MemoryDisk(), push, [&](const DiskPtr& repository, const std::string& where) {
    auto seen = ReadBackup(repository);
    ASSERT_TRUE(seen.ok() ? *seen == new_ : seen.status().code() == StatusCode::kNotFound) << where;
    Status again = Push(database_, repository);
    ASSERT_TRUE(again.ok()) << where << ": " << again.message();
    WorstCase worst;
    repository->CutPower(worst);
    auto after = ReadBackup(repository);
    ASSERT_TRUE(after.ok()) << where << ", power cut after the second push: " << after.status().message();
    ASSERT_EQ(Text(*after), Text(new_)) << where;
  });
}

// After a pull the directory takes writes, and a power cut takes nothing of them back.
void ExpectLives(const DiskPtr& disk, const TestDocuments& documents, const std::string& where) {
  ScriptedDatabase db(disk);
  Status opened = db.Open();
  ASSERT_TRUE(opened.ok()) << where << ": " << opened.message();
  db.acknowledged = documents;
  ASSERT_TRUE(db.Put("after", 1).ok()) << where;
  auto beside = ReadDocuments(disk);
  ASSERT_TRUE(beside.ok()) << where << ": " << beside.status().message();
  ASSERT_EQ(Text(*beside), Text(db.acknowledged)) << where;
  ASSERT_TRUE(db.Flush().ok()) << where;
  ASSERT_TRUE(db.Put("later", 2).ok()) << where;
  db.Close();
  WorstCase worst;
  disk->CutPower(worst);
  auto seen = ReadDocuments(disk);
  ASSERT_TRUE(seen.ok()) << where << ", power cut after the pull: " << seen.status().message();
  ASSERT_EQ(Text(*seen), Text(db.acknowledged)) << where;
}

TEST_P(BackupCrashTest, APullIntoANewFolderIsNoDatabaseBeforeItIsWhole) {
  ASSERT_TRUE(Push(database_, repository_).ok());
  auto source = NewestBackup(repository_);
  ASSERT_TRUE(source.ok());
  auto pull = [&](const DiskPtr& target) { return Pull(*source, target); };
  CrashEverywhere(MemoryDisk(), pull, [&](const DiskPtr& target, const std::string& where) {
    auto seen = ReadDocuments(target);
    StatusCode code = seen.status().code();
    ASSERT_TRUE(seen.ok() ? *seen == new_ : code == StatusCode::kNotFound || code == StatusCode::kUnsupported) << where;
    Status again = Pull(*source, target);
    ASSERT_TRUE(again.ok()) << where << ": " << again.message();
    WorstCase worst;
    target->CutPower(worst);
    auto after = ReadDocuments(target);
    ASSERT_TRUE(after.ok()) << where << ": " << after.status().message();
    ASSERT_EQ(Text(*after), Text(new_)) << where;
    ExpectDerivedFilesFit(target, where);
    ExpectLives(target, new_, where);
  });
}

// `copy` is behind the newest backup: at every operation of a pull into it, it is what it was or what the backup is.
void BackupCrashTest::PullIntoCopyEverywhere(const MemoryDisk& copy, const TestDocuments& before) {
  auto source = NewestBackup(repository_);
  ASSERT_TRUE(source.ok());
  auto pull = [&](const DiskPtr& target) { return Pull(*source, target); };
  CrashEverywhere(copy, pull, [&](const DiskPtr& target, const std::string& where) {
    auto seen = ReadDocuments(target);
    ASSERT_TRUE(seen.ok()) << where << ": " << seen.status().message();
    ASSERT_TRUE(*seen == before || *seen == new_) << where << "\n found " << Text(*seen);
    Status again = Pull(*source, target);
    ASSERT_TRUE(again.ok()) << where << ": " << again.message();
    WorstCase worst;
    target->CutPower(worst);
    auto after = ReadDocuments(target);
    ASSERT_TRUE(after.ok()) << where << ": " << after.status().message();
    ASSERT_EQ(Text(*after), Text(new_)) << where;
    {
      ScriptedDatabase db(target);
      ASSERT_TRUE(db.Open().ok() && db.Checkpoint().ok()) << where;
    }
    ExpectDerivedFilesFit(target, where);
    ExpectLives(target, new_, where);
  });
}

TEST_P(BackupCrashTest, APullIntoACopyLeavesTheOldStateOrTheNew) {
  auto first = NewestBackup(repository_);
  auto copy = std::make_shared<MemoryDisk>();
  ASSERT_TRUE(first.ok() && Pull(*first, copy).ok());
  ASSERT_TRUE(Push(database_, repository_).ok());
  PullIntoCopyEverywhere(*copy, old_);
}

// It has a line and a WAL of its own, which the pull overtakes.
TEST_P(BackupCrashTest, APullIntoACopyThatHasWrittenLeavesTheOldStateOrTheNew) {
  ASSERT_TRUE(Push(database_, repository_).ok());
  auto first = NewestBackup(repository_);
  auto copy = std::make_shared<MemoryDisk>();
  ASSERT_TRUE(first.ok() && Pull(*first, copy).ok());
  TestDocuments before;
  {
    ScriptedDatabase db(copy);
    ASSERT_TRUE(db.Open().ok());
    db.acknowledged = new_;
    ASSERT_TRUE(db.Put("own", 3).ok());
    before = db.acknowledged;
  }
  ASSERT_TRUE(Push(copy, repository_).ok());
  auto second = NewestBackup(repository_);
  ASSERT_TRUE(second.ok() && Pull(*second, database_).ok());
  {
    ScriptedDatabase db(database_);
    ASSERT_TRUE(db.Open().ok());
    db.acknowledged = before;
    ASSERT_TRUE(db.Put("back", 4).ok());
    new_ = db.acknowledged;
  }
  ASSERT_TRUE(Push(database_, repository_).ok());
  PullIntoCopyEverywhere(*copy, before);
}

INSTANTIATE_TEST_SUITE_P(Backups, BackupCrashTest,
                         testing::Values(BackupCase{"WalTail", MoreInTheWal}, BackupCase{"Segments", MoreInSegments},
                                         BackupCase{"DataFiles", MoreInDataFiles}),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace parquedb
