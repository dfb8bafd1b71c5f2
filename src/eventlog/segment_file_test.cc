// Segments: what is written is read, single events are found, and a segment that is not what the manifest says is
// named.
#include "eventlog/segment_file.h"

#include "eventlog/log_fixture.h"
#include "eventlog/segment_batch.h"
#include "model/layout.h"

namespace parquedb {
namespace {

constexpr char kSegmentDatabase[] = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
constexpr char kSegmentLine[] = "01BX5ZZKBKACTAV9WEVGEMMVS0";
constexpr char kLaterLine[] = "01BX5ZZKBKACTAV9WEVGEMMVS1";

Event RowEvent(int64_t lsn) {
  Event event{.lsn = lsn,
              .id = Ulid::Min(kTestNowMs + lsn).ToString(),
              .ts_ms = kTestNowMs + lsn,
              .op = lsn % 3 == 0   ? Op::kDelete
                    : lsn % 3 == 1 ? Op::kCreate
                                   : Op::kUpdate,
              .target = "docs:d" + std::to_string(lsn % 10),
              .before = {},
              .after = {},
              .actor = {},
              .metadata = {}};
  if (event.op != Op::kCreate) event.before = TestState(lsn - 1);
  if (event.op != Op::kDelete) event.after = TestState(lsn);
  if (lsn % 2 == 0) event.actor = "al";
  if (lsn % 5 == 0) event.metadata = "{\"why\":\"test\"}";
  return event;
}

class SegmentTest : public testing::Test {
 protected:
  // Events [from, to] as one segment.
  SegmentEntry Make(int64_t from, int64_t to) {
    SegmentBatch batch(storage_, {.next_seq = 1,
                                  .database_id = kSegmentDatabase,
                                  .lines = {{kSegmentLine, 1}, {kLaterLine, 4}},
                                  .digest = {},
                                  .now_ms = kTestNowMs});
    for (int64_t lsn = from; lsn <= to; ++lsn) EXPECT_TRUE(batch.Append(EventView::Of(RowEvent(lsn))).ok());
    Status finished = batch.Finish();
    EXPECT_TRUE(finished.ok()) << finished.message();
    batch.Keep();
    EXPECT_EQ(batch.entries().size(), 1u);
    return batch.entries()[0];
  }
  Result<std::vector<Event>> ReadAll(const SegmentEntry& entry) {
    ASSIGN_OR_RETURN(auto segment, Segment::Open(storage_, entry, kSegmentDatabase));
    ASSIGN_OR_RETURN(auto cursor, segment->ScanAll(EventColumns::All()));
    std::vector<Event> events;
    EventView event;
    while (true) {
      ASSIGN_OR_RETURN(bool more, cursor->Next(&event));
      if (!more) return events;
      events.push_back(event.Copy());
    }
  }

  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
  MemoryBackend storage_{disk_};
};

TEST_F(SegmentTest, EventsComeBackAndTheEntryDescribesThem) {
  SegmentEntry entry = Make(3, 40);
  EXPECT_EQ(entry.seq, 1);
  EXPECT_EQ(entry.path, "events/seg-000001.parquet");
  EXPECT_EQ(entry.count, 38);
  EXPECT_EQ(entry.min_lsn, 3);
  EXPECT_EQ(entry.max_lsn, 40);
  EXPECT_EQ(entry.min_ts_ms, kTestNowMs + 3);
  EXPECT_EQ(entry.max_ts_ms, kTestNowMs + 40);
  std::string bytes = disk_->Content(entry.path);
  EXPECT_EQ(entry.size_bytes, static_cast<int64_t>(bytes.size()));
  EXPECT_EQ(entry.sha256, Sha256Hex(bytes));
  auto events = ReadAll(entry);
  ASSERT_TRUE(events.ok()) << events.status().message();
  ASSERT_EQ(events->size(), 38u);
  for (size_t i = 0; i < events->size(); ++i)
    ASSERT_TRUE(SameEvent((*events)[i], RowEvent(static_cast<int64_t>(i) + 3)));
}

TEST_F(SegmentTest, TheFooterNamesDatabaseLinesAndDigest) {
  SegmentEntry entry = Make(3, 40);
  auto segment = Segment::Open(storage_, entry, kSegmentDatabase);
  ASSERT_TRUE(segment.ok());
  EXPECT_EQ((*segment)->footer().database_id, kSegmentDatabase);
  EXPECT_EQ((*segment)->footer().lines, (std::vector<LineEntry>{{kSegmentLine, 3}, {kLaterLine, 4}}));
  StateDigest digest;
  for (int64_t lsn = 3; lsn <= 40; ++lsn) digest.Apply(RowEvent(lsn).target, RowEvent(lsn).before, RowEvent(lsn).after);
  EXPECT_EQ((*segment)->footer().digest, digest.Hex());
  EXPECT_EQ((*segment)->table().footer("parquedb.format"), "events/1");
  EXPECT_EQ((*segment)->table().footer("parquedb.lsn"), "3-40");
  EXPECT_EQ((*segment)->table().footer("parquedb.ts"), "1700000000003-1700000000040");
}

TEST_F(SegmentTest, TheNewestEventOfATargetIsFoundAtEveryCut) {
  constexpr int64_t kRows = 70'000;  // two row groups
  SegmentEntry entry = Make(1, kRows);
  auto segment = Segment::Open(storage_, entry, kSegmentDatabase);
  ASSERT_TRUE(segment.ok());
  ASSERT_EQ((*segment)->table().row_group_count(), 2);
  for (int64_t cut : {int64_t{1}, int64_t{9}, int64_t{10}, int64_t{11}, int64_t{65'536}, int64_t{65'537},
                      int64_t{65'541}, kRows - 1, kRows, kRows + 5}) {
    for (int64_t digit : {0, 1, 7}) {
      int64_t expected = std::min(cut, kRows);
      while (expected > 0 && expected % 10 != digit) --expected;
      auto found = (*segment)->FindLast("docs:d" + std::to_string(digit), cut, EventColumns::All());
      ASSERT_TRUE(found.ok()) << found.status().message();
      ASSERT_EQ(found->has_value(), expected > 0) << cut << " " << digit;
      if (*found) {
        ASSERT_TRUE(SameEvent(**found, RowEvent(expected))) << cut << " " << digit;
      }
    }
  }
  auto none = (*segment)->FindLast("docs:nobody", kRows, EventColumns::All());
  ASSERT_TRUE(none.ok());
  EXPECT_FALSE(none->has_value());
}

// Ten events a millisecond, ids ascending among them.
Event CrowdedEvent(int64_t lsn) {
  Event event = RowEvent(lsn);
  event.ts_ms = kTestNowMs + lsn / 10 * 2;
  event.id = Ulid::Min(event.ts_ms).ToString();
  event.id.back() = static_cast<char>('0' + lsn % 10);
  return event;
}

TEST_F(SegmentTest, TheEventsUpToAnyInstantAreCounted) {
  constexpr int64_t kFirst = 3, kLast = 70'000;  // two row groups
  auto file = *storage_.CreatePending("events/seg-000001.parquet");
  auto writer = *SegmentWriter::Open(*file);
  for (int64_t lsn = kFirst; lsn <= kLast; ++lsn) ASSERT_TRUE(writer->Append(EventView::Of(CrowdedEvent(lsn))).ok());
  ASSERT_TRUE(writer->Finish({.database_id = kSegmentDatabase, .digest = StateDigest().Hex()}).ok());
  const auto size = static_cast<int64_t>(file->size());
  std::vector<std::unique_ptr<PendingFile>> files;
  files.push_back(std::move(file));
  ASSERT_TRUE(storage_.Publish(std::move(files)).ok());
  SegmentEntry entry{.path = "events/seg-000001.parquet"};
  entry.min_lsn = kFirst;
  entry.max_lsn = kLast;
  entry.count = kLast - kFirst + 1;
  entry.size_bytes = size;
  auto opened = Segment::Open(storage_, entry, kSegmentDatabase);
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  const Segment& segment = **opened;
  ASSERT_EQ(segment.table().row_group_count(), 2);
  for (int64_t lsn : {0, 2, 3, 4, 9, 10, 1026, 1027, 65'538, 65'539, 65'540, 69'999, 70'000, 70'001}) {
    const int64_t up_to = std::clamp<int64_t>(lsn - kFirst + 1, 0, entry.count);
    EXPECT_EQ(*segment.CountUpToLsn(lsn), up_to);
    EXPECT_EQ(*segment.CountUpToId(CrowdedEvent(lsn).id), up_to) << lsn;
    // The last event of its millisecond counts, and of a millisecond without events those before it.
    const int64_t last = std::clamp<int64_t>(lsn / 10 * 10 + 9 - kFirst + 1, 0, entry.count);
    EXPECT_EQ(*segment.CountUpToTime(CrowdedEvent(lsn).ts_ms), last) << lsn;
    EXPECT_EQ(*segment.CountUpToTime(CrowdedEvent(lsn).ts_ms + 1), last) << lsn;
    if (up_to == 0) continue;
    Event stamp = *segment.ReadStamp(up_to - 1), want = CrowdedEvent(std::min(lsn, kLast));
    EXPECT_TRUE(stamp.lsn == want.lsn && stamp.ts_ms == want.ts_ms && stamp.id == want.id) << lsn;
  }
  EXPECT_EQ(*segment.CountUpToTime(0), 0);
  EXPECT_EQ(*segment.CountUpToId(""), 0);
}

TEST_F(SegmentTest, AScanDecodesTheColumnsThatAreAskedFor) {
  SegmentEntry entry = Make(1, 20);
  auto segment = Segment::Open(storage_, entry, kSegmentDatabase);
  auto keys = (*segment)->ScanAll(EventColumns::Keys());
  EventView event;
  ASSERT_TRUE(*(*keys)->Next(&event));
  EXPECT_EQ(event.target, "docs:d1");
  EXPECT_TRUE(event.id.empty() && !event.after);
  auto state = (*segment)->ScanAll(EventColumns::State());
  ASSERT_TRUE(*(*state)->Next(&event));
  EXPECT_EQ(event.after, TestState(1));
}

TEST_F(SegmentTest, ASegmentThatIsNotWhatTheManifestSaysIsCorruption) {
  const SegmentEntry good = Make(1, 20);
  std::vector<SegmentEntry> wrong(5, good);
  wrong[0].max_lsn = 21, wrong[0].count = 21;
  wrong[1].count = 19;
  wrong[2].size_bytes -= 1;
  wrong[3].path = SegmentPath(2);
  wrong[4].min_lsn = 2;
  for (const SegmentEntry& entry : wrong) {
    auto segment = Segment::Open(storage_, entry, kSegmentDatabase);
    EXPECT_EQ(segment.status().code(), StatusCode::kCorruption);
    EXPECT_NE(segment.status().message().find(entry.path), std::string::npos) << segment.status().message();
  }
  EXPECT_EQ(Segment::Open(storage_, good, kSegmentLine).status().code(), StatusCode::kCorruption)
      << "another database's";
}

TEST_F(SegmentTest, AFlippedByteAnywhereIsDetectedOrHarmless) {
  const SegmentEntry entry = Make(1, 60);
  const std::string whole = disk_->Content(entry.path);
  const std::vector<Event> expected = *ReadAll(entry);
  size_t detected = 0;
  for (size_t at = 0; at < whole.size(); ++at) {
    disk_->Corrupt(entry.path, at, static_cast<char>(1 << (at % 8)));
    auto events = ReadAll(entry);
    if (!events.ok()) {
      ++detected;
      ASSERT_TRUE(events.status().code() == StatusCode::kCorruption ||
                  events.status().code() == StatusCode::kUnsupported)
          << at << ": " << events.status().message();
    } else {
      ASSERT_EQ(events->size(), expected.size()) << at;
      for (size_t i = 0; i < expected.size(); ++i)
        ASSERT_TRUE(SameEvent((*events)[i], expected[i])) << "byte " << at << " event " << i;
    }
    disk_->Corrupt(entry.path, at, static_cast<char>(1 << (at % 8)));
  }
  EXPECT_GT(detected, whole.size() / 3);
}

TEST_F(SegmentTest, ACutSegmentIsCorruption) {
  SegmentEntry entry = Make(1, 20);
  const std::string whole = disk_->Content(entry.path);
  for (size_t size = 0; size < whole.size(); ++size) {
    disk_->Cut(entry.path, size);
    ASSERT_EQ(Segment::Open(storage_, entry, kSegmentDatabase).status().code(), StatusCode::kCorruption) << size;
    SegmentEntry agrees = entry;  // a manifest that was forged with it
    agrees.size_bytes = static_cast<int64_t>(size);
    ASSERT_EQ(Segment::Open(storage_, agrees, kSegmentDatabase).status().code(), StatusCode::kCorruption) << size;
    ASSERT_TRUE(storage_.Write(entry.path, whole).ok());
  }
}

TEST_F(SegmentTest, ABatchThatIsDroppedRemovesItsFiles) {
  {
    SegmentBatch batch(
        storage_,
        {.next_seq = 1, .database_id = kSegmentDatabase, .lines = {{kSegmentLine, 1}}, .digest = {}, .now_ms = 0});
    ASSERT_TRUE(batch.Append(EventView::Of(RowEvent(1))).ok());
    ASSERT_TRUE(batch.Finish().ok());
    EXPECT_TRUE(disk_->Has(SegmentPath(1)));
  }
  EXPECT_TRUE(disk_->Paths().empty());
}

}  // namespace
}  // namespace parquedb
