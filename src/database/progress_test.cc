// A batch and a signal that meet: either nothing of the batch is there, or all of it.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/test_hooks.h"
#include "database/import.h"
#include "parquedb/database.h"
#include "parquedb/progress.h"
#include "storage/memory_backend.h"

namespace parquedb {
namespace {

class ProgressTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "parquedb_progress_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    input_ = pattern + "/in.ndjson";
    std::ofstream file(input_);
    for (int i = 0; i < kRows; ++i) file << "{\"$id\":\"docs/d" << i << "\"}\n";
    ASSERT_TRUE(file.good());
    Open();
    ASSERT_TRUE(db_->collection("docs").Create(*Document::Parse("{}"), {.id = "before"}).ok());
    Open();
  }
  void TearDown() override {
    ::unsetenv(kDirectBatchVariable);
    std::filesystem::remove_all(std::filesystem::path(input_).parent_path());
  }
  // With counters of its own.
  void Open() {
    db_.reset();
    progress_ = std::make_unique<Progress>();
    auto db = ParqueDB::Open(
        {.storage = storage_, .create_if_missing = true, .name = "progress", .progress = progress_.get()});
    ASSERT_TRUE(db.ok()) << db.status().message();
    db_ = std::move(*db);
  }
  Status Import() {
    ImportSource source;
    source.file = input_;
    source.progress = progress_.get();
    ASSIGN_OR_RETURN(auto reader, OpenRecords(source));
    return ImportRecords(db_->state(), std::move(reader), {}).status();
  }
  int64_t Count() { return *db_->collection("docs").Count(); }

  static constexpr int kRows = 100;
  std::string input_;
  std::shared_ptr<StorageBackend> storage_ = std::make_shared<MemoryBackend>(std::make_shared<MemoryDisk>());
  std::unique_ptr<Progress> progress_;
  std::unique_ptr<ParqueDB> db_;
};

TEST_F(ProgressTest, AfterAStopNothingIsWritten) {
  ASSERT_TRUE(progress_->Stop());
  auto documents = db_->collection("docs");
  EXPECT_EQ(Import().code(), StatusCode::kInterrupted);
  EXPECT_EQ(documents.Create(*Document::Parse("{}"), {.id = "x"}).status().code(), StatusCode::kInterrupted);
  EXPECT_EQ(documents.CreateMany({*Document::Parse("{}")}).status().code(), StatusCode::kInterrupted);
  EXPECT_EQ(documents.Update("before", *Document::Parse("{\"a\":1}")).status().code(), StatusCode::kInterrupted);
  EXPECT_EQ(documents.Delete("before").code(), StatusCode::kInterrupted);
  Open();
  EXPECT_EQ(Count(), 1);
}

TEST_F(ProgressTest, AfterAStopALargeBatchThatGoesStraightIntoSegmentsIsNotThere) {
  ::setenv(kDirectBatchVariable, "1000", 1);
  ASSERT_TRUE(progress_->Stop());
  EXPECT_EQ(Import().code(), StatusCode::kInterrupted);
  Open();
  EXPECT_EQ(Count(), 1);
  ASSERT_TRUE(Import().ok());
  EXPECT_EQ(Count(), 1 + kRows);
}

TEST_F(ProgressTest, AStopThatComesWhenTheCommitHasBegunIsTooLate) {
  ASSERT_TRUE(Import().ok());
  EXPECT_FALSE(progress_->Stop());
  EXPECT_TRUE(progress_->BeginCommit());
  EXPECT_EQ(Count(), 1 + kRows);
}

TEST_F(ProgressTest, AnImportCountsTheBytesOfItsFileAndACheckpointTheEntities) {
  ASSERT_TRUE(Import().ok());
  const auto size = static_cast<int64_t>(std::filesystem::file_size(input_));
  EXPECT_EQ(progress_->total(), size);
  EXPECT_EQ(progress_->done(), size);
  EXPECT_EQ(progress_->bytes(), size);
  Open();
  ASSERT_TRUE(db_->Checkpoint().ok());
  EXPECT_EQ(progress_->total(), 1 + kRows);
  EXPECT_EQ(progress_->done(), 1 + kRows);
}

}  // namespace
}  // namespace parquedb
