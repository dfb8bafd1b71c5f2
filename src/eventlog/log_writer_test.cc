// The writer's end of the log: what is acknowledged stays, through flushes, reopening, failed syncs and damage.
#include "eventlog/log_writer.h"

#include "eventlog/event_at.h"
#include "eventlog/log_fixture.h"
#include "eventlog/wal_format.h"
#include "model/layout.h"

namespace parquedb {
namespace {

// Where the first event of the WAL text ends.
size_t FirstFrameEnd(const std::string& wal) {
  size_t payload = 0;
  for (size_t i = 0; i < 4; ++i) payload |= size_t{static_cast<unsigned char>(wal[kWalHeaderBytes + i])} << (8 * i);
  return kWalHeaderBytes + kFrameHeaderBytes + payload;
}

TEST_F(LogTest, EventsComeBackInOrderThroughFlushAndReopening) {
  ASSERT_TRUE(Open().ok());
  PutRange(1, 3);
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(log_->head(), 3);
  EXPECT_EQ(log_->tail().size(), 3u);
  PutRange(4, 5);
  ASSERT_TRUE(log_->Flush().ok());
  EXPECT_TRUE(log_->tail().empty());
  PutRange(6, 7);
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(log_->Flush().ok());
  PutRange(8, 8);
  ExpectRange(8);
  EXPECT_EQ(log_->manifest().segments.size(), 2u);
  EXPECT_EQ(log_->manifest().total_events, 7);
}

TEST_F(LogTest, AFlushLeavesOneSegmentAndTheNextWal) {
  ASSERT_TRUE(Open().ok());
  PutRange(1, 3);
  ASSERT_TRUE(log_->Flush().ok());
  EXPECT_EQ(Paths("events/"), (std::vector<std::string>{"events/manifest.json", "events/seg-000001.parquet"}));
  EXPECT_EQ(Paths("_meta/wal/"), (std::vector<std::string>{"_meta/wal/00000000000000000004.wal"}));
  int64_t operations = disk_->operations();
  ASSERT_TRUE(log_->Flush().ok());
  EXPECT_EQ(disk_->operations(), operations) << "a flush of an empty tail does nothing";
}

TEST_F(LogTest, OnlyOneWriterIsLetIn) {
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(LogWriter::Open(storage_, Options()).status().code(), StatusCode::kLocked);
}

TEST_F(LogTest, ADatabaseIsNeverMadeOverAnother) {
  auto before = Contents();
  EXPECT_EQ(InitDatabase(*storage_, "other", clock_, random_).code(), StatusCode::kConflict);
  EXPECT_EQ(Contents(), before);
}

TEST_F(LogTest, AFolderWithoutADatabaseIsNotTouched) {
  auto disk = std::make_shared<MemoryDisk>();
  EXPECT_EQ(LogWriter::Open(std::make_shared<MemoryBackend>(disk), Options()).status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(disk->Paths().empty());
}

TEST_F(LogTest, AWalCutAtAnyLengthGoesOnBehindItsWholeFrames) {
  ASSERT_TRUE(Open().ok());
  PutRange(1, 3);
  log_.reset();
  const std::string wal = WalPath(1), whole = disk_->Content(wal);
  int64_t least = 3;
  for (size_t length = whole.size(); length >= kWalHeaderBytes; --length) {
    disk_->Cut(wal, length);
    ASSERT_TRUE(Open().ok()) << length;
    int64_t left = log_->head();
    ASSERT_LE(left, least);
    least = left;
    ASSERT_TRUE(Put("d" + std::to_string(left + 1), left + 1).ok());
    log_.reset();
    ExpectRange(left + 1);
    if (HasFatalFailure()) return;
    ASSERT_TRUE(storage_->Write(wal, whole).ok());
  }
  EXPECT_EQ(least, 0);
}

TEST_F(LogTest, ADamagedWalStopsTheWriterBeforeAnythingIsChanged) {
  ASSERT_TRUE(Open().ok());
  PutRange(1, 3);
  log_.reset();
  disk_->Corrupt(WalPath(1), kWalHeaderBytes + 40, 1);  // in the first frame, which later ones show to be acknowledged
  auto before = Contents();
  EXPECT_EQ(Open().code(), StatusCode::kCorruption);
  EXPECT_EQ(ReadLog().status().code(), StatusCode::kCorruption);
  EXPECT_EQ(Contents(), before);
}

TEST_F(LogTest, AMissingOrCutSegmentIsCorruptionForTheWriter) {
  ASSERT_TRUE(Open().ok());
  PutRange(1, 3);
  ASSERT_TRUE(log_->Flush().ok());
  log_.reset();
  const std::string segment = SegmentPath(1), whole = disk_->Content(segment);
  disk_->Cut(segment, whole.size() - 1);
  Status cut = Open();
  EXPECT_EQ(cut.code(), StatusCode::kCorruption);
  EXPECT_NE(cut.message().find(segment), std::string::npos);
  ASSERT_TRUE(storage_->Remove(segment).ok());
  EXPECT_EQ(Open().code(), StatusCode::kCorruption);
  EXPECT_FALSE(disk_->Has(segment)) << "a missing file is never made up";
}

TEST_F(LogTest, AMissingWalIsCorruptionWhenTheLogGoesOnBehindIt) {
  ASSERT_TRUE(Open().ok());
  PutRange(1, 3);
  Event later = log_->tail().back();
  std::string wal = EncodeWalHeader({3, log_->manifest().database_id, log_->line()});
  log_.reset();
  ASSERT_TRUE(AppendFrame(&wal, later, 2, false).ok());
  ASSERT_TRUE(storage_->Write(WalPath(3), wal).ok() && storage_->Remove(WalPath(1)).ok());
  auto before = Contents();
  EXPECT_EQ(Open().message(), "lsn 1 is missing: _meta/wal/00000000000000000003.wal goes on with 3");
  EXPECT_EQ(ReadLog().status().code(), StatusCode::kCorruption);
  EXPECT_EQ(Contents(), before);
}

TEST_F(LogTest, LitterOfACrashGoesAndListedFilesStay) {
  ASSERT_TRUE(Open().ok());
  PutRange(1, 2);
  ASSERT_TRUE(log_->Flush().ok());
  log_.reset();
  ASSERT_TRUE(storage_->Write(SegmentPath(2), "unlisted").ok());
  ASSERT_TRUE(storage_->Write("events/seg-000003.parquet.x1.tmp", "half").ok());
  ASSERT_TRUE(storage_->Write("events/notes.txt", "somebody's").ok());
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(Paths("events/"),
            (std::vector<std::string>{"events/manifest.json", "events/notes.txt", "events/seg-000001.parquet"}));
  PutRange(3, 3);
  ASSERT_TRUE(log_->Flush().ok());
  ExpectRange(3);
}

TEST_F(LogTest, AFailedSyncStopsTheWriterAndSetsTheWalAside) {
  ASSERT_TRUE(Open().ok());
  PutRange(1, 2);
  disk_->SetFaults({.crash_at = -1, .fail_at = disk_->operations() + 1});  // the append, then the sync
  EXPECT_EQ(Put("d3", 3).code(), StatusCode::kIo);
  EXPECT_EQ(Paths("_meta/wal/"),
            (std::vector<std::string>{"_meta/wal/00000000000000000001.wal.00000000000000000002.failed"}));
  EXPECT_EQ(Put("d4", 4).code(), StatusCode::kIo) << "it never goes on in a file whose sync failed";
  ExpectRange(2);  // what was not durable is not shown
}

TEST_F(LogTest, TheNextWriterPutsTheFramesOfAFailedWalIntoASegment) {
  ASSERT_TRUE(Open().ok());
  PutRange(1, 2);
  disk_->SetFaults({.crash_at = -1, .fail_at = disk_->operations() + 1});
  ASSERT_EQ(Put("d3", 3).code(), StatusCode::kIo);
  log_.reset();
  ASSERT_TRUE(Open().ok());
  int64_t head = log_->head();
  EXPECT_TRUE(log_->tail().empty());
  EXPECT_EQ(log_->manifest().last_lsn(), head);
  EXPECT_EQ(Paths("_meta/wal/"), (std::vector<std::string>{WalPath(head + 1)}));
  PutRange(head + 1, head + 2);
  ExpectRange(head + 2);
}

TEST_F(LogTest, AFailedWalWhoseLastFrameIsTornKeepsWhatWasAcknowledged) {
  ASSERT_TRUE(Open().ok());
  PutRange(1, 2);
  disk_->SetFaults({.crash_at = -1, .fail_at = disk_->operations()});  // the append itself: half of it is written
  ASSERT_EQ(Put("d3", 3).code(), StatusCode::kIo);
  log_.reset();
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(log_->head(), 2);
  PutRange(3, 3);
  ExpectRange(3);
}

TEST_F(LogTest, ABatchSharesOneTsAndIsOneFrameRunToTheReader) {
  ASSERT_TRUE(Open().ok());
  PutRange(1, 1);
  std::vector<Event> batch(3);
  auto stamp = log_->Reserve();
  for (size_t i = 0; i < batch.size(); ++i) {
    batch[i].ts_ms = stamp->ts_ms;
    batch[i].target = "docs:d" + std::to_string(i + 2);
    batch[i].after = TestState(static_cast<int64_t>(i) + 2);
  }
  auto last = log_->EnqueueBatch(batch);
  ASSERT_TRUE(last.ok() && log_->WaitDurable(*last).ok());
  ExpectRange(4);
  auto events = ReadLog();
  EXPECT_EQ((*events)[1].ts_ms, (*events)[3].ts_ms);
  log_.reset();
  // Any cut inside the batch takes all of it away.
  const std::string whole = disk_->Content(WalPath(1));
  size_t single = FirstFrameEnd(whole);
  for (size_t length = single; length < whole.size(); ++length) {
    disk_->Cut(WalPath(1), length);
    auto left = ReadLog();
    ASSERT_TRUE(left.ok()) << length;
    ASSERT_EQ(left->size(), 1u) << length;
    ASSERT_TRUE(storage_->Write(WalPath(1), whole).ok());
  }
}

TEST_F(LogTest, ABatchWithAnIdThatFallsIsRefusedWhole) {
  ASSERT_TRUE(Open().ok());
  PutRange(1, 1);
  std::vector<Event> batch(2);
  for (Event& event : batch) {
    event.ts_ms = kTestNowMs + 5;
    event.target = "docs:x";
    event.after = TestState(0);
    event.id = Ulid::Min(kTestNowMs + 5).ToString();  // twice the same
  }
  EXPECT_EQ(log_->EnqueueBatch(batch).status().code(), StatusCode::kInvalidData);
  EXPECT_EQ(log_->head(), 1);
  ExpectRange(1);
}

TEST_F(LogTest, ADirectBatchIsCommittedByOneManifest) {
  ASSERT_TRUE(Open().ok());
  PutRange(1, 2);
  auto append = [](LogWriter::BatchSink& sink) {
    for (int64_t n = 3; n <= 40; ++n) {
      std::string target = "docs:d" + std::to_string(n), after = TestState(n);
      EventView event;
      event.target = target;
      event.after = after;
      RETURN_IF_ERROR(sink.Append(event));
    }
    return Status::Ok();
  };
  ASSERT_TRUE(log_->DirectBatch(append).ok());
  EXPECT_EQ(log_->head(), 40);
  EXPECT_EQ(log_->manifest().segments.size(), 2u);
  ExpectRange(40);
  auto events = ReadLog();
  EXPECT_EQ((*events)[2].ts_ms, events->back().ts_ms);
  PutRange(41, 41);
  ASSERT_TRUE(Open().ok());
  ExpectRange(41);
}

TEST_F(LogTest, ADirectBatchThatFailsLeavesNothing) {
  ASSERT_TRUE(Open().ok());
  PutRange(1, 2);
  ASSERT_TRUE(log_->Flush().ok());
  auto before = Contents();
  auto fail = [](LogWriter::BatchSink& sink) {
    EventView event;
    event.target = "docs:x";
    event.after = "{}";
    RETURN_IF_ERROR(sink.Append(event));
    return InvalidData("a bad record");
  };
  EXPECT_EQ(log_->DirectBatch(fail).code(), StatusCode::kInvalidData);
  EXPECT_EQ(Contents(), before);
  PutRange(3, 3);
  ASSERT_TRUE(Open().ok());
  ExpectRange(3);
}

TEST_F(LogTest, TheDigestIsThatOfTheLiveEntities) {
  ASSERT_TRUE(Open().ok());
  PutRange(1, 4);
  StateDigest expected;
  for (int64_t n = 1; n <= 4; ++n) expected.Add("docs:d" + std::to_string(n), TestState(n));
  EXPECT_EQ(log_->Digest()->Hex(), expected.Hex());
  ASSERT_TRUE(log_->Flush().ok());
  EXPECT_EQ(log_->Digest()->Hex(), expected.Hex());
  PutRange(5, 5);
  expected.Add("docs:d5", TestState(5));
  auto view = TakeView(*storage_, kTestNowMs);
  EXPECT_EQ(DigestAtHead(*storage_, *view)->Hex(), expected.Hex());
  EXPECT_EQ(**EventIdAt(*storage_, *view, 5), view->tail[0].id);
  EXPECT_EQ(**EventIdAt(*storage_, *view, 2), (*ReadLog())[1].id);
  EXPECT_FALSE(EventIdAt(*storage_, *view, 6)->has_value());
}

}  // namespace
}  // namespace parquedb
