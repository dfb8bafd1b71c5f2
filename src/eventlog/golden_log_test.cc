// The log's files in tests/golden, made once (docs/format/golden.md): read as what they are known to hold, and where
// the writer leaves no choice written again byte for byte.
#include "eventlog/log_fixture.h"
#include "eventlog/wal_format.h"
#include "model/layout.h"

namespace parquedb {
namespace {

constexpr char kGoldenDatabase[] = "01KGCH5YG05XKJZQ3A24JD3DHF";
constexpr char kGoldenLine[] = "01KGCH5YG0294K62QTB526N44A";
constexpr int64_t kGoldenMs = 1769947200000;  // 2026-02-01T12:00:00Z

// "$createdAt":…,"$updatedBy": a state text's beginning.
std::string Stamps(int version, int created_s, const char* created_by, int updated_s, const char* updated_by) {
  auto time = [](int seconds) { return "\"2026-02-01T12:00:0" + std::to_string(seconds) + ".000Z\""; };
  return "{\"$version\":" + std::to_string(version) + ",\"$createdAt\":" + time(created_s) + ",\"$createdBy\":\"" +
         created_by + "\",\"$updatedAt\":" + time(updated_s) + ",\"$updatedBy\":\"" + updated_by + "\"";
}

const std::string kAnn = Stamps(1, 0, "ann", 0, "ann") + R"(,"name":"Ann","age":30,"tags":["a","b"]})";
const std::string kOlderAnn = Stamps(2, 0, "ann", 5, "bob") + R"(,"name":"Ann","age":31,"tags":["a","b"]})";
const std::string kBo = Stamps(1, 1, "ann", 1, "ann") + R"(,"name":"Bö \"b\"","age":41,"score":1.5})";
const std::string kBoWithoutScore = Stamps(2, 1, "ann", 3, "bob") + R"(,"name":"Bö \"b\"","age":41})";
const std::string kPost = Stamps(1, 2, "bob", 2, "bob") + R"(,"title":"Hello","n":18446744073709551615})";
const std::string kLinkedPost =
    Stamps(2, 2, "bob", 2, "bob") + R"(,"$links":{"author":["users/u1"]},"title":"Hello","n":18446744073709551615})";
const std::string kEmpty = Stamps(1, 3, "bob", 3, "bob") + "}";

std::vector<Event> GoldenEvents() {
  using Text = std::optional<std::string>;
  auto event = [](int64_t lsn, const char* id, int seconds, Op op, const char* target, Text before, Text after,
                  const char* actor) {
    return Event{lsn,   id,          kGoldenMs + seconds * 1000, op, target, std::move(before), std::move(after),
                 actor, std::nullopt};
  };
  return {event(1, "01KGCH5YG02X4TTYB6P9NC7RE1", 0, Op::kCreate, "users:u1", {}, kAnn, "ann"),
          event(2, "01KGCH5ZF88AW3GJDCKT86MC44", 1, Op::kCreate, "users:u2", {}, kBo, "ann"),
          event(3, "01KGCH60EGC3YFP8JNQCBT1M6T", 2, Op::kCreate, "posts:p1", {}, kPost, "bob"),
          event(4, "01KGCH60EGC3YFP8JNQCBT1M6V", 2, Op::kUpdate, "posts:p1", kPost, kLinkedPost, "bob"),
          event(5, "01KGCH61DRAMNWSTBW15082FR8", 3, Op::kUpdate, "users:u2", kBo, kBoWithoutScore, "bob"),
          event(6, "01KGCH61DRAMNWSTBW15082FR9", 3, Op::kCreate, "users:u3", {}, kEmpty, "bob"),
          event(7, "01KGCH61DRAMNWSTBW15082FRA", 3, Op::kDelete, "users:u3", kEmpty, {}, "bob"),
          event(8, "01KGCH63C8FEBN7D3RWRE7QV9F", 5, Op::kUpdate, "users:u1", kAnn, kOlderAnn, "bob")};
}

std::unique_ptr<StorageBackend> GoldenDatabase() { return std::move(*OpenDirectory(PARQUEDB_TEST_DATA "/database")); }

TEST(GoldenLogTest, TheWalIsReadAndWrittenAgainByteForByte) {
  auto bytes = ReadWhole(*GoldenDatabase(), WalPath(8), 1000);
  ASSERT_TRUE(bytes.ok()) << bytes.status().message();
  auto wal = DecodeWal(*bytes, "golden");
  ASSERT_TRUE(wal.ok()) << wal.status().message();
  EXPECT_EQ(wal->header.first_lsn, 8);
  EXPECT_EQ(wal->header.database_id, kGoldenDatabase);
  EXPECT_EQ(wal->header.line, kGoldenLine);
  ASSERT_EQ(wal->events.size(), 1u);
  EXPECT_TRUE(SameEvent(wal->events[0], GoldenEvents()[7])) << wal->events[0].id;
  std::string again = EncodeWalHeader({8, kGoldenDatabase, kGoldenLine});
  ASSERT_TRUE(AppendFrame(&again, GoldenEvents()[7], 7, false).ok());
  EXPECT_EQ(again, *bytes);
}

TEST(GoldenLogTest, TheSegmentHoldsTheseEvents) {
  auto storage = GoldenDatabase();
  SegmentEntry entry{.seq = 1,
                     .path = SegmentPath(1),
                     .min_ts_ms = kGoldenMs,
                     .max_ts_ms = kGoldenMs + 3000,
                     .count = 7,
                     .size_bytes = 2828,
                     .created_at_ms = kGoldenMs + 3000,
                     .sha256 = "2cffb972d6974ae447764cf4bc47fcc570dde79a019ce61cba101f0694c69cee",
                     .min_lsn = 1,
                     .max_lsn = 7};
  EXPECT_EQ(Sha256Hex(*ReadWhole(*storage, entry.path, 10'000)), entry.sha256) << "the golden file was rewritten";
  auto segment = Segment::Open(*storage, entry, kGoldenDatabase);
  ASSERT_TRUE(segment.ok()) << segment.status().message();
  EXPECT_EQ((*segment)->footer().lines, (std::vector<LineEntry>{{kGoldenLine, 1}}));
  StateDigest digest;
  digest.Add("users:u1", kAnn);
  digest.Add("users:u2", kBoWithoutScore);
  digest.Add("posts:p1", kLinkedPost);
  EXPECT_EQ(digest.Hex(), "de4dc5eef97d6c60954adc207eeb200ce0a5da2e85f7fc39c9ba627652471435");
  EXPECT_EQ((*segment)->footer().digest, digest.Hex());
  auto cursor = (*segment)->ScanAll(EventColumns::All());
  ASSERT_TRUE(cursor.ok());
  EventView event;
  for (size_t i = 0; i < 7; ++i) {
    auto more = (*cursor)->Next(&event);
    ASSERT_TRUE(more.ok() && *more) << i;
    EXPECT_TRUE(SameEvent(event.Copy(), GoldenEvents()[i])) << i;
  }
  EXPECT_FALSE(*(*cursor)->Next(&event));
}

TEST(GoldenLogTest, AViewJoinsThem) {
  auto view = TakeView(*GoldenDatabase(), kGoldenMs);
  ASSERT_TRUE(view.ok()) << view.status().message();
  EXPECT_EQ(view->head, 8);
  EXPECT_EQ(view->checkpoint, 7);
  EXPECT_EQ(view->knows(), (Knows{{kGoldenLine, 8}}));
}

}  // namespace
}  // namespace parquedb
