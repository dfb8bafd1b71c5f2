#include <gtest/gtest.h>

#include "model/commit.h"
#include "model/event_manifest.h"
#include "model/file_manifest.h"
#include "model/layout.h"
#include "model/names.h"
#include "model/push_note.h"
#include "model/state_text.h"

namespace parquedb {
namespace {

Entity SampleEntity() {
  return {.id = "posts/a/b:c",
          .version = 3,
          .created_at_ms = 1769947200000,
          .updated_at_ms = 1769947200001,
          .created_by = "al\"ice",
          .updated_by = std::nullopt,
          .data = R"({"$links":{"by":["users/u1","users/u2"]},"x":{"}":1}})"};
}

TEST(NamesTest, KeepTheRules) {
  for (const char* good : {"a", "_x", "A-b_9"}) EXPECT_TRUE(CheckNamespace(good).ok()) << good;
  for (const char* bad : {"", "9a", "a/b", "..", "a.b", "a b", "é"}) EXPECT_FALSE(CheckNamespace(bad).ok()) << bad;
  EXPECT_FALSE(CheckNamespace(std::string(65, 'n')).ok());
  for (const char* good : {"a", ":", "a/b", "ü"}) EXPECT_TRUE(CheckLocalId(good).ok()) << good;
  for (std::string bad :
       {std::string(), std::string("a\nb"), std::string("a\0b", 3), std::string("\xff"), std::string(513, 'x')}) {
    EXPECT_FALSE(CheckLocalId(bad).ok());
  }
  for (const char* good : {"a", "backups/20260201", "a.b/c-d"}) EXPECT_TRUE(CheckSlug(good).ok()) << good;
  for (const char* bad : {"", "/", "a/", "/a", "a//b", "..", "a/../b", "objects", "a/data", ".a"})
    EXPECT_FALSE(CheckSlug(bad).ok()) << bad;
  EXPECT_EQ(ParseEntityId("posts/a/b")->local, "a/b");
  EXPECT_EQ(ParseTarget("posts:a:b")->local, "a:b");
  EXPECT_EQ(TargetToId("posts:a:b/c"), "posts/a:b/c");
  EXPECT_EQ(IdToTarget("posts/a:b/c"), "posts:a:b/c");
}

TEST(LayoutTest, KnowsItsOwnPathsAndNoOther) {
  EXPECT_EQ(SegmentPath(42), "events/seg-000042.parquet");
  EXPECT_EQ(SegmentPath(1234567), "events/seg-1234567.parquet");
  EXPECT_EQ(WalPath(7), "_meta/wal/00000000000000000007.wal");
  EXPECT_EQ(ParsePath("events/seg-000042.parquet")->number, 42);
  EXPECT_EQ(ParsePath("data/posts/data.parquet")->ns, "posts");
  EXPECT_EQ(ParsePath("rels/reverse/a-b.parquet")->kind, FileKind::kReverse);
  for (std::string bad :
       {"data/../x/data.parquet", "/data/a/data.parquet", "data//data.parquet", "events/seg-42.parquet",
        "events/seg-0000042.parquet", "events/seg-000000.parquet", "data/a/b/data.parquet", "DATA/a/data.parquet",
        "_meta/lock", "parquedb.toml", "_meta/wal/1.wal", "../_meta/manifest.json", ""}) {
    EXPECT_FALSE(ParsePath(bad).has_value()) << bad;
  }
  EXPECT_FALSE(ParsePath(std::string_view("data/a\0b/data.parquet", 21)).has_value());
}

TEST(StateTextTest, HasAFixedForm) {
  EXPECT_EQ(
      EncodeState(SampleEntity()),
      R"({"$version":3,"$createdAt":"2026-02-01T12:00:00.000Z","$createdBy":"al\"ice","$updatedAt":"2026-02-01T12:00:00.001Z",)"
      R"("$links":{"by":["users/u1","users/u2"]},"x":{"}":1}})");
  EXPECT_EQ(
      EncodeEntityJson({.id = "n/i",
                        .version = 1,
                        .created_at_ms = 0,
                        .updated_at_ms = 0,
                        .created_by = {},
                        .updated_by = "b",
                        .data = "{}"}),
      R"({"$id":"n/i","$type":"n","$version":1,"$createdAt":"1970-01-01T00:00:00.000Z","$updatedAt":"1970-01-01T00:00:00.000Z","$updatedBy":"b"})");
}

TEST(StateTextTest, ComesBackTheSame) {
  Entity back;
  ASSERT_TRUE(DecodeState("posts/a/b:c", EncodeState(SampleEntity()), &back).ok());
  EXPECT_EQ(back, SampleEntity());
  Entity empty = SampleEntity();
  empty.data = "{}";
  ASSERT_TRUE(DecodeState(empty.id, EncodeState(empty), &back).ok());
  EXPECT_EQ(back, empty);
}

