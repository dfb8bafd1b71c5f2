// verify on a disk in memory: what is whole passes, every kind of damage and every consistent forgery is found.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <map>

#include "collection/bloom_file.h"
#include "collection/data_file.h"
#include "collection/rels_file.h"
#include "core/clock.h"
#include "eventlog/manifest_file.h"
#include "eventlog/segment_file.h"
#include "model/file_manifest.h"
#include "model/layout.h"
#include "parquedb/database.h"
#include "parquedb/verify.h"
#include "replay/state.h"
#include "storage/memory_backend.h"

namespace parquedb {
namespace {

constexpr int64_t kNowMs = 1'700'000'900'000;

class VerifyTest : public testing::Test {
 protected:
  void SetUp() override { Open(); }

  void Open() {
    db_.reset();
    auto db = ParqueDB::Open({.storage = std::make_shared<MemoryBackend>(disk_),
                              .create_if_missing = true,
                              .name = "v",
                              .actor = "ann",
                              .clock = &clock_});
    ASSERT_TRUE(db.ok()) << db.status().message();
    db_ = std::move(*db);
  }
  void Put(const std::string& ns, const std::string& id, const std::string& json) {
    clock_.Advance(5);
    auto made = db_->collection(ns).Create(*Document::Parse(json), {.id = id});
    ASSERT_TRUE(made.ok()) << made.status().message();
  }
  void Link(const std::string& ns, const std::string& id, const std::string& to) {
    clock_.Advance(5);
    ASSERT_TRUE(db_->collection(ns).Link(id, "by", to, true).ok());
  }
  // Two namespaces with links both ways, a deletion, a second checkpoint, and a tail in the WAL.
  void Fill() {
    for (int i = 0; i < 12; ++i)
      Put("posts", "p" + std::to_string(i),
          "{\"n\":" + std::to_string(i) + ",\"s\":\"text " + std::to_string(i) + "\",\"d\":0.5}");
    Put("users", "u", "{\"name\":\"U\"}");
    Put("a-b", "x/y:z", "{}");
    Link("posts", "p1", "users/u");
    Link("posts", "p2", "users/u");
    Link("users", "u", "posts/p3");
    ASSERT_TRUE(db_->Checkpoint().ok());
    ASSERT_TRUE(db_->collection("posts").Delete("p4").ok());
    ASSERT_TRUE(db_->collection("posts").Update("p5", *Document::Parse("{\"$set\":{\"n\":55}}")).ok());
    ASSERT_TRUE(db_->Checkpoint().ok());
    Put("posts", "tail", "{\"n\":99}");
    Put("posts", "tail2", "{\"n\":100}");
  }
  void Close() { db_.reset(); }

  VerificationResult Run(VerifyLevel level = VerifyLevel::kReplay) {
    MemoryBackend storage(disk_);
    auto result = Verify(storage, {.level = level, .now_ms = kNowMs});
    EXPECT_TRUE(result.ok()) << result.status().message();
    return result.ok() ? *result : VerificationResult{};
  }
  // The first critical finding.
  Finding Critical() {
    VerificationResult result = Run();
    for (const Finding& finding : result.findings) {
      if (finding.severity == Severity::kCritical) return finding;
    }
    ADD_FAILURE() << "nothing was found";
    return {};
  }
  std::map<std::string, std::string> State() {
    MemoryBackend storage(disk_);
    std::map<std::string, std::string> state;
    auto view = TakeView(storage, kNowMs, {.pin_all = true, .namespaces = {}});
    if (!view.ok()) return {{"error", view.status().message()}};
    auto cursor = OpenState(storage, *view, {.cut = view->head, .namespaces = {}});
    Entity entity;
    while (cursor.ok()) {
      auto more = (*cursor)->Next(&entity);
      if (!more.ok()) return {{"error", more.status().message()}};
      if (!*more) break;
      state[entity.id] = entity.data;
    }
    return state;
  }

  // ---- forgery: a file is made anew, and every manifest is told its new hash

