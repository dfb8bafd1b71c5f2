// What a checkpoint costs: counted syncs, and files that are left alone. The counters stand in front of the C library's
// functions in this program.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <string>

#include "parquedb/database.h"

namespace {
std::atomic<int> syncfs_calls = 0, file_syncs = 0;
}  // namespace

extern "C" int syncfs(int fd) {
  ++syncfs_calls;
  return static_cast<int>(::syscall(SYS_syncfs, fd));
}
extern "C" int fsync(int fd) {
  ++file_syncs;
  return static_cast<int>(::syscall(SYS_fsync, fd));
}
extern "C" int fdatasync(int fd) {
  ++file_syncs;
  return static_cast<int>(::syscall(SYS_fdatasync, fd));
}

namespace parquedb {
namespace {

class CheckpointCostTest : public testing::Test {
 protected:
  CheckpointCostTest() : folder_(mkdtemp(name_)) {}
  ~CheckpointCostTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<ParqueDB> Open(const std::string& name) {
    return std::move(
        *ParqueDB::Open({.path = folder_ + "/" + name, .create_if_missing = true, .durability = Durability::kProcess}));
  }
  static void Put(ParqueDB* db, int ns, const std::string& id) {
    auto made = db->collection("ns" + std::to_string(ns)).Create(*Document::Parse(R"({"a":1})"), {.id = id});
    ASSERT_TRUE(made.ok()) << made.status().message();
  }
  struct Syncs {
    int syncfs = 0, file = 0;
    bool operator==(const Syncs&) const = default;
  };
  static Syncs CheckpointSyncs(ParqueDB* db) {
    syncfs_calls = file_syncs = 0;
    Status done = db->Checkpoint();
    EXPECT_TRUE(done.ok()) << done.message();
    return {syncfs_calls, file_syncs};
  }
  Syncs SyncsOfFirstCheckpoint(int namespaces) {
    auto db = Open("db" + std::to_string(namespaces));
    for (int ns = 0; ns < namespaces; ++ns) Put(db.get(), ns, "x");
    return CheckpointSyncs(db.get());
  }
  // Every file of the derived kinds, by the inode that a replacement changes.
  std::map<std::string, ino_t> Inodes(const std::string& name) {
    std::map<std::string, ino_t> inodes;
    for (const char* kind : {"data", "indexes"}) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ + "/" + name + "/" + kind)) {
        struct stat found;
        if (entry.is_regular_file() && ::stat(entry.path().c_str(), &found) == 0)
          inodes[entry.path().string()] = found.st_ino;
      }
    }
    return inodes;
  }

 private:
  char name_[40] = "/tmp/parquedb_checkpoint_XXXXXX";
  std::string folder_;
};

TEST_F(CheckpointCostTest, AnyNumberOfNamespacesCostsTwoSyncfsAndNoMoreFileSyncs) {
  Syncs of_twenty = SyncsOfFirstCheckpoint(20), of_two_hundred = SyncsOfFirstCheckpoint(200);
  EXPECT_EQ(of_twenty.syncfs, 2);
  EXPECT_EQ(of_two_hundred, of_twenty);
}

TEST_F(CheckpointCostTest, OnlyNamespacesWithEventsAreRewritten) {
  auto db = Open("db");
  for (int ns = 0; ns < 20; ++ns) Put(db.get(), ns, "x");
  CheckpointSyncs(db.get());
  auto before = Inodes("db");
  ASSERT_EQ(before.size(), 40u);  // a data and a bloom file each
  Put(db.get(), 3, "y");
  Put(db.get(), 17, "y");
  CheckpointSyncs(db.get());
  std::vector<std::string> changed;
  for (const auto& [path, inode] : Inodes("db")) {
    if (before.at(path) != inode) changed.push_back(path.substr(path.find("/db/") + 4));
  }
  EXPECT_EQ(changed, (std::vector<std::string>{"data/ns17/data.parquet", "data/ns3/data.parquet",
                                               "indexes/bloom/ns17.bloom", "indexes/bloom/ns3.bloom"}));
}

TEST_F(CheckpointCostTest, ACheckpointWithNothingNewRewritesNothing) {
  auto db = Open("db");
  Put(db.get(), 1, "x");
  CheckpointSyncs(db.get());
  auto before = Inodes("db");
  EXPECT_EQ(CheckpointSyncs(db.get()).syncfs, 0);
  EXPECT_EQ(Inodes("db"), before);
}

}  // namespace
}  // namespace parquedb
