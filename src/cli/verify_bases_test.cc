// A log with bases behind its segments: verify proves each of them against the events that it stands for.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>

#include "core/clock.h"
#include "core/test_hooks.h"
#include "eventlog/manifest_file.h"
#include "eventlog/segment_file.h"
#include "model/file_manifest.h"
#include "model/layout.h"
#include "parquedb/database.h"
#include "parquedb/verify.h"
#include "storage/memory_backend.h"

namespace parquedb {
namespace {

constexpr int64_t kLaterMs = 1'800'000'000'000;

class VerifyBasesTest : public testing::Test {
 protected:
  // Segments of lsn 1-4 and 5-7, a base behind each.
  void SetUp() override {
    ::setenv(kBaseBytesVariable, "0", 1);
    auto db = ParqueDB::Open({.storage = std::make_shared<MemoryBackend>(disk_),
                              .create_if_missing = true,
                              .name = "bases",
                              .actor = "ann",
                              .clock = &clock_});
    ASSERT_TRUE(db.ok()) << db.status().message();
    Collection posts = (*db)->collection("posts");
    for (const char* id : {"a", "b", "c", "d"})
      ASSERT_TRUE(posts.Create(*Document::Parse(R"({"n":1})"), {.id = id}).ok());
    ASSERT_TRUE((*db)->Flush().ok());
    ASSERT_TRUE(posts.Update("b", *Document::Parse(R"({"n":2})")).ok());
    ASSERT_TRUE(posts.Delete("c").ok());
    ASSERT_TRUE(posts.Update("b", *Document::Parse(R"({"n":3})")).ok());
    ASSERT_TRUE((*db)->Checkpoint().ok());
    db->reset();
    const EventManifest manifest = *ReadEventManifest(storage_);
    ASSERT_EQ(manifest.segments.size(), 4u);
    ASSERT_TRUE(manifest.segments[1].is_base && manifest.segments[3].is_base);
    ASSERT_EQ(manifest.segments[3].count, 3);
  }
  void TearDown() override { ::unsetenv(kBaseBytesVariable); }

  // The base at lsn 7 with other rows (nullopt: left out), its digest and every manifest made to fit.
  void Forge(const std::function<bool(Event*)>& change, const std::string& cut_id = "") {
    EventManifest manifest = *ReadEventManifest(storage_);
    SegmentEntry& entry = manifest.segments[3];
    auto base = *Segment::Open(storage_, entry, manifest.database_id);
    SegmentFooter footer = base->footer();
    if (!cut_id.empty()) footer.cut_id = cut_id;
    StateDigest digest;
    auto pending = *storage_.CreatePending(entry.path);
    auto writer = *SegmentWriter::OpenBase(*pending, {entry.max_lsn, entry.max_ts_ms, footer.cut_id});
    auto cursor = *base->ScanAll(EventColumns::All());
    EventView view;
    while (*cursor->Next(&view)) {
      Event event = view.Copy();
      if (!change(&event)) continue;
      digest.Add(event.target, event.after.value_or(""));
      ASSERT_TRUE(writer->Append(EventView::Of(event)).ok());
    }
    footer.digest = digest.Hex();
    ASSERT_TRUE(writer->Finish(footer).ok());
    entry.count = writer->count();
    ASSERT_TRUE(pending->Close().ok());
    std::vector<std::unique_ptr<PendingFile>> files;
    files.push_back(std::move(pending));
    ASSERT_TRUE(storage_.Publish(std::move(files)).ok());
    std::string bytes = disk_->Content(entry.path);
    entry.size_bytes = static_cast<int64_t>(bytes.size());
    entry.sha256 = Sha256Hex(bytes);
    ASSERT_TRUE(WriteEventManifest(storage_, manifest).ok());
    auto record = *DecodeFileManifest(disk_->Content(std::string(kFileManifestPath)));
    record.files[entry.path].size = entry.size_bytes;
    record.files[entry.path].hash = entry.sha256;
    ASSERT_TRUE(storage_.Write(kFileManifestPath, EncodeFileManifest(record)).ok());
  }