  void Forge(const std::string& path, const std::function<void(PendingFile&)>& write) {
    MemoryBackend storage(disk_);
    auto pending = *storage.CreatePending(path);
    write(*pending);
    ASSERT_TRUE(pending->Close().ok());
    std::vector<std::unique_ptr<PendingFile>> files;
    files.push_back(std::move(pending));
    ASSERT_TRUE(storage.Publish(std::move(files)).ok());
    Rehash(path);
  }
  void Rehash(const std::string& path) {
    MemoryBackend storage(disk_);
    std::string bytes = disk_->Content(path);
    auto record = *DecodeFileManifest(disk_->Content(std::string(kFileManifestPath)));
    record.files[path].size = static_cast<int64_t>(bytes.size());
    record.files[path].hash = Sha256Hex(bytes);
    ASSERT_TRUE(storage.Write(kFileManifestPath, EncodeFileManifest(record)).ok());
    EventManifest manifest = *ReadEventManifest(storage);
    for (SegmentEntry& entry : manifest.segments) {
      if (entry.path != path) continue;
      entry.size_bytes = static_cast<int64_t>(bytes.size());
      entry.sha256 = Sha256Hex(bytes);
    }
    ASSERT_TRUE(WriteEventManifest(storage, manifest).ok());
  }
  // `change` gets every row; false leaves it out. Typed columns follow what it says.
  void ForgeData(const std::string& ns, const std::function<bool(Entity*)>& change,
                 const std::vector<Entity>& more = {}) {
    MemoryBackend storage(disk_);
    auto file = *DataFile::Open(*storage.Open(DataPath(ns)), DataPath(ns), "");
    std::vector<Entity> rows = more;
    auto cursor = *file->Scan();
    Entity entity;
    while (*cursor->Next(&entity)) {
      if (change(&entity)) rows.push_back(entity);
    }
    std::sort(rows.begin(), rows.end(), [](const Entity& a, const Entity& b) { return a.id < b.id; });
    Forge(DataPath(ns), [&](PendingFile& pending) {
      auto writer = *DataFileWriter::Open(pending, TypedColumns(file->footer().fields, file->footer().rows));
      StateDigest digest;
      DataFileFooter footer = file->footer();
      footer.digest.clear();
      for (const Entity& row : rows) ASSERT_TRUE(writer->Append(row).ok());
      ASSERT_TRUE(writer->Finish(footer).ok());
    });
  }
  void ForgeRels(const std::string& path, RelsOrder order, const std::function<void(std::vector<LinkRow>*)>& change) {
    MemoryBackend storage(disk_);
    auto file = *RelsFile::Open(*storage.Open(path), path, "");
    std::vector<LinkRow> rows;
    auto cursor = *file->Scan();
    LinkRow row;
    while (*cursor->Next(&row)) rows.push_back(row);
    change(&rows);
    auto key = [order](const LinkRow& r) {
      return order == RelsOrder::kForward ? std::tie(r.from, r.predicate, r.to) : std::tie(r.to, r.predicate, r.from);
    };
    std::sort(rows.begin(), rows.end(), [&](const LinkRow& a, const LinkRow& b) { return key(a) < key(b); });
    std::string database_id = ReadEventManifest(storage)->database_id;
    Forge(path, [&](PendingFile& pending) {
      auto writer = *RelsFileWriter::Open(pending, order);
      for (const LinkRow& r : rows) ASSERT_TRUE(writer->Append(r).ok());
      ASSERT_TRUE(writer->Finish(database_id, file->through()).ok());
    });
  }
  // The segment with number `seq`, its events changed; the digest in its footer is made to fit them if `digests`.
  void ForgeSegment(int64_t seq, const std::function<void(Event*)>& change, bool digests = true) {
    MemoryBackend storage(disk_);
    EventManifest manifest = *ReadEventManifest(storage);
    SegmentEntry entry = manifest.segments.at(static_cast<size_t>(seq - 1));
    auto segment = *Segment::Open(storage, entry, manifest.database_id);
    StateDigest digest;
    if (seq > 1)
      digest = *StateDigest::FromHex(
          (*Segment::Open(storage, manifest.segments.at(static_cast<size_t>(seq - 2)), manifest.database_id))
              ->footer()
              .digest);
    std::vector<Event> events;
    auto cursor = *segment->ScanAll(EventColumns::All());
    EventView view;
    while (*cursor->Next(&view)) {
      events.push_back(view.Copy());
      change(&events.back());
      digest.Apply(events.back().target, events.back().before, events.back().after);
    }
    Forge(entry.path, [&](PendingFile& pending) {
      auto writer = *SegmentWriter::Open(pending);
      for (const Event& event : events) ASSERT_TRUE(writer->Append(EventView::Of(event)).ok());
      SegmentFooter footer = segment->footer();
      if (digests) footer.digest = digest.Hex();
      ASSERT_TRUE(writer->Finish(footer).ok());
    });
  }

  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
  ManualClock clock_{1'700'000'000'000};
  std::unique_ptr<ParqueDB> db_;
};

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << text;
  return text.replace(at, from.size(), to);
}

TEST_F(VerifyTest, AWholeDatabasePassesAtEveryLevelAndInEveryLayout) {
  for (VerifyLevel level : {VerifyLevel::kQuick, VerifyLevel::kHash, VerifyLevel::kFull, VerifyLevel::kReplay}) {
    EXPECT_TRUE(Run(level).passed);
  }
  Fill();
  for (VerifyLevel level : {VerifyLevel::kQuick, VerifyLevel::kHash, VerifyLevel::kFull, VerifyLevel::kReplay}) {
    VerificationResult result = Run(level);
    EXPECT_TRUE(result.passed) << result.errors[0];
    EXPECT_TRUE(result.warnings.empty()) << result.warnings[0];
    ASSERT_EQ(result.checks.size(), 8u);
    EXPECT_EQ(result.checks[0].name, "Manifest exists");
    EXPECT_EQ(result.checks[7].name, "Event log");
    EXPECT_EQ(result.checks[4].expected, 13) << "the entities at the checkpoint";
  }
}

TEST_F(VerifyTest, ADanglingLinkIsAWarning) {
  Put("posts", "p", "{}");
  Link("posts", "p", "users/nobody");
  for (bool checkpointed : {false, true}) {
    if (checkpointed) {
      ASSERT_TRUE(db_->Checkpoint().ok());
    }
    VerificationResult result = Run();
    EXPECT_TRUE(result.passed);
    ASSERT_EQ(result.warnings.size(), 1u);
    EXPECT_NE(result.warnings[0].find("posts/p -by-> users/nobody"), std::string::npos) << result.warnings[0];
  }
}

TEST_F(VerifyTest, AMissingOrDamagedManifestIsCritical) {
  Fill();
  Close();
  MemoryBackend storage(disk_);
  ASSERT_TRUE(storage.Remove(kFileManifestPath).ok());
  EXPECT_EQ(Critical().check, "Manifest exists");
  ASSERT_TRUE(storage.Remove(kEventManifestPath).ok());
  VerificationResult result = Run();
  EXPECT_FALSE(result.passed);
  EXPECT_FALSE(result.checks[7].passed);
}

TEST_F(VerifyTest, AFolderWithoutADatabaseIsNotFound) {
  MemoryBackend storage(std::make_shared<MemoryDisk>());
  auto result = Verify(storage, {.level = VerifyLevel::kReplay, .now_ms = kNowMs});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), StatusCode::kNotFound);
}

