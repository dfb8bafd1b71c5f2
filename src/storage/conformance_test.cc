// One suite for every backend: what StorageBackend promises.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "storage/memory_backend.h"
#include "storage/overlay_backend.h"

namespace parquedb {
namespace {

struct Store {
  virtual ~Store() = default;
  virtual std::unique_ptr<StorageBackend> Make() = 0;
};

struct DirectoryStore : Store {
  DirectoryStore() {
    char name[] = "/tmp/parquedb-storage-XXXXXX";
    path = mkdtemp(name);
  }
  ~DirectoryStore() override { std::filesystem::remove_all(path); }
  std::unique_ptr<StorageBackend> Make() override { return std::move(*OpenDirectory(path + "/new/root")); }
  std::string path;
};

struct MemoryStore : Store {
  std::unique_ptr<StorageBackend> Make() override { return std::make_unique<MemoryBackend>(disk); }
  std::shared_ptr<MemoryDisk> disk = std::make_shared<MemoryDisk>();
};

// Over a base that has a file already, which is removed in the overlay.
struct OverlayStore : Store {
  OverlayStore() {
    MemoryBackend backend(disk);
    EXPECT_TRUE(backend.Write("x", "of the base").ok() && backend.Write("_meta/lock", "").ok());
  }
  std::unique_ptr<StorageBackend> Make() override {
    auto backend = std::make_unique<OverlayBackend>(std::make_shared<MemoryBackend>(disk));
    EXPECT_TRUE(backend->Remove("x").ok() && backend->Remove("_meta/lock").ok());
    return backend;
  }
  std::shared_ptr<MemoryDisk> disk = std::make_shared<MemoryDisk>();
};

class StorageConformance : public testing::TestWithParam<const char*> {
 protected:
  StorageConformance() {
    if (std::string(GetParam()) == "directory")
      store_ = std::make_unique<DirectoryStore>();
    else if (std::string(GetParam()) == "overlay")
      store_ = std::make_unique<OverlayStore>();
    else
      store_ = std::make_unique<MemoryStore>();
    backend_ = store_->Make();
  }
  std::string Read(std::string_view path) {
    auto bytes = ReadWhole(*backend_, path, 1 << 20);
    return bytes.ok() ? *bytes : "error: " + bytes.status().message();
  }
  void Put(std::string_view path, std::string_view bytes) { ASSERT_TRUE(backend_->Write(path, bytes).ok()); }
  std::vector<std::string> Names(std::string_view prefix) {
    std::vector<std::string> names;
    auto entries = backend_->List(prefix);
    for (const FileEntry& entry : *entries) names.push_back(entry.path);
    return names;
  }
  std::unique_ptr<Store> store_;
  std::unique_ptr<StorageBackend> backend_;
};

TEST_P(StorageConformance, WhatIsWrittenIsReadAndListed) {
  EXPECT_EQ(Names(""), std::vector<std::string>());
  Put("a/b.txt", "hello");
  Put("a/b.txt", "again");
  Put("a-c", "");
  EXPECT_EQ(Read("a/b.txt"), "again");
  EXPECT_EQ(Names(""), (std::vector<std::string>{"a-c", "a/b.txt"}));
  EXPECT_EQ(Names("a/"), (std::vector<std::string>{"a/b.txt"}));
  EXPECT_EQ(Names("zzz/q"), std::vector<std::string>());
  EXPECT_EQ((*backend_->Stat("a/b.txt"))->size, 5u);
  EXPECT_FALSE(backend_->Stat("a/none")->has_value());
  EXPECT_EQ(backend_->Open("a/none").status().code(), StatusCode::kNotFound);
}

TEST_P(StorageConformance, PathsStayInside) {
  for (std::string path : {"../x", "/x", "a/../x", "a//b", ".", "", "a/"}) {
    EXPECT_FALSE(backend_->Write(path, "x").ok()) << path;
    EXPECT_FALSE(backend_->Open(path).ok()) << path;
    EXPECT_FALSE(backend_->CreatePending(path).ok()) << path;
  }
}

TEST_P(StorageConformance, CreateOnlyNeverReplaces) {
  ASSERT_TRUE(backend_->Write("x", "one", WriteCondition::CreateOnly()).ok());
  EXPECT_EQ(backend_->Write("x", "two", WriteCondition::CreateOnly()).code(), StatusCode::kConflict);
  EXPECT_EQ(Read("x"), "one");
  EXPECT_EQ(Names(""), (std::vector<std::string>{"x"}));
}

TEST_P(StorageConformance, IfMatchReplacesOnlyWhatWasSeen) {
  if (!backend_->capabilities().replace_if) GTEST_SKIP();
  Put("x", "one");
  std::string etag = (*backend_->Open("x"))->etag();
  ASSERT_TRUE(backend_->Write("x", "two", WriteCondition::IfMatch(etag)).ok());
  EXPECT_EQ(backend_->Write("x", "three", WriteCondition::IfMatch(etag)).code(), StatusCode::kConflict);
}

TEST_P(StorageConformance, AHandleKeepsTheFileItOpened) {
  Put("x", "one");
  auto handle = backend_->Open("x");
  Put("x", "two!");
  EXPECT_EQ(*ReadWhole(**handle, 100), "one");
  ASSERT_TRUE(backend_->Remove("x").ok());
  EXPECT_EQ(*ReadWhole(**handle, 100), "one");
  EXPECT_TRUE((*handle)->Sync().ok());
  EXPECT_TRUE(backend_->Remove("x").ok());
}

TEST_P(StorageConformance, ReadingPastTheEndIsCorruption) {
  Put("x", "12345");
  auto handle = backend_->Open("x");
  std::string out(3, ' ');
  EXPECT_EQ((*handle)->ReadAt(3, out).code(), StatusCode::kCorruption);
  EXPECT_EQ((*handle)->ReadAt(~uint64_t{0}, out).code(), StatusCode::kCorruption);
  EXPECT_TRUE((*handle)->ReadAt(2, out).ok());
  EXPECT_EQ(out, "345");
  EXPECT_EQ(ReadWhole(*backend_, "x", 4).status().code(), StatusCode::kCorruption);
}

TEST_P(StorageConformance, PendingFilesAppearTogetherOrLeaveNothing) {
  for (int count : {1, 20}) {
    std::vector<std::unique_ptr<PendingFile>> files;
    for (int i = 0; i < count; ++i) {
      files.push_back(*backend_->CreatePending("p/" + std::to_string(count) + "-" + std::to_string(i)));
      ASSERT_TRUE(files.back()->Append("abc").ok());
      ASSERT_TRUE(files.back()->Append(std::string(3 << 20, 'z')).ok());
      EXPECT_EQ(files.back()->size(), (3u << 20) + 3);
      if (i % 2 == 0) {
        ASSERT_TRUE(files.back()->Close().ok());
      }
    }
    EXPECT_FALSE(backend_->Stat("p/" + std::to_string(count) + "-0")->has_value());
    ASSERT_TRUE(backend_->Publish(std::move(files)).ok());
    EXPECT_EQ((*backend_->Stat("p/" + std::to_string(count) + "-0"))->size, (3u << 20) + 3);
  }
  {
    auto dropped = backend_->CreatePending("q/dropped");
    ASSERT_TRUE((*dropped)->Append("x").ok());
  }
  EXPECT_EQ(Names("q/"), std::vector<std::string>());
}

TEST_P(StorageConformance, AppendedBytesAreBehindOneAnother) {
  {
    auto file = backend_->CreateAppend("wal/1");
    ASSERT_TRUE((*file)->Append("abc").ok());
    ASSERT_TRUE((*file)->Sync().ok());
    ASSERT_TRUE((*file)->Reserve(10).ok());
    EXPECT_EQ((*file)->size(), 3u);
    ASSERT_TRUE((*file)->Append("de").ok());
  }
  EXPECT_EQ(Read("wal/1"), std::string("abcde\0\0\0\0\0\0\0\0", 13));
  EXPECT_EQ(backend_->CreateAppend("wal/1").status().code(), StatusCode::kConflict);
  EXPECT_EQ(backend_->OpenAppend("wal/2").status().code(), StatusCode::kNotFound);
  auto again = backend_->OpenAppend("wal/1");
  ASSERT_TRUE((*again)->Truncate(4).ok());
  ASSERT_TRUE((*again)->Append("!").ok());
  EXPECT_EQ(Read("wal/1"), "abcd!");
}

TEST_P(StorageConformance, SyncNamesTakesAnyFolder) {
  Put("b/c", "2");
  for (const char* folder : {"", "b", "none", "none/deeper"}) EXPECT_TRUE(backend_->SyncNames(folder).ok()) << folder;
  EXPECT_EQ(Names(""), std::vector<std::string>{"b/c"});
}

TEST_P(StorageConformance, RenameReplaces) {
  Put("a", "1");
  Put("b/c", "2");
  ASSERT_TRUE(backend_->Rename("a", "b/c").ok());
  EXPECT_EQ(Read("b/c"), "1");
  EXPECT_FALSE(backend_->Stat("a")->has_value());
}

TEST_P(StorageConformance, OneHoldsTheLock) {
  auto second = store_->Make();
  {
    auto lock = backend_->Lock("_meta/lock", "pid 1");
    ASSERT_TRUE(lock.ok());
    auto other = second->Lock("_meta/lock", "pid 2");
    EXPECT_EQ(other.status().code(), StatusCode::kLocked);
  }
  EXPECT_TRUE(second->Lock("_meta/lock", "pid 2").ok());
}

INSTANTIATE_TEST_SUITE_P(Backends, StorageConformance, testing::Values("directory", "memory", "overlay"),
                         [](const auto& backend) { return std::string(backend.param); });

TEST(OverlayBackendTest, TheBaseIsReadAndNeverChanged) {
  auto disk = std::make_shared<MemoryDisk>();
  MemoryBackend base(disk);
  ASSERT_TRUE(base.Write("a", "1").ok() && base.Write("b/c", "2").ok() && base.Write("d", "3").ok());
  const std::vector<std::string> paths = disk->Paths();
  {
    OverlayBackend overlay(std::make_shared<MemoryBackend>(disk));
    EXPECT_EQ(*ReadWhole(overlay, "a", 10), "1");
    EXPECT_EQ(overlay.Write("a", "x", WriteCondition::CreateOnly()).code(), StatusCode::kConflict);
    ASSERT_TRUE(overlay.Write("a", "new").ok() && overlay.Write("e", "5").ok() && overlay.Remove("d").ok());
    ASSERT_TRUE(overlay.Rename("b/c", "b/f").ok());
    auto file = overlay.OpenAppend("b/f");
    ASSERT_TRUE((*file)->Append("!").ok());
    EXPECT_EQ(*ReadWhole(overlay, "a", 10), "new");
    EXPECT_EQ(*ReadWhole(overlay, "b/f", 10), "2!");
    std::string seen;
    auto entries = overlay.List("");
    for (const FileEntry& entry : *entries) seen += entry.path + " ";
    EXPECT_EQ(seen, "a b/f e ");
    EXPECT_FALSE(overlay.Stat("d")->has_value());
    EXPECT_EQ(overlay.OpenAppend("b/c").status().code(), StatusCode::kNotFound);
  }
  EXPECT_EQ(disk->Paths(), paths);
  EXPECT_EQ(disk->Content("a") + disk->Content("b/c") + disk->Content("d"), "123");
}

TEST(OverlayBackendTest, TheLockOfTheBaseIsTakenWhereThereIsOne) {
  auto disk = std::make_shared<MemoryDisk>();
  MemoryBackend base(disk);
  OverlayBackend overlay(std::make_shared<MemoryBackend>(disk));
  {
    auto lock = overlay.Lock("_meta/lock", "dry run");
    EXPECT_TRUE(base.Lock("_meta/lock", "writer").ok());
  }
  ASSERT_TRUE(base.Write("_meta/lock", "").ok());
  auto lock = overlay.Lock("_meta/lock", "dry run");
  EXPECT_EQ(base.Lock("_meta/lock", "writer").status().code(), StatusCode::kLocked);
}

// The crash model, against what ext4 may do.
TEST(MemoryDiskTest, SyncedContentUnderADurableNameSurvives) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    auto disk = std::make_shared<MemoryDisk>();
    MemoryBackend backend(disk);
    auto file = backend.CreateAppend("f");
    ASSERT_TRUE((*file)->Append("synced").ok() && (*file)->Sync().ok() && (*file)->Append("tail").ok());
    SeededRandom random(seed);
    disk->CutPower(random);
    ASSERT_EQ(disk->Content("f").substr(0, 6), "synced");
  }
}

