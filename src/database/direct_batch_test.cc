// A batch of more than 64 MiB goes straight into segments; one manifest replacement makes it part of the log.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/limits.h"
#include "database/import.h"
#include "parquedb/database.h"
#include "replay/state.h"
#include "storage/memory_backend.h"

namespace parquedb {
namespace {

constexpr int kLargeDocuments = 5;
constexpr size_t kLargeBytes = 14 * kMiB;

class DirectBatchTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "parquedb_direct_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    input_ = pattern + "/large.ndjson";
    OpenOptions options;
    options.storage = storage_;
    options.create_if_missing = true;
    options.name = "direct";
    auto db = ParqueDB::Open(options);
    ASSERT_TRUE(db.ok()) << db.status().message();
    db_ = std::move(*db);
    ASSERT_TRUE(db_->collection("docs").Create(*Document::Parse("{}"), {.id = "before"}).ok());
  }
  void TearDown() override { std::filesystem::remove_all(std::filesystem::path(input_).parent_path()); }

  // Documents that together are too large for the WAL; `last` is the line behind them.
  void WriteInput(const std::string& last) const {
    std::ofstream file(input_);
    for (int i = 0; i < kLargeDocuments; ++i) {
      file << "{\"$id\":\"docs/large" << i << "\",\"text\":\"" << std::string(kLargeBytes, static_cast<char>('a' + i))
           << "\"}\n";
    }
    file << last;
    ASSERT_TRUE(file.good());
  }
  Result<ImportResult> Import() {
    ImportSource source;
    source.file = input_;
    ASSIGN_OR_RETURN(auto reader, OpenRecords(source));
    return ImportRecords(db_->state(), std::move(reader), {});
  }
  Result<View> Look() const { return TakeView(MemoryBackend(disk_), 2'000'000'000'000); }

  std::string input_;
  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
  std::shared_ptr<StorageBackend> storage_ = std::make_shared<MemoryBackend>(disk_);
  std::unique_ptr<ParqueDB> db_;
};

TEST_F(DirectBatchTest, ABatchAbove64MiBIsInSegmentsAndNotInTheWal) {
  WriteInput("");
  auto imported = Import();
  ASSERT_TRUE(imported.ok()) << imported.status().message();
  EXPECT_EQ(imported->created, kLargeDocuments);
  auto view = Look();
  ASSERT_TRUE(view.ok()) << view.status().message();
  EXPECT_EQ(view->head, 1 + kLargeDocuments);
  EXPECT_TRUE(view->tail.empty());
  ASSERT_EQ(view->manifest.segments.size(), 2u) << "what was in the WAL, and the batch";
  EXPECT_EQ(view->manifest.segments[1].count, kLargeDocuments);
  EXPECT_EQ(view->manifest.segments[1].min_ts_ms, view->manifest.segments[1].max_ts_ms) << "one ts";
  ASSERT_TRUE(db_->collection("docs").Create(*Document::Parse("{}"), {.id = "after"}).ok());
  auto entity = db_->collection("docs").Get("large4");
  ASSERT_TRUE(entity.ok() && *entity);
  EXPECT_EQ((*entity)->data, "{\"text\":\"" + std::string(kLargeBytes, 'e') + "\"}");
  EXPECT_EQ(*db_->collection("docs").Count(), 2 + kLargeDocuments);
}

TEST_F(DirectBatchTest, ABadRecordBehind64MiBLeavesNothing) {
  WriteInput("{\"$id\":\"docs/bad\",\"n\":}\n");
  auto imported = Import();
  EXPECT_EQ(imported.status().code(), StatusCode::kInvalidData);
  auto view = Look();
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->head, 1);
  for (const std::string& path : disk_->Paths()) {
    EXPECT_TRUE(!path.ends_with(".parquet") || path == "events/seg-000001.parquet") << path;
  }
  EXPECT_EQ(*db_->collection("docs").Count(), 1);
  WriteInput("");
  EXPECT_TRUE(Import().ok()) << "the same ids can be imported afterwards";
}

}  // namespace
}  // namespace parquedb