TEST_F(VerifyTest, AManifestThatIsBehindIsAWarning) {
  Fill();
  std::string old = disk_->Content(std::string(kFileManifestPath));
  ASSERT_TRUE(db_->Checkpoint().ok());
  MemoryBackend storage(disk_);
  ASSERT_TRUE(storage.Write(kFileManifestPath, old).ok());
  VerificationResult result = Run();
  EXPECT_TRUE(result.passed) << result.errors[0];
  EXPECT_FALSE(result.warnings.empty());
}

TEST_F(VerifyTest, AStrayFileOfTheLayoutIsAWarningAndOthersAreIgnored) {
  Fill();
  MemoryBackend storage(disk_);
  ASSERT_TRUE(storage.Write("data/none/data.parquet", "x").ok());
  ASSERT_TRUE(storage.Write("notes.txt", "x").ok());
  VerificationResult result = Run();
  EXPECT_TRUE(result.passed);
  EXPECT_EQ(result.warnings.size(), 1u);
}

TEST_F(VerifyTest, CompareNamesWhatDiffers) {
  Fill();
  Close();
  auto twin = std::make_shared<MemoryDisk>();
  MemoryBackend here(disk_), there(twin);
  for (const std::string& path : disk_->Paths()) ASSERT_TRUE(there.Write(path, disk_->Content(path)).ok());
  auto result = Verify(here, {.now_ms = kNowMs, .compare = &there});
  ASSERT_TRUE(result.ok() && result->passed);
  Open();
  Put("posts", "more", "{}");
  result = Verify(here, {.now_ms = kNowMs, .compare = &there});
  ASSERT_TRUE(result.ok());
  EXPECT_FALSE(result->passed);
  EXPECT_NE(result->errors[0].find("posts/more is here"), std::string::npos) << result->errors[0];
}