TEST(StateTextTest, WhatTheLogDoesNotWriteIsCorruption) {
  Entity back;
  std::string state = EncodeState(SampleEntity());
  for (size_t cut = 0; cut < 60; ++cut)
    EXPECT_EQ(DecodeState("n/i", state.substr(0, cut), &back).code(), StatusCode::kCorruption);
  EXPECT_FALSE(DecodeState("n/i", R"({"a":1})", &back).ok());
}

TEST(LinksTest, AreSortedSetsAndSeparateFromTheFields) {
  EXPECT_EQ(ReadLinks(SampleEntity().data)->at("by"), (std::vector<std::string>{"users/u1", "users/u2"}));
  EXPECT_EQ(*OwnFields(SampleEntity().data), R"("x":{"}":1})");
  EXPECT_EQ(*OwnFields("{}"), "");
  Links links = *LinksFromValue(*ParseJson(R"({"b":["u/2","u/1","u/2"],"a":["u/1"],"c":[]})"));
  EXPECT_EQ(JoinData(links, "\"x\":1"), R"({"$links":{"a":["u/1"],"b":["u/1","u/2"]},"x":1})");
  EXPECT_EQ(JoinData(links, ""), R"({"$links":{"a":["u/1"],"b":["u/1","u/2"]}})");
  EXPECT_EQ(JoinData({}, ""), "{}");
  EXPECT_FALSE(LinksFromValue(*ParseJson(R"({"a":["../x"]})")).ok());
}

EventManifest SampleManifest() {
  EventManifest manifest;
  manifest.dataset = "shop";
  manifest.database_id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  manifest.created_at_ms = 5;
  manifest.segments = {{1, "events/seg-000001.parquet", 10, 20, 3, 100, 30, std::string(64, 'a'), 1, 3, false},
                       {2, "events/seg-000002.parquet", 20, 25, 2, 90, 31, std::string(64, 'b'), 4, 5, false}};
  manifest.next_seq = 3;
  manifest.total_events = 5;
  manifest.lines = {{"L1", 1}, {"L2", 4}};
  manifest.merges = {{4, {{"L3", 9}}}};
  manifest.tags = {{"before", "01ARZ3NDEKTSV4RRFFQ69G5FAV"}};
  manifest.checkpoint = 3;
  manifest.files = {{"data/posts/data.parquet", 3}};
  return manifest;
}

TEST(EventManifestTest, ComesBackTheSame) {
  EXPECT_EQ(*DecodeEventManifest(EncodeEventManifest(SampleManifest())), SampleManifest());
}

// As after a compaction: the first segment is a merged one, with a greater number than the one behind it.
EventManifest ManifestWithBases() {
  EventManifest manifest = SampleManifest();
  manifest.segments[0].seq = 4;
  manifest.segments[0].path = "events/seg-000004.parquet";
  SegmentEntry base{3, "events/seg-000003.parquet", 20, 20, 2, 80, 40, std::string(64, 'c'), 3, 3, true};
  manifest.segments.insert(manifest.segments.begin() + 1, base);
  manifest.next_seq = 5;
  return manifest;
}

TEST(EventManifestTest, ABaseMayStandAtTheEndOfAnySegment) {
  const EventManifest manifest = ManifestWithBases();
  EXPECT_EQ(*DecodeEventManifest(EncodeEventManifest(manifest)), manifest);
  EXPECT_EQ(manifest.window_from_ms(), 5) << "it narrows nothing";
  EXPECT_FALSE(manifest.begins_with(manifest.segments[1]));
  auto code = [&](auto change) {
    EventManifest changed = manifest;
    change(&changed);
    return DecodeEventManifest(EncodeEventManifest(changed)).status().code();
  };
  EXPECT_EQ(code([](EventManifest* m) { m->segments[1].min_lsn = m->segments[1].max_lsn = 2; }),
            StatusCode::kCorruption);
  EXPECT_EQ(code([](EventManifest* m) { std::swap(m->segments[1], m->segments[2]); }), StatusCode::kCorruption);
  EXPECT_EQ(code([](EventManifest* m) { m->next_seq = 4; }), StatusCode::kCorruption);
}

TEST(EventManifestTest, ALogThatBeginsWithABaseIsRestorableFromThere) {
  EventManifest manifest = ManifestWithBases();
  manifest.segments.erase(manifest.segments.begin());
  EXPECT_EQ(DecodeEventManifest(EncodeEventManifest(manifest)).status().code(), StatusCode::kCorruption);
  manifest.compacted_through = 3;
  EXPECT_EQ(*DecodeEventManifest(EncodeEventManifest(manifest)), manifest);
  EXPECT_TRUE(manifest.begins_with(manifest.segments[0]));
  EXPECT_EQ(manifest.window_from_ms(), 20);
}

