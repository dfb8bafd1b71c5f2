// The database and the backup in tests/golden, made once (docs/format/golden.md), read whole.
#include <set>

#include "database/scripted_workload.h"
#include "model/layout.h"

namespace parquedb {
namespace {

const TestDocuments kGoldenDocuments = {
    {"posts/p1", R"({"$links":{"author":["users/u1"]},"title":"Hello","n":18446744073709551615})"},
    {"users/u1", R"({"name":"Ann","age":31,"tags":["a","b"]})"},
    {"users/u2", R"({"name":"Bö \"b\"","age":41})"}};

std::vector<FileEntry> FilesOf(const StorageBackend& storage) { return std::move(*storage.List("")); }

std::shared_ptr<StorageBackend> Golden(const std::string& folder) {
  return std::move(*OpenDirectory(std::string(PARQUEDB_TEST_DATA) + "/" + folder));
}

TEST(GoldenDatabaseTest, ItsStateIsThisWithItsDataFilesAndWithoutThem) {
  auto golden = Golden("database");
  auto seen = ReadDocuments(*golden);
  ASSERT_TRUE(seen.ok()) << seen.status().message();
  EXPECT_EQ(*seen, kGoldenDocuments);
  // A copy that lost its derived files says the same from the log alone.
  auto disk = std::make_shared<MemoryDisk>();
  MemoryBackend copy(disk);
  for (const FileEntry& entry : FilesOf(*golden)) {
    auto name = ParsePath(entry.path);
    if (name && (name->kind == FileKind::kData || name->kind == FileKind::kForward || name->kind == FileKind::kReverse))
      continue;
    ASSERT_TRUE(copy.Write(entry.path, *ReadWhole(*golden, entry.path, 100'000)).ok());
  }
  EXPECT_EQ(*ReadDocuments(disk), kGoldenDocuments);
}

TEST(GoldenDatabaseTest, ItsStateAtEachLsnIsThis) {
  auto golden = Golden("database");
  auto view = TakeView(*golden, 0, {.pin_all = true, .namespaces = {}});
  ASSERT_TRUE(view.ok());
  const std::vector<std::set<std::string>> ids = {{},
                                                  {"users/u1"},
                                                  {"users/u1", "users/u2"},
                                                  {"posts/p1", "users/u1", "users/u2"},
                                                  {"posts/p1", "users/u1", "users/u2"},
                                                  {"posts/p1", "users/u1", "users/u2"},
                                                  {"posts/p1", "users/u1", "users/u2", "users/u3"},
                                                  {"posts/p1", "users/u1", "users/u2"},
                                                  {"posts/p1", "users/u1", "users/u2"}};
  for (int64_t lsn = 0; lsn <= view->head; ++lsn) {
    auto cursor = OpenState(*golden, *view, {.cut = lsn, .namespaces = {}});
    ASSERT_TRUE(cursor.ok());
    std::set<std::string> found;
    Entity entity;
    while (*(*cursor)->Next(&entity)) found.insert(entity.id);
    EXPECT_EQ(found, ids.at(static_cast<size_t>(lsn))) << lsn;
  }
}

// Merged and with bases, one of them in the middle: each lsn is the same, and each base holds the last events there.
TEST(GoldenDatabaseTest, CompactedItSaysTheSame) {
  auto golden = Golden("compacted"), before = Golden("database");
  auto view = TakeView(*golden, 0, {.pin_all = true}), older = TakeView(*before, 0, {.pin_all = true});
  ASSERT_TRUE(view.ok() && older.ok());
  for (int64_t lsn = 0; lsn <= older->head; ++lsn)
    EXPECT_EQ(*ReadDocuments(*golden, *view, {.cut = lsn}), *ReadDocuments(*before, *older, {.cut = lsn})) << lsn;
  TestDocuments last = kGoldenDocuments;
  last.erase("users/u2");
  EXPECT_EQ(*ReadDocuments(*golden, *view, {.cut = 9}), last);
  std::map<int64_t, std::map<int64_t, std::string>> bases;  // cut -> lsn -> target
  for (const SegmentEntry& entry : view->manifest.segments) {
    if (!entry.is_base) continue;
    auto cursor = *(*OpenSegment(*golden, *view, entry))->ScanAll(EventColumns::All());
    EventView event;
    while (*cursor->Next(&event)) bases[entry.max_lsn][event.lsn] = event.target;
  }
  EXPECT_EQ(bases[8], (std::map<int64_t, std::string>{{4, "posts:p1"}, {5, "users:u2"}, {8, "users:u1"}}));
  EXPECT_EQ(bases[9], (std::map<int64_t, std::string>{{4, "posts:p1"}, {8, "users:u1"}}));
}

TEST(GoldenDatabaseTest, ItTakesWritesAndCheckpointsAsACopyThatWasNeverWrittenInto) {
  auto golden = Golden("database");
  auto disk = std::make_shared<MemoryDisk>();
  MemoryBackend copy(disk);
  for (const FileEntry& entry : FilesOf(*golden))
    ASSERT_TRUE(copy.Write(entry.path, *ReadWhole(*golden, entry.path, 100'000)).ok());
  ScriptedDatabase db(disk);
  db.clock().Set(1'769'947'300'000);
  ASSERT_TRUE(db.Open().ok());
  db.acknowledged = kGoldenDocuments;
  ASSERT_TRUE(db.Put("new", 1).ok());
  ASSERT_TRUE(db.Checkpoint().ok());
  EXPECT_EQ(*ReadDocuments(disk), db.acknowledged);
}

}  // namespace
}  // namespace parquedb