// ---- consistent forgeries: all hashes are right

TEST_F(VerifyTest, AForgedRowIsFound) {
  Fill();
  ForgeData("posts", [](Entity* e) {
    if (e->id == "posts/p5") e->data = Replaced(e->data, "55", "56");
    return true;
  });
  Finding found = Critical();
  EXPECT_EQ(found.check, "Entity counts");
  EXPECT_EQ(found.ns, "posts");
  EXPECT_NE(found.message.find("posts/p5"), std::string::npos);
  ASSERT_TRUE(found.lsn_range);
  EXPECT_EQ(found.lsn_range->from, 19) << "the update of p5";
}

TEST_F(VerifyTest, ARowLeftOutOrAddedOrOfAnotherVersionIsFound) {
  Fill();
  std::string data = disk_->Content(DataPath("posts")), record = disk_->Content(std::string(kFileManifestPath));
  auto restore = [&] {
    MemoryBackend storage(disk_);
    ASSERT_TRUE(storage.Write(DataPath("posts"), data).ok());
    ASSERT_TRUE(storage.Write(kFileManifestPath, record).ok());
  };
  ForgeData("posts", [](Entity* e) { return e->id != "posts/p7"; });
  EXPECT_NE(Critical().message.find("posts/p7 is missing"), std::string::npos);
  restore();
  Entity ghost{.id = "posts/ghost", .version = 1, .created_at_ms = 1, .updated_at_ms = 1, .data = "{}"};
  ForgeData("posts", [](Entity*) { return true; }, {ghost});
  EXPECT_FALSE(Run().passed);
  restore();
  ghost.id = "posts/p4";  // deleted at lsn 18
  ForgeData("posts", [](Entity*) { return true; }, {ghost});
  EXPECT_FALSE(Run().passed);
  restore();
  ForgeData("posts", [](Entity* e) {
    e->version += e->id == "posts/p0";
    return true;
  });
  EXPECT_NE(Critical().message.find("posts/p0 is not what lsn 1 wrote"), std::string::npos);
}

TEST_F(VerifyTest, AForgedLinkIsFoundInEitherDirection) {
  Fill();
  for (auto [path, order] :
       {std::pair(ForwardPath("posts"), RelsOrder::kForward), std::pair(ReversePath("users"), RelsOrder::kReverse)}) {
    std::string bytes = disk_->Content(path), record = disk_->Content(std::string(kFileManifestPath));
    ForgeRels(path, order, [](std::vector<LinkRow>* rows) { rows->push_back({"posts/p9", "by", "users/u"}); });
    EXPECT_EQ(Critical().check, "Relationships") << path;
    ForgeRels(path, order, [](std::vector<LinkRow>* rows) { rows->resize(1); });
    Finding found = Critical();
    EXPECT_EQ(found.check, "Relationships") << path;
    EXPECT_NE(found.message.find("is missing"), std::string::npos) << found.message;
    MemoryBackend storage(disk_);
    ASSERT_TRUE(storage.Write(path, bytes).ok());
    ASSERT_TRUE(storage.Write(kFileManifestPath, record).ok());
  }
  EXPECT_TRUE(Run().passed);
}