  // All that is critical, a line each.
  std::string Critical() {
    auto result = Verify(storage_, {.level = VerifyLevel::kReplay, .now_ms = kLaterMs});
    if (!result.ok()) return result.status().message();
    std::string text;
    for (const Finding& finding : result->findings) {
      if (finding.severity == Severity::kCritical) text += finding.path + ": " + finding.message + "\n";
    }
    EXPECT_EQ(result->passed, text.empty());
    return text;
  }
  void ExpectFound(const std::string& what) {
    const std::string found = Critical();
    EXPECT_NE(found.find(what), std::string::npos) << "found: " << found;
  }

  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
  MemoryBackend storage_{disk_};
  ManualClock clock_{1'700'000'000'000};
};

TEST_F(VerifyBasesTest, BasesThatEqualTheEventsPass) {
  EXPECT_EQ(Critical(), "");
  Forge([](Event*) { return true; });
  EXPECT_EQ(Critical(), "") << "written again as it was";
}

TEST_F(VerifyBasesTest, ARowWithAnotherStateIsFound) {
  Forge([](Event* event) {
    if (event->target == "posts:a") event->after->replace(event->after->find("\"n\":1"), 5, "\"n\":9");
    return true;
  });
  ExpectFound("what it holds is not the state that the events through lsn 7 left");
  ExpectFound("posts/a at lsn 1: a base holds it otherwise than the event there");
}

TEST_F(VerifyBasesTest, ARowThatIsMissingIsFound) {
  Forge([](Event* event) { return event->target != "posts:d"; });
  ExpectFound("what it holds is not the state that the events through lsn 7 left");
}

TEST_F(VerifyBasesTest, AnOlderStateOfARecordIsFound) {
  std::string old;
  {
    const EventManifest manifest = *ReadEventManifest(storage_);
    auto first = *Segment::Open(storage_, manifest.segments[2], manifest.database_id);
    old = *first->ReadRow(0, EventColumns::All())->after;
  }
  ASSERT_NE(old.find("\"n\":2"), std::string::npos);
  Forge([&](Event* event) {
    if (event->target == "posts:b") event->after = old;
    return true;
  });
  ExpectFound("posts/b at lsn 7: a base holds it otherwise than the event there");
}

TEST_F(VerifyBasesTest, AnotherActorOrTimeOrLsnInARowIsFound) {
  Forge([](Event* event) {
    if (event->target == "posts:a") event->actor = "mallory";
    return true;
  });
  ExpectFound("posts/a at lsn 1: a base holds it otherwise than the event there");
  Forge([](Event* event) {
    if (event->target == "posts:a") event->actor = "ann";
    return true;
  });
  EXPECT_EQ(Critical(), "");
  Forge([](Event* event) {
    if (event->target == "posts:d") event->lsn = 5;
    return true;
  });
  ExpectFound("posts/d at lsn 5: a base holds it otherwise than the event there");
}

TEST_F(VerifyBasesTest, ACutThatIsAnotherEventIsFound) {
  std::string id;
  Forge([&](Event* event) {
    id = event->id;
    return true;
  });
  id.back() = id.back() == 'Z' ? 'Y' : 'Z';  // of the same millisecond
  Forge([](Event*) { return true; }, id);
  ExpectFound("its cut is the event '" + id + "'; at lsn 7 is '");
}

TEST_F(VerifyBasesTest, ADamagedBaseIsFoundAndTheRestIsStillProved) {
  const EventManifest manifest = *ReadEventManifest(storage_);
  ASSERT_TRUE(storage_.Write(manifest.segments[1].path, std::string("no Parquet")).ok());
  const std::string found = Critical();
  EXPECT_NE(found.find(manifest.segments[1].path), std::string::npos) << found;
  EXPECT_EQ(found.find(manifest.segments[2].path), std::string::npos) << found;
  EXPECT_EQ(found.find("data/"), std::string::npos) << found;
}

TEST_F(VerifyBasesTest, ABaseThatTheRecordDoesNotKnowYetIsAWarning) {
  auto record = *DecodeFileManifest(disk_->Content(std::string(kFileManifestPath)));
  const EventManifest manifest = *ReadEventManifest(storage_);
  record.files.erase(manifest.segments[3].path);
  ASSERT_TRUE(storage_.Write(kFileManifestPath, EncodeFileManifest(record)).ok());
  EXPECT_EQ(Critical(), "");
  record.files.erase(manifest.segments[1].path);
  ASSERT_TRUE(storage_.Write(kFileManifestPath, EncodeFileManifest(record)).ok());
  ExpectFound("events/manifest.json names it, _meta/manifest.json does not");
}

}  // namespace
}  // namespace parquedb