TEST(MemoryDiskTest, UnsyncedContentCanBeLostTornAndKept) {
  std::set<size_t> sizes;
  bool torn = false;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    auto disk = std::make_shared<MemoryDisk>();
    MemoryBackend backend(disk);
    auto file = backend.CreateAppend("f");
    ASSERT_TRUE((*file)->Append(std::string(2000, 'x')).ok());
    SeededRandom random(seed);
    disk->CutPower(random);
    std::string left = disk->Content("f");
    sizes.insert(left.size());
    torn |= left.find('x') != std::string::npos && left.find('\0') != std::string::npos;
  }
  EXPECT_TRUE(sizes.contains(0) && sizes.contains(2000) && sizes.size() > 5);
  EXPECT_TRUE(torn);
}

TEST(MemoryDiskTest, ARemovalMayBeUndone) {
  int kept = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    auto disk = std::make_shared<MemoryDisk>();
    MemoryBackend backend(disk);
    ASSERT_TRUE(backend.Write("f", "x").ok() && backend.Remove("f").ok());
    SeededRandom random(seed);
    disk->CutPower(random);
    kept += disk->Has("f");
  }
  EXPECT_GT(kept, 10);
  EXPECT_LT(kept, 90);
}

// Each 512-byte sector of what was not synced is there whole or not at all, in no order.
TEST(MemoryDiskTest, UnsyncedSectorsAreKeptOrLostOneByOneInAnyOrder) {
  constexpr size_t kSector = 512, kSectors = 8;
  bool reordered = false;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    auto disk = std::make_shared<MemoryDisk>();
    MemoryBackend backend(disk);
    auto file = backend.CreateAppend("f");
    ASSERT_TRUE((*file)->Append(std::string(kSector * kSectors, 'o')).ok() && (*file)->Sync().ok());
    ASSERT_TRUE((*file)->Append(std::string(kSector * kSectors, 'n')).ok());
    SeededRandom random(seed);
    disk->CutPower(random);
    std::string left = disk->Content("f");
    ASSERT_EQ(left.substr(0, kSector * kSectors), std::string(kSector * kSectors, 'o'));
    bool lost_before = false;
    for (size_t at = kSector * kSectors; at < left.size(); at += kSector) {
      std::string sector = left.substr(at, kSector);
      bool kept = sector == std::string(sector.size(), 'n'), lost = sector == std::string(sector.size(), '\0');
      ASSERT_TRUE(kept || lost) << "a sector is never half written";
      reordered |= kept && lost_before;
      lost_before |= lost;
    }
  }
  EXPECT_TRUE(reordered);
}

