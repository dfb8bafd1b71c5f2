// The JSON files in tests/golden, made once (docs/format/golden.md): read as these values, written again byte for byte.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "model/commit.h"
#include "model/event_manifest.h"
#include "model/file_manifest.h"
#include "model/layout.h"

namespace parquedb {
namespace {

constexpr char kGoldenDatabase[] = "01KGCH5YG05XKJZQ3A24JD3DHF";
constexpr char kGoldenLine[] = "01KGCH5YG0294K62QTB526N44A";
constexpr int64_t kGoldenMs = 1769947200000;  // 2026-02-01T12:00:00Z

std::string Golden(const std::string& path) {
  std::ifstream file(PARQUEDB_TEST_DATA "/" + path, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(GoldenManifestTest, TheEventManifestIsThis) {
  EventManifest manifest;
  manifest.dataset = "shop";
  manifest.database_id = kGoldenDatabase;
  manifest.created_at_ms = kGoldenMs;
  manifest.segments = {{1, "events/seg-000001.parquet", kGoldenMs, kGoldenMs + 3000, 7, 2828, kGoldenMs + 3000,
                        "2cffb972d6974ae447764cf4bc47fcc570dde79a019ce61cba101f0694c69cee", 1, 7, false}};
  manifest.next_seq = 2;
  manifest.total_events = 7;
  manifest.updated_at_ms = kGoldenMs + 3000;
  manifest.lines = {{kGoldenLine, 1}};
  manifest.checkpoint = 7;
  for (const char* path : {"data/posts/data.parquet", "data/users/data.parquet", "rels/forward/posts.parquet",
                           "rels/reverse/users.parquet"}) {
    manifest.files[path] = 7;
  }
  const std::string text = Golden("database/events/manifest.json");
  auto read = DecodeEventManifest(text);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(*read, manifest);
  EXPECT_EQ(EncodeEventManifest(manifest), text);
}

TEST(GoldenManifestTest, TheEventManifestWithAMergedSegmentAndBasesIsThis) {
  EventManifest manifest;
  manifest.dataset = "shop";
  manifest.database_id = kGoldenDatabase;
  manifest.created_at_ms = kGoldenMs;
  manifest.segments = {{3, "events/seg-000003.parquet", kGoldenMs, kGoldenMs + 5000, 8, 2918, kGoldenMs + 6000,
                        "382d3621524dbc83a142d61340c678b58815f4d29fc78c54c6b87d78e1bfea51", 1, 8, false},
                       {5, "events/seg-000005.parquet", kGoldenMs + 5000, kGoldenMs + 5000, 3, 2585, kGoldenMs + 7000,
                        "c29a3809492109bce41f76dbddce36677fc9c5599f2ea83faab9abb8e8a6f7ca", 8, 8, true},
                       {4, "events/seg-000004.parquet", kGoldenMs + 7000, kGoldenMs + 7000, 1, 2325, kGoldenMs + 7000,
                        "a48bc19071fca2204983784d38821175aeafee46d5c259039e4757dcbf13cafd", 9, 9, false},
                       {6, "events/seg-000006.parquet", kGoldenMs + 7000, kGoldenMs + 7000, 2, 2493, kGoldenMs + 7000,
                        "c8bc8b8e1ff8157c0f8a48a58797802d542d0187e6f60c72e626d2de937bcc90", 9, 9, true}};
  manifest.next_seq = 7;
  manifest.total_events = 9;
  manifest.updated_at_ms = kGoldenMs + 7000;
  manifest.lines = {{kGoldenLine, 1}, {"01KGCH65AREXJ7F11CQDTB5WAE", 9}};
  manifest.checkpoint = 7;
  for (const char* path : {"data/posts/data.parquet", "data/users/data.parquet", "rels/forward/posts.parquet",
                           "rels/reverse/users.parquet"}) {
    manifest.files[path] = 7;
  }
  const std::string text = Golden("compacted/events/manifest.json");
  auto read = DecodeEventManifest(text);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(*read, manifest);
  EXPECT_EQ(EncodeEventManifest(manifest), text);
}

TEST(GoldenManifestTest, TheFileManifestIsThis) {
  const std::string text = Golden("database/_meta/manifest.json");
  auto read = DecodeFileManifest(text);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->database_id, kGoldenDatabase);
  EXPECT_EQ(read->name, "shop");
  EXPECT_EQ(read->visibility, "private");
  EXPECT_EQ(read->last_synced_at_ms, kGoldenMs + 3000);
  EXPECT_EQ(read->files.size(), 7u);
  const ManifestFile& segment = read->files.at("events/seg-000001.parquet");
  EXPECT_EQ(segment.size, 2828);
  EXPECT_EQ(segment.hash, "2cffb972d6974ae447764cf4bc47fcc570dde79a019ce61cba101f0694c69cee");
  EXPECT_EQ(segment.content_type, "application/vnd.apache.parquet");
  EXPECT_EQ(read->metadata, (ManifestMetadata{7,
                                              7,
                                              {{"posts", 1}, {"users", 2}},
                                              "de4dc5eef97d6c60954adc207eeb200ce0a5da2e85f7fc39c9ba627652471435",
                                              kGoldenMs,
                                              kGoldenMs + 3000}));
  EXPECT_EQ(EncodeFileManifest(*read), text);
}

TEST(GoldenManifestTest, TheSnapshotIsThis) {
  const std::string text = Golden("repository/" + SnapshotPath("01KGCH62D0C3H76CKAVF276CZG"));
  auto read = DecodeFileManifest(text);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->owner, "ann");
  EXPECT_EQ(read->slug, "shop");
  EXPECT_EQ(read->last_synced_at_ms, kGoldenMs + 4000);
  EXPECT_EQ(read->files.size(), 8u);
  const ManifestFile data{
      .path = "data/users/data.parquet",
      .size = 2826,
      .hash = "80035a5b7b0050fb98418bda73b4dc68e7a859751c808646693afb58cfeab9fa",
      .hash_algorithm = "sha256",
      .modified_at_ms = kGoldenMs + 4000,
      .etag = "",
      .content_type = "application/vnd.apache.parquet",
      .object = "objects/80/80035a5b7b0050fb98418bda73b4dc68e7a859751c808646693afb58cfeab9fa-0.parquet",
      .stored_size = 2826};
  EXPECT_EQ(read->files.at("data/users/data.parquet"), data);
  EXPECT_TRUE(read->files.contains("events/manifest.json"));
  EXPECT_EQ(read->metadata->window_to_ms, kGoldenMs + 4000);
  EXPECT_EQ(EncodeFileManifest(*read), text);
}

TEST(GoldenManifestTest, TheCommitIsThis) {
  const Commit commit{.kind = "push",
                      .number = 1,
                      .time_ms = kGoldenMs + 4000,
                      .database_id = kGoldenDatabase,
                      .slug = "shop",
                      .snapshot = "01KGCH62D0C3H76CKAVF276CZG",
                      .instant_ms = kGoldenMs + 4000,
                      .head = 7,
                      .knows = {{kGoldenLine, 7}},
                      .writer_line = kGoldenLine,
                      .writer_host = "vm",
                      .writer_operator = "bob",
                      .expired = {},
                      .swept = {}};
  const std::string text = Golden("repository/" + CommitPath(1));
  auto read = DecodeCommit(text);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(*read, commit);
  EXPECT_EQ(EncodeCommit(commit), text);
}

TEST(GoldenManifestTest, TheRepositorysFormatIsThis) {
  const std::string text = Golden("repository/_meta/repo.json");
  auto read = DecodeRepositoryFormat(text);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->created_at_ms, kGoldenMs + 4000);
  EXPECT_TRUE(read->create_only);
  EXPECT_FALSE(read->replace_if);
  EXPECT_EQ(EncodeRepositoryFormat({kGoldenMs + 4000, true, false}), text);
}

// Each single flipped byte is refused, or read as a manifest that says what it says; never a crash.
TEST(GoldenManifestTest, DamagedTextIsRefusedOrReadAsItStands) {
  const std::string events = Golden("database/events/manifest.json"),
                    files = Golden("repository/" + SnapshotPath("01KGCH62D0C3H76CKAVF276CZG"));
  auto expect_known = [](const Status& status, size_t at) {
    EXPECT_TRUE(status.ok() || status.code() == StatusCode::kCorruption || status.code() == StatusCode::kUnsupported)
        << at << ": " << status.message();
  };
  for (size_t at = 0; at < files.size(); ++at) {
    std::string damaged = files;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 7)));
    expect_known(DecodeFileManifest(damaged).status(), at);
    if (at + 1 >= events.size()) continue;  // the last byte is a line's end
    damaged = events;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 7)));
    expect_known(DecodeEventManifest(damaged).status(), at);
    EXPECT_EQ(DecodeEventManifest(events.substr(0, at)).status().code(), StatusCode::kCorruption) << at;
  }
}

}  // namespace
}  // namespace parquedb