TEST_F(VerifyTest, ABloomFileThatDeniesAnIdIsFound) {
  Fill();
  MemoryBackend storage(disk_);
  std::string bloom = disk_->Content(BloomPath("posts"));
  std::fill(bloom.begin() + 16, bloom.end(), '\0');
  ASSERT_TRUE(storage.Write(BloomPath("posts"), bloom).ok());
  Rehash(BloomPath("posts"));
  EXPECT_EQ(Critical().check, "Indexes");
}

TEST_F(VerifyTest, AForgedEventIsFoundByTheStateAfterIt) {
  Fill();
  ForgeSegment(1, [](Event* event) {
    if (event->target == "posts:p5" && event->after) event->after = Replaced(*event->after, "\"n\":5", "\"n\":6");
  });
  VerificationResult result = Run();
  bool named = false;
  for (const Finding& finding : result.findings) {
    named = named || (finding.severity == Severity::kCritical && finding.ns == "posts" && finding.lsn_range &&
                      finding.lsn_range->from <= 6);
  }
  EXPECT_TRUE(named) << result.errors[0];
}

TEST_F(VerifyTest, AForgedEventWithoutItsDigestIsFoundInItsSegment) {
  Fill();
  ForgeSegment(
      2,
      [](Event* event) {
        if (event->op == Op::kUpdate) event->after = Replaced(*event->after, "55", "57");
      },
      false);
  VerificationResult result = Run();
  EXPECT_FALSE(result.passed);
  bool named = false;
  for (const Finding& finding : result.findings)
    named = named || (finding.path == SegmentPath(2) && finding.check == "Event log");
  EXPECT_TRUE(named);
}

TEST_F(VerifyTest, EventsOutOfOrderOrMalformedAreFound) {
  Fill();
  const std::string path = SegmentPath(2), bytes = disk_->Content(path);
  const std::string record = disk_->Content(std::string(kFileManifestPath)),
                    log = disk_->Content(std::string(kEventManifestPath));
  const std::pair<const char*, std::function<void(Event*)>> forgeries[] = {
      {"actor", [](Event* e) { e->actor = std::string("a\x01"); }},
      {"metadata", [](Event* e) { e->metadata = "{"; }},
      {"id", [](Event* e) { e->id = "01HF7YAT000000000000000000"; }},
      {"target", [](Event* e) { e->target = "9bad:x"; }},
      {"document",
       [](Event* e) {
         if (e->after) e->after = Replaced(*e->after, "\"n\":55", "\"n\":055");
       }},
      {"blank",
       [](Event* e) {
         if (e->after) e->after = Replaced(*e->after, "\"n\":55", "\"n\": 55");
       }},
      {"before",
       [](Event* e) {
         if (e->op == Op::kDelete) e->before = Replaced(*e->before, "\"n\":4", "\"n\":5");
       }},
      {"op", [](Event* e) { e->op = Op::kCreate; }}};
  for (const auto& [name, forge] : forgeries) {
    ForgeSegment(2, forge);
    EXPECT_FALSE(Run().passed) << name;
    MemoryBackend storage(disk_);
    ASSERT_TRUE(storage.Write(path, bytes).ok());
    ASSERT_TRUE(storage.Write(kFileManifestPath, record).ok());
    ASSERT_TRUE(storage.Write(kEventManifestPath, log).ok());
  }
  EXPECT_TRUE(Run().passed);
}

TEST_F(VerifyTest, WrongCountsInTheRecordAreFound) {
  Fill();
  MemoryBackend storage(disk_);
  auto record = *DecodeFileManifest(disk_->Content(std::string(kFileManifestPath)));
  record.metadata->entities["posts"] += 1;
  ASSERT_TRUE(storage.Write(kFileManifestPath, EncodeFileManifest(record)).ok());
  EXPECT_EQ(Critical().check, "Entity counts");
  record.metadata->entities["posts"] -= 1;
  record.metadata->digest[0] = record.metadata->digest[0] == '0' ? '1' : '0';
  ASSERT_TRUE(storage.Write(kFileManifestPath, EncodeFileManifest(record)).ok());
  EXPECT_EQ(Critical().check, "Event log");
}

