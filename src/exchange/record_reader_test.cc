#include "exchange/record_reader.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "core/limits.h"

namespace parquedb {
namespace {

// A folder that goes with the test.
class InputFolder {
 public:
  InputFolder() {
    char name[] = "/tmp/parquedb_exchange_XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~InputFolder() { std::filesystem::remove_all(path_); }
  std::string Put(const std::string& name, std::string_view text) const {
    std::ofstream(path_ + "/" + name, std::ios::binary) << text;
    return path_ + "/" + name;
  }

 private:
  std::string path_;
};

struct Outcome {
  std::vector<ImportRecord> records;
  int64_t skipped = 0;
  Status status;
};

Outcome ReadAll(const ImportSource& source) {
  Outcome outcome;
  auto reader = OpenRecords(source);
  if (!reader.ok()) return {{}, 0, reader.status()};
  ImportRecord record;
  while (true) {
    auto more = (*reader)->Next(&record);
    outcome.skipped = (*reader)->skipped();
    outcome.status = more.status();
    if (!more.ok() || !*more) return outcome;
    outcome.records.push_back(std::move(record));
  }
}

Outcome ReadText(std::string_view text, InputFormat format, const std::string& ns = "n",
                 const std::string& field = "") {
  InputFolder folder;
  return ReadAll({.file = folder.Put("in", text), .format = format, .ns = ns, .id_field = field});
}
Outcome Lines(std::string_view text, const std::string& ns = "n", const std::string& field = "") {
  return ReadText(text, InputFormat::kNdjson, ns, field);
}
Outcome ArrayOf(std::string_view text) { return ReadText(text, InputFormat::kJson); }

// The reason without the file's name: "2: the reason".
std::string Reason(const Status& status) {
  size_t at = status.message().find("/in:");
  return at == std::string::npos ? status.message() : status.message().substr(at + 4);
}

std::vector<std::string> Fields(const Outcome& outcome) {
  std::vector<std::string> all;
  for (const auto& record : outcome.records) all.push_back(record.fields);
  return all;
}
using Strings = std::vector<std::string>;

TEST(NdjsonRecordsTest, LinesBecomeRecordsInOrderWithTheirNumbers) {
  Outcome got = Lines("\xEF\xBB\xBF{\"a\": 1}\r\n\n  \n { \"a\" : [ 2 ] }\n{\"a\":3}");
  ASSERT_TRUE(got.status.ok()) << got.status.message();
  EXPECT_EQ(Fields(got), (Strings{"\"a\":1", "\"a\":[2]", "\"a\":3"}));
  EXPECT_EQ(got.records[0].line, 1);
  EXPECT_EQ(got.records[1].line, 4);
  EXPECT_EQ(got.records[2].line, 5);
  EXPECT_LT(got.records[0].id, got.records[1].id) << "made ids ascend in the order of the file";
  EXPECT_EQ(got.records[0].id.size(), 2 + 26u);
}

TEST(NdjsonRecordsTest, AnEmptyFileHasNoRecords) {
  for (const char* text : {"", "\n", "\n \n\t\n", "\xEF\xBB\xBF"}) {
    Outcome got = Lines(text);
    EXPECT_TRUE(got.status.ok());
    EXPECT_TRUE(got.records.empty());
  }
}

TEST(NdjsonRecordsTest, SystemMembersAreTaken) {
  Outcome got =
      Lines(R"({"$id":"n/x","$type":"n","$version":7,"$createdAt":"2026-02-01T12:00:00Z","$createdBy":"ann",)"
            R"("$updatedAt":"2026-02-01T12:00:00.250Z","$updatedBy":null,"$links":{"p":["m/b","m/a"]},"own":1})");
  ASSERT_TRUE(got.status.ok()) << got.status.message();
  const ImportRecord& record = got.records.at(0);
  EXPECT_EQ(record.id, "n/x");
  EXPECT_EQ(record.version, 7);
  EXPECT_EQ(record.created_at_ms, 1769947200000);
  EXPECT_EQ(record.updated_at_ms, 1769947200250);
  EXPECT_EQ(record.created_by, "ann");
  EXPECT_EQ(record.updated_by, std::nullopt);
  EXPECT_EQ(record.links, (Links{{"p", {"m/a", "m/b"}}}));
  EXPECT_EQ(record.fields, "\"own\":1");
}

TEST(NdjsonRecordsTest, TheIdFieldIsTheIdAndStays) {
  Outcome got =
      Lines("{\"k\":\"a/b:c\",\"v\":1}\n{\"k\":18446744073709551615}\n{\"$id\":\"n/own\",\"k\":\"z\"}", "n", "k");
  ASSERT_TRUE(got.status.ok()) << got.status.message();
  EXPECT_EQ(got.records[0].id, "n/a/b:c");
  EXPECT_EQ(got.records[0].fields, "\"k\":\"a/b:c\",\"v\":1");
  EXPECT_EQ(got.records[1].id, "n/18446744073709551615");
  EXPECT_EQ(got.records[2].id, "n/own");
}

TEST(NdjsonRecordsTest, OtherNamespacesAreSkippedAndCounted) {
  Outcome got = Lines("{\"$id\":\"n/1\"}\n{\"$id\":\"m/1\"}\n{\"$id\":\"m/2\"}\n");
  ASSERT_TRUE(got.status.ok());
  EXPECT_EQ(got.records.size(), 1u);
  EXPECT_EQ(got.skipped, 2);
}

TEST(NdjsonRecordsTest, BadRecordsAreNamedWithLineAndReason) {
  struct Case {
    const char *line, *field, *reason;
  };
  for (const Case& c : {
           Case{R"({"$id":7})", "", "$id is not a string"},
           Case{R"({"$version":0})", "", "$version is no whole number from 1 on"},
           Case{R"({"$version":1.0})", "", "$version is no whole number from 1 on"},
           Case{R"({"$createdAt":"noon"})", "", "$createdAt is no time like 2026-02-01T12:00:00Z"},
           Case{R"({"$createdBy":3})", "", "$createdBy is not a string"},
           Case{R"({"$oid":3})", "", "the name $oid begins with $: such names are the system's"},
           Case{R"({"$id":"n/1","$type":"m"})", "", "$type is m, $id is n/1"},
           Case{R"({"$type":"m"})", "", "$type is m, the namespace is n"},
           Case{R"({"a":1})", "k", "the field k is missing; --id-field says that it is the id"},
           Case{R"({"k":1.5})", "k", "the field k is neither a string nor a whole number"},
           Case{R"({"k":null})", "k", "the field k is neither a string nor a whole number"},
           Case{R"([1])", "", "a record must be a JSON object"},
       }) {
    Outcome got = Lines(std::string("{\"k\":\"ok\"}\n") + c.line + "\n", "n", c.field);
    EXPECT_EQ(got.status.code(), StatusCode::kInvalidData) << c.line;
    EXPECT_EQ(Reason(got.status), std::string("2: ") + c.reason) << c.line;
  }
}

TEST(NdjsonRecordsTest, ReadingGoesOnBehindBadRecordsUpToTen) {
  Outcome three = Lines("{\n{\"a\":1}\n[]\n{\"a\":1,\"a\":2}\n");
  EXPECT_EQ(three.status.code(), StatusCode::kInvalidData);
  EXPECT_EQ(three.records.size(), 1u);
  EXPECT_NE(three.status.message().find("3 records can't be taken:\n"), std::string::npos) << three.status.message();
  for (const char* place : {"/in:1: ", "/in:3: ", "/in:4: "}) {
    EXPECT_NE(three.status.message().find(place), std::string::npos) << place;
  }
  std::string many;
  for (int i = 0; i < 15; ++i) many += "{\n";
  Outcome ten = Lines(many);
  EXPECT_NE(ten.status.message().find("10 records can't be taken (and the rest was not read)"), std::string::npos);
  EXPECT_EQ(ten.status.message().find("/in:11:"), std::string::npos);
}

TEST(NdjsonRecordsTest, ARecordWithoutIdNeedsANamespace) {
  EXPECT_EQ(Lines("{\"a\":1}", "").status.code(), StatusCode::kInvalidArgument);
}

TEST(NdjsonRecordsTest, AMissingFileIsNotFound) {
  EXPECT_EQ(ReadAll({.file = "/tmp/parquedb_no_such_file", .format = InputFormat::kNdjson, .ns = "n", .id_field = ""})
                .status.code(),
            StatusCode::kNotFound);
}

TEST(NdjsonRecordsTest, TheLimitIsOnLinksAndFieldsTogether) {
  std::string fits = "{\"a\":\"" + std::string(kMaxDocumentBytes - 8, 'x') + "\"}";
  EXPECT_TRUE(Lines(fits).status.ok());
  EXPECT_EQ(Lines("{\"a\":\"" + std::string(kMaxDocumentBytes - 7, 'x') + "\"}").status.code(),
            StatusCode::kInvalidData);
  fits.insert(1, R"("$links":{"p":["m/a"]},)");
  EXPECT_EQ(Lines(fits).status.code(), StatusCode::kInvalidData);
}

// Enough for many batches on several threads: order, lines and bad lines must come as from one thread.
TEST(NdjsonRecordsTest, ManyBatchesKeepTheOrderOfTheFile) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) {
    text += i % 3000 == 2999 ? "{\n"
                             : "{\"k\":" + std::to_string(i) + ",\"pad\":\"" +
                                   std::string(static_cast<size_t>(i % 200), 'p') + "\"}\n";
  }
  Outcome got = Lines(text, "n", "k");
  int expected = 0;
  for (const ImportRecord& record : got.records) {
    if (expected % 3000 == 2999) ++expected;
    ASSERT_EQ(record.id, "n/" + std::to_string(expected));
    ASSERT_EQ(record.line, ++expected);
  }
  EXPECT_EQ(got.records.size(), 20'000u - 6);
  size_t last = 0;
  for (int bad = 2999; bad < 20'000; bad += 3000) {
    size_t at = got.status.message().find("/in:" + std::to_string(bad + 1) + ": ");
    ASSERT_NE(at, std::string::npos);
    EXPECT_GT(at, last);
    last = at;
  }
}

TEST(NdjsonRecordsTest, AReaderThatIsLeftEarlyStopsItsThreads) {
  InputFolder folder;
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "{\"k\":" + std::to_string(i) + "}\n";
  auto reader =
      OpenRecords({.file = folder.Put("in", text), .format = InputFormat::kNdjson, .ns = "n", .id_field = "k"});
  ImportRecord record;
  for (int i = 0; i < 5000; ++i) ASSERT_TRUE(*(*reader)->Next(&record));
  EXPECT_EQ(record.id, "n/4999");
}

TEST(JsonRecordsTest, ElementsOfAnArrayWithTheLineWhereTheyBegin) {
  Outcome got = ArrayOf("\xEF\xBB\xBF\n[\n {\"a\":\"],[\\\"\",\"b\":{\"c\":[{}]}} ,\n\n{\"a\":\n2}]\n \n");
  ASSERT_TRUE(got.status.ok()) << got.status.message();
  EXPECT_EQ(Fields(got), (Strings{R"("a":"],[\"","b":{"c":[{}]})", "\"a\":2"}));
  EXPECT_EQ(got.records[0].line, 3);
  EXPECT_EQ(got.records[1].line, 5);
}

TEST(JsonRecordsTest, TheOneArrayInAnObject) {
  Outcome got = ArrayOf("{ \"639\\\"-[3\" : [{\"a\":1},{\"a\":2}] }\n");
  ASSERT_TRUE(got.status.ok()) << got.status.message();
  EXPECT_EQ(Fields(got), (Strings{"\"a\":1", "\"a\":2"}));
}

TEST(JsonRecordsTest, EmptyArraysHaveNoRecords) {
  for (const char* text : {"[]", " [ ]\n", "{\"x\":[]}"}) {
    Outcome got = ArrayOf(text);
    EXPECT_TRUE(got.status.ok()) << text << got.status.message();
    EXPECT_TRUE(got.records.empty());
  }
}

TEST(JsonRecordsTest, WhatIsNoArrayIsRefused) {
  for (const char* text : {"", "7", "{}", "{\"a\":1}", "{\"a\":[],\"b\":[]}", "[{}", "[{},", "[{},]", "[,{}]", "[{}] x",
                           "[{} {}]", "{\"a\":[{}]", "{\"", "{\"\\", "[", "[\"", "[{]}"}) {
    EXPECT_EQ(ArrayOf(text).status.code(), StatusCode::kInvalidData) << text;
  }
}

// The element boundaries may fall anywhere in the blocks that are read.
TEST(JsonRecordsTest, ElementsLargerThanABlockAreWhole) {
  std::string big(3 << 20, 'x'), text = "[";
  for (int i = 0; i < 5; ++i)
    text += (i ? "," : "") + std::string("{\"i\":") + std::to_string(i) + ",\"s\":\"" + big + "\"}";
  Outcome got = ArrayOf(text + "]");
  ASSERT_TRUE(got.status.ok()) << got.status.message();
  ASSERT_EQ(got.records.size(), 5u);
  EXPECT_EQ(got.records[4].fields, "\"i\":4,\"s\":\"" + big + "\"");
}

TEST(JsonRecordsTest, EveryTruncationIsRefused) {
  std::string text = "{\"k\\\"\":[{\"a\":[1,{\"b\":\"\\\\\"}]},{\"c\":2}]}";
  ASSERT_TRUE(ArrayOf(text).status.ok());
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(ArrayOf(text.substr(0, size)).status.code(), StatusCode::kInvalidData) << size;
  }
}

}  // namespace
}  // namespace parquedb