TEST(MemoryDiskTest, AWriteThatFailsMayHaveHappenedInPart) {
  auto disk = std::make_shared<MemoryDisk>();
  MemoryBackend backend(disk);
  auto file = backend.CreateAppend("f");
  disk->SetFaults({.crash_at = -1, .fail_at = disk->operations()});
  EXPECT_FALSE((*file)->Append("abcdef").ok());
  EXPECT_EQ(disk->Content("f"), "abc");
}

// Of a replacement whose folder was not synced, the old or the new file is left, never a mixture.
TEST(MemoryDiskTest, ANameIsOldOrNewUntilItsFolderIsSynced) {
  std::set<std::string> write, rename, publish;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    auto cut = [&](auto change) {
      auto disk = std::make_shared<MemoryDisk>();
      MemoryBackend backend(disk);
      EXPECT_TRUE(backend.Write("f", "old").ok() && backend.Write("g", "new").ok());
      EXPECT_FALSE(change(*disk, backend).ok());
      SeededRandom random(seed);
      disk->CutPower(random);
      return disk->Content("f");
    };
    write.insert(cut([](MemoryDisk& disk, MemoryBackend& backend) {
      disk.SetFaults({.crash_at = disk.operations() + 1});
      return backend.Write("f", "new");
    }));
    rename.insert(cut([](MemoryDisk& disk, MemoryBackend& backend) {
      disk.SetFaults({.crash_at = disk.operations() + 1});
      return backend.Rename("g", "f");
    }));
    publish.insert(cut([](MemoryDisk& disk, MemoryBackend& backend) {
      std::vector<std::unique_ptr<PendingFile>> files;
      files.push_back(*backend.CreatePending("f"));
      EXPECT_TRUE(files[0]->Append("new").ok());
      disk.SetFaults({.crash_at = disk.operations() + 2});
      return backend.Publish(std::move(files));
    }));
  }
  const std::set<std::string> both = {"new", "old"};
  EXPECT_EQ(write, both);
  EXPECT_EQ(rename, both);
  EXPECT_EQ(publish, both);
}