// ---- damage

bool IsHashed(const std::string& path) { return path.ends_with(".parquet") || path.ends_with(".bloom"); }

int Step(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::atoi(text) : otherwise;
}

TEST_F(VerifyTest, AFlippedByteIsFoundOrHarmless) {
  Fill();
  Close();
  const auto whole = State();
  auto without_last = whole;
  without_last.erase("posts/tail2");
  const int step = Step("PARQUEDB_FLIP_STEP", 13);
  int64_t tried = 0, harmless = 0;
  for (const std::string& path : disk_->Paths()) {
    if (!ParsePath(path)) continue;
    size_t size = disk_->Content(path).size();
    for (size_t at = 0; at < size; at += static_cast<size_t>(step)) {
      char mask = static_cast<char>(1 << (at % 8));
      disk_->Corrupt(path, at, mask);
      MemoryBackend storage(disk_);
      auto result = Verify(storage, {.level = VerifyLevel::kReplay, .now_ms = kNowMs});
      ++tried;
      if (result.ok() && result->passed) {
        ++harmless;
        // The last frame of the WAL looks torn then: it is not there, and everything before it is.
        auto now = State();
        bool good = now == whole || (ParsePath(path)->kind == FileKind::kWal && now == without_last);
        ASSERT_TRUE(good && !IsHashed(path)) << path << " byte " << at;
      }
      disk_->Corrupt(path, at, mask);
    }
  }
  EXPECT_GT(tried, 1000);
  EXPECT_LT(harmless, tried / 5);
}

TEST_F(VerifyTest, AFileThatWasCutIsFound) {
  Fill();
  Close();
  const int step = Step("PARQUEDB_FLIP_STEP", 13) * 5;
  for (const std::string& path : disk_->Paths()) {
    if (!ParsePath(path) || ParsePath(path)->kind == FileKind::kWal) continue;
    const std::string bytes = disk_->Content(path);
    for (size_t size = 0; size < bytes.size(); size += static_cast<size_t>(step)) {
      disk_->Cut(path, size);
      MemoryBackend storage(disk_);
      auto result = Verify(storage, {.level = VerifyLevel::kQuick, .now_ms = kNowMs});
      EXPECT_TRUE(!result.ok() || !result->passed) << path << " cut to " << size;
      ASSERT_TRUE(storage.Write(path, bytes).ok());
    }
  }
}

TEST_F(VerifyTest, AMissingFileIsFound) {
  Fill();
  Close();
  for (const std::string& path : disk_->Paths()) {
    if (!ParsePath(path) || ParsePath(path)->kind == FileKind::kWal) continue;
    const std::string bytes = disk_->Content(path);
    MemoryBackend storage(disk_);
    ASSERT_TRUE(storage.Remove(path).ok());
    VerificationResult result = Run(VerifyLevel::kQuick);
    EXPECT_FALSE(result.passed) << path;
    ASSERT_TRUE(storage.Write(path, bytes).ok());
  }
}

// What a crash leaves is no damage: verify passes on it as it lies there.
TEST_F(VerifyTest, WhatACrashLeavesPasses) {
  Fill();
  const int64_t before = disk_->operations();
  ASSERT_TRUE(db_->Checkpoint().ok());
  const int64_t operations = disk_->operations() - before;
  ASSERT_GT(operations, 10);
  for (int64_t at = 0; at < operations; ++at) {
    disk_ = std::make_shared<MemoryDisk>();
    Open();
    Fill();
    disk_->SetFaults({.crash_at = disk_->operations() + at});
    ASSERT_FALSE(db_->Checkpoint().ok());
    Close();
    disk_->EndProcess();
    VerificationResult result = Run();
    ASSERT_TRUE(result.passed) << "operation " << at << ": " << result.errors[0];
  }
}

}  // namespace
}  // namespace parquedb
