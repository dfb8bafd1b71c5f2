// The engine as a program uses it, on stores in memory.
#include <gtest/gtest.h>

#include "core/clock.h"
#include "parquedb/database.h"
#include "parquedb/sync.h"
#include "replay/state.h"
#include "repository/pull.h"
#include "storage/memory_backend.h"

namespace parquedb {
namespace {

class SyncEngineTest : public testing::Test {
 protected:
  void Put(const std::shared_ptr<StorageBackend>& storage, const std::string& id) {
    clock_.Advance(10);
    auto db = ParqueDB::Open({.storage = storage, .create_if_missing = true, .name = "shop", .clock = &clock_});
    ASSERT_TRUE(db.ok()) << db.status().message();
    ASSERT_TRUE((*db)->collection("posts").Create(Document(), {.id = id}).ok());
  }
  std::unique_ptr<SyncEngine> Engine(const std::shared_ptr<StorageBackend>& storage) {
    return CreateSyncEngine({.local = storage, .remote = remote_, .slug = "s", .actor = "ann", .clock = &clock_});
  }
  SyncRelation RelationOf(const std::shared_ptr<StorageBackend>& storage) {
    auto status = Engine(storage)->Status();
    EXPECT_TRUE(status.ok()) << status.status().message();
    return status.ok() ? status->relation : SyncRelation::kDiverged;
  }
  int64_t CountOf(const StorageBackend& storage) {
    auto view = TakeView(storage, clock_.NowMs(), {.pin_all = true, .namespaces = {}});
    auto cursor = OpenState(storage, *view, {.cut = view->head, .namespaces = {}});
    Entity entity;
    int64_t count = 0;
    while (*(*cursor)->Next(&entity)) ++count;
    return count;
  }
  std::shared_ptr<StorageBackend> NewStore() { return std::make_shared<MemoryBackend>(std::make_shared<MemoryDisk>()); }
  // A new copy of the newest backup.
  std::shared_ptr<StorageBackend> Copy() {
    auto repository = *Repository::Open(remote_);
    auto newest = *repository->Newest("s");
    auto copy = NewStore();
    EXPECT_TRUE(
        PullIntoNew({remote_, *repository->ReadSnapshot(newest->snapshot), "s", newest->instant_ms}, *copy, false)
            .ok());
    return copy;
  }

  ManualClock clock_{1'800'000'000'000};
  std::shared_ptr<StorageBackend> local_ = NewStore(), remote_ = NewStore();
};

TEST_F(SyncEngineTest, SyncBringsEitherSideUpToTheOther) {
  Put(local_, "a");
  EXPECT_EQ(RelationOf(local_), SyncRelation::kNoBackup);
  auto first = Engine(local_)->Sync();
  ASSERT_TRUE(first.ok()) << first.status().message();
  EXPECT_FALSE(first->pushed.uploaded.empty());
  EXPECT_EQ(RelationOf(local_), SyncRelation::kEqual);
  auto copy = Copy();
  Put(local_, "b");
  EXPECT_EQ(RelationOf(local_), SyncRelation::kAhead);
  ASSERT_TRUE(Engine(local_)->Sync().ok());
  EXPECT_EQ(RelationOf(copy), SyncRelation::kBehind);
  auto pulled = Engine(copy)->Sync();
  ASSERT_TRUE(pulled.ok()) << pulled.status().message();
  EXPECT_FALSE(pulled->pulled.downloaded.empty());
  EXPECT_EQ(CountOf(*copy), 2);
  EXPECT_EQ(RelationOf(copy), SyncRelation::kEqual);
}

TEST_F(SyncEngineTest, ADivergedLogIsAConflictAndLocalWinsPushesIt) {
  Put(local_, "a");
  ASSERT_TRUE(Engine(local_)->Push().ok());
  auto copy = Copy();
  Put(local_, "b");
  ASSERT_TRUE(Engine(local_)->Push().ok());
  Put(copy, "c");
  EXPECT_EQ(RelationOf(copy), SyncRelation::kDiverged);
  EXPECT_EQ(Engine(copy)->Sync().status().code(), StatusCode::kConflict);
  EXPECT_EQ(Engine(copy)->Push().status().code(), StatusCode::kConflict);
  EXPECT_EQ(Engine(copy)->Pull().status().code(), StatusCode::kConflict);
  EXPECT_TRUE(Engine(copy)->Push({.conflict_strategy = ConflictStrategy::kLocalWins}).ok());
  EXPECT_EQ(RelationOf(copy), SyncRelation::kEqual);
}

TEST_F(SyncEngineTest, TheEventsThatTheOtherSideLacksAreCountedExactly) {
  for (const char* id : {"a", "b", "c"}) Put(local_, id);
  ASSERT_TRUE(Engine(local_)->Push().ok());
  auto copy = Copy();
  for (const char* id : {"d", "e"}) Put(local_, id);
  ASSERT_TRUE(Engine(local_)->Push().ok());
  Put(copy, "f");
  auto status = Engine(copy)->Status();
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status->local_events, 1);
  EXPECT_EQ(status->remote_events, 2);
}

TEST_F(SyncEngineTest, WithoutADatabaseOrABackupThereIsNothingToDo) {
  EXPECT_EQ(Engine(local_)->Status().status().code(), StatusCode::kNotFound);
  Put(local_, "a");
  EXPECT_EQ(Engine(local_)->Pull().status().code(), StatusCode::kNotFound);
  auto planned = Engine(local_)->Push({.dry_run = true});
  ASSERT_TRUE(planned.ok());
  EXPECT_FALSE(planned->uploaded.empty());
  EXPECT_TRUE(remote_->List("")->empty()) << "a dry run makes no repository";
}

}  // namespace
}  // namespace parquedb