TEST(MemoryDiskTest, WhatTheFirstProcessDidNotSyncTheSecondCanMakeDurable) {
  for (bool sync : {false, true}) {
    int kept = 0;
    for (uint64_t seed = 0; seed < 60; ++seed) {
      auto disk = std::make_shared<MemoryDisk>();
      MemoryBackend backend(disk);
      disk->SetFaults({.crash_at = disk->operations() + 1});
      EXPECT_FALSE(backend.Write("a/f", "new").ok());
      disk->EndProcess();
      EXPECT_TRUE(disk->Has("a/f"));
      if (sync) {
        EXPECT_TRUE(backend.SyncNames("a").ok());
      }
      SeededRandom random(seed);
      disk->CutPower(random);
      kept += disk->Has("a/f");
    }
    EXPECT_EQ(kept == 60, sync) << kept;
  }
}

TEST(MemoryDiskTest, AnEndedProcessKeepsWhatItWroteAndFreesItsLock) {
  auto disk = std::make_shared<MemoryDisk>();
  MemoryBackend backend(disk);
  auto file = backend.CreateAppend("f");
  ASSERT_TRUE((*file)->Append("unsynced").ok());
  auto lock = backend.Lock("l", "first");
  disk->EndProcess();
  EXPECT_EQ(disk->Content("f"), "unsynced");
  EXPECT_TRUE(backend.Lock("l", "second").ok());
}

TEST(MemoryDiskTest, FaultsHitTheOperationThatIsNamed) {
  auto disk = std::make_shared<MemoryDisk>();
  MemoryBackend backend(disk);
  ASSERT_TRUE(backend.Write("a", "1").ok());
  disk->SetFaults({.crash_at = -1, .fail_at = disk->operations(), .sticky = false, .error = IoError("full")});
  EXPECT_EQ(backend.Write("a", "2").message(), "full");
  EXPECT_TRUE(backend.Write("a", "3").ok());
  disk->SetFaults({.crash_at = disk->operations()});
  EXPECT_FALSE(backend.Write("a", "4").ok());
  EXPECT_TRUE(disk->crashed());
  disk->EndProcess();
  EXPECT_EQ(disk->Content("a"), "3");
}

}  // namespace
}  // namespace parquedb