TEST(EventManifestTest, ContradictionsAreCorruption) {
  auto code = [](auto change) {
    EventManifest manifest = SampleManifest();
    change(&manifest);
    return DecodeEventManifest(EncodeEventManifest(manifest)).status().code();
  };
  EXPECT_EQ(code([](EventManifest* m) { m->segments[1].min_lsn = 5; }), StatusCode::kCorruption);
  EXPECT_EQ(code([](EventManifest* m) { m->segments[1].seq = 1; }), StatusCode::kCorruption);
  EXPECT_EQ(code([](EventManifest* m) { m->segments[1].seq = 3; }), StatusCode::kCorruption);
  EXPECT_EQ(code([](EventManifest* m) { m->segments[0].path = "events/../x"; }), StatusCode::kCorruption);
  EXPECT_EQ(code([](EventManifest* m) { m->total_events = 4; }), StatusCode::kCorruption);
  EXPECT_EQ(code([](EventManifest* m) { m->files = {{"data/../data.parquet", 1}}; }), StatusCode::kCorruption);
  EXPECT_EQ(code([](EventManifest* m) { m->checkpoint = 6; }), StatusCode::kCorruption);
  EXPECT_EQ(DecodeEventManifest(R"({"version":2})").status().code(), StatusCode::kUnsupported);
  EXPECT_EQ(DecodeEventManifest("").status().code(), StatusCode::kCorruption);
  EXPECT_EQ(DecodeEventManifest("{\"version\":1,\"segm").status().code(), StatusCode::kCorruption);
}

TEST(KnowsTest, FollowsLinesAndMerges) {
  EXPECT_EQ(KnowsAt(SampleManifest(), 5), (Knows{{"L1", 3}, {"L2", 5}, {"L3", 9}}));
  EXPECT_EQ(KnowsAt(SampleManifest(), 2), (Knows{{"L1", 2}}));
  EXPECT_TRUE(InPastOf({{"L1", 2}}, {{"L1", 3}, {"L2", 1}}));
  EXPECT_FALSE(InPastOf({{"L1", 4}}, {{"L1", 3}}));
  EXPECT_FALSE(InPastOf({{"L2", 1}}, {{"L1", 3}}));
}

FileManifest SampleFiles() {
  FileManifest manifest;
  manifest.database_id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  manifest.name = "shop";
  manifest.owner = "username";
  manifest.last_synced_at_ms = 1769947200000;
  ManifestFile file{.path = "data/posts/data.parquet",
                    .size = 7,
                    .hash = std::string(64, 'c'),
                    .hash_algorithm = "sha256",
                    .modified_at_ms = 1,
                    .etag = "",
                    .content_type = "application/vnd.apache.parquet",
                    .object = ObjectPath(std::string(64, 'c'), 0, "parquet"),
                    .stored_size = 7};
  manifest.files.emplace(file.path, file);
  manifest.metadata = ManifestMetadata{5, 3, {{"posts", 2}}, std::string(64, 'd'), 1, 2};
  return manifest;
}

TEST(FileManifestTest, ComesBackTheSame) {
  EXPECT_EQ(*DecodeFileManifest(EncodeFileManifest(SampleFiles())), SampleFiles());
}

TEST(FileManifestTest, AHostilePathStopsEverything) {
  for (std::string path : {"../evil", "/etc/passwd", "data/../../x/data.parquet", "_meta/lock", "parquedb.toml"}) {
    FileManifest manifest = SampleFiles();
    ManifestFile file = manifest.files.begin()->second;
    file.path = path;
    manifest.files = {{path, file}};
    EXPECT_EQ(DecodeFileManifest(EncodeFileManifest(manifest)).status().code(), StatusCode::kCorruption) << path;
  }
  FileManifest manifest = SampleFiles();
  manifest.files.begin()->second.object = "objects/cc/../../../etc/passwd";
  EXPECT_EQ(DecodeFileManifest(EncodeFileManifest(manifest)).status().code(), StatusCode::kCorruption);
}

TEST(PushNoteTest, ComesBackTheSame) {
  PushNote note{.database_id = "D", .slug = "a/b", .lsn = 7, .time_ms = 1769947200000};
  EXPECT_EQ(*DecodePushNote(EncodePushNote(note), "note"), note);
  EXPECT_EQ(DecodePushNote("{}", "note").status().code(), StatusCode::kCorruption);
  EXPECT_EQ(DecodePushNote(R"({"version":2})", "note").status().code(), StatusCode::kUnsupported);
}

TEST(CommitTest, ComesBackTheSame) {
  Commit commit{.kind = "push",
                .number = 3,
                .time_ms = 10,
                .database_id = "D",
                .slug = "a/b",
                .snapshot = "S",
                .instant_ms = 9,
                .head = 7,
                .knows = {{"L", 7}},
                .writer_line = "L",
                .writer_host = "h",
                .writer_operator = "o",
                .expired = {"x"},
                .swept = {}};
  EXPECT_EQ(*DecodeCommit(EncodeCommit(commit)), commit);
  EXPECT_EQ(DecodeCommit("{}").status().code(), StatusCode::kCorruption);
  EXPECT_TRUE(DecodeRepositoryFormat(EncodeRepositoryFormat({1, true, false})).ok());
}

}  // namespace
}  // namespace parquedb
