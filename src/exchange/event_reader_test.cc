#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "exchange/record_reader.h"

namespace parquedb {
namespace {

struct EventOutcome {
  std::vector<ImportedEvent> events;
  Status status;
};

EventOutcome ReadEvents(std::string_view text) {
  char name[] = "/tmp/parquedb_events_XXXXXX";
  int fd = ::mkstemp(name);
  ::close(fd);
  std::ofstream(name, std::ios::binary) << text;
  EventOutcome outcome;
  auto reader = EventReader::Open(name);
  ImportedEvent event;
  while (true) {
    auto more = (*reader)->Next(&event);
    outcome.status = more.status();
    if (!more.ok() || !*more) break;
    outcome.events.push_back(event);
  }
  ::unlink(name);
  return outcome;
}

TEST(EventReaderTest, EveryFieldIsTaken) {
  auto got = ReadEvents(
      R"({"ts":1769947200000,"op":"CREATE","target":"n:a:b/c","after":{"x":1,"$version":3},"actor":"ann","metadata":{"why":[1]},"before":7,"lsn":"?"})"
      "\n"
      R"({"ts":"2026-02-01T12:00:01Z","op":"UPDATE","target":"n:a:b/c","after":{"$id":"n/a:b/c","$type":"n","x":2}})"
      "\n\n"
      R"({"ts":1769947202000,"op":"DELETE","target":"n:a:b/c","after":null,"actor":null,"metadata":null,"id":null})");
  ASSERT_TRUE(got.status.ok()) << got.status.message();
  ASSERT_EQ(got.events.size(), 3u);
  const ImportedEvent& first = got.events[0];
  EXPECT_EQ(first.ts_ms, 1769947200000);
  EXPECT_EQ(first.op, Op::kCreate);
  EXPECT_EQ(first.target, "n:a:b/c");
  EXPECT_EQ(first.after.id, "n/a:b/c");
  EXPECT_EQ(first.after.fields, "\"x\":1");
  EXPECT_EQ(first.after.version, 3);
  EXPECT_EQ(first.actor, "ann");
  EXPECT_EQ(first.metadata, R"({"why":[1]})");
  EXPECT_EQ(got.events[1].ts_ms, 1769947201000);
  EXPECT_EQ(got.events[1].after.version, std::nullopt);
  EXPECT_EQ(got.events[1].actor, std::nullopt);
  EXPECT_EQ(got.events[2].op, Op::kDelete);
  EXPECT_EQ(got.events[2].line, 4);
}

TEST(EventReaderTest, AnIdMustBeAUlidOfItsTime) {
  std::string head = R"({"ts":1469918176385,"op":"DELETE","target":"n:a","id":")";
  EXPECT_EQ(ReadEvents(head + "01ARYZ6S41TSV4RRFFQ69G5FAV\"}").events.at(0).id, "01ARYZ6S41TSV4RRFFQ69G5FAV");
  EXPECT_EQ(ReadEvents(head + "01ARYZ6S42TSV4RRFFQ69G5FAV\"}").status.code(), StatusCode::kInvalidData);
  EXPECT_EQ(ReadEvents(head + "one\"}").status.code(), StatusCode::kInvalidData);
}

TEST(EventReaderTest, WrongEventsAreRefusedWithTheirLine) {
  const char* good = R"({"ts":1,"op":"DELETE","target":"n:a"})";
  for (const char* bad : {
           R"([])",
           R"({"op":"DELETE","target":"n:a"})",
           R"({"ts":1,"target":"n:a"})",
           R"({"ts":1,"op":"DELETE"})",
           R"({"ts":-1,"op":"DELETE","target":"n:a"})",
           R"({"ts":1.5,"op":"DELETE","target":"n:a"})",
           R"({"ts":"noon","op":"DELETE","target":"n:a"})",
           R"({"ts":1,"op":"delete","target":"n:a"})",
           R"({"ts":1,"op":"DELETE","target":"n"})",
           R"({"ts":1,"op":"DELETE","target":"9n:a"})",
           R"({"ts":1,"op":"DELETE","target":"n:a","after":{}})",
           R"({"ts":1,"op":"CREATE","target":"n:a"})",
           R"({"ts":1,"op":"CREATE","target":"n:a","after":[]})",
           R"({"ts":1,"op":"CREATE","target":"n:a","after":{"$x":1}})",
           R"({"ts":1,"op":"CREATE","target":"n:a","after":{"$id":"n/b"}})",
           R"({"ts":1,"op":"CREATE","target":"n:a","after":{"$type":"m"}})",
           R"({"ts":1,"op":"DELETE","target":"n:a","actor":7})",
       }) {
    auto got = ReadEvents(std::string(good) + "\n" + bad + "\n" + good);
    EXPECT_EQ(got.status.code(), StatusCode::kInvalidData) << bad;
    EXPECT_NE(got.status.message().find(":2: "), std::string::npos) << got.status.message();
    EXPECT_EQ(got.events.size(), 2u) << "reading goes on: " << bad;
  }
}

}  // namespace
}  // namespace parquedb
