#include "exchange/csv.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "core/limits.h"
#include "storage/text_input.h"

namespace parquedb {
namespace {

using Cells = std::vector<std::string>;
struct Row {
  int64_t line;
  Cells cells;
  bool operator==(const Row&) const = default;
};

Result<std::vector<Row>> ReadAll(const std::string& text, size_t step = 1 << 20) {
  auto reader = ReadCsvRecords(std::make_unique<TextInput>(text, step));
  std::vector<Row> rows;
  while (true) {
    std::string_view record;
    Row row;
    ASSIGN_OR_RETURN(bool more, reader->Next(&record, &row.line));
    if (!more) return rows;
    Status parsed = ParseCsvRecord(record, &row.cells);
    if (!parsed.ok()) return parsed.With("line " + std::to_string(row.line));
    rows.push_back(std::move(row));
  }
}

std::string Why(const std::string& text) {
  auto rows = ReadAll(text);
  EXPECT_EQ(rows.status().code(), StatusCode::kInvalidData);
  return rows.status().message();
}

std::string Json(std::string_view header, std::string_view row, bool infer = false) {
  auto shape = CsvShape::Open(header, infer);
  if (!shape.ok()) return shape.status().message();
  Cells cells;
  std::string json;
  Status made = (*shape)->ToJson(row, &cells, &json);
  return made.ok() ? json : made.message();
}

TEST(CsvRecordsTest, RecordsBeginWhereTheirFirstLineIs) {
  std::string text = "\xEF\xBB\xBF\"a\",b\r\n1,\"x\ny\r\nz\"\n\n\r\n\"say \"\"hi\"\"\",\n,\"\"\nend,no line feed";
  std::vector<Row> want = {
      {1, {"a", "b"}}, {2, {"1", "x\ny\r\nz"}}, {7, {"say \"hi\"", ""}}, {8, {"", ""}}, {9, {"end", "no line feed"}}};
  for (size_t step : {1, 2, 3, 7, 100}) {
    auto rows = ReadAll(text, step);
    ASSERT_TRUE(rows.ok()) << rows.status().message();
    EXPECT_EQ(*rows, want) << step;
  }
  EXPECT_EQ(ReadAll("")->size(), 0u);
  EXPECT_EQ(ReadAll("\xEF\xBB\xBF")->size(), 0u);
  EXPECT_EQ((*ReadAll(","))[0].cells, (Cells{"", ""}));
}

TEST(CsvRecordsTest, WhatIsWrongIsNamedWithTheLineWhereTheRecordBegins) {
  EXPECT_EQ(Why("a,b\n1,\"x\ny\n"), "line 2: cell 2: a quote is not closed");
  EXPECT_EQ(Why("a\n\n\"x\" \n"), "line 3: cell 1: something follows behind its closing quote");
  EXPECT_EQ(Why("a,5\" pipe\n"), "line 1: cell 2: a quote or a carriage return stands in a cell that is not quoted");
  EXPECT_EQ(Why("a\rb\n"), "line 1: cell 1: a quote or a carriage return stands in a cell that is not quoted");
  EXPECT_EQ(Why(std::string("a,b\0c\n", 6)), "line 1: cell 2 holds a NUL byte");
  EXPECT_EQ(Why("a,\"\xFF\"\n"), "line 1: cell 2 is no valid UTF-8");
}

TEST(CsvRecordsTest, ARecordAboveTheLimitIsInvalid) {
  auto reader = ReadCsvRecords(
      std::make_unique<TextInput>("a\n\"" + std::string(kMaxInputRecordBytes + (2u << 20), 'x'), 1 << 20));
  std::string_view record;
  int64_t line = 0;
  ASSERT_TRUE(*reader->Next(&record, &line));
  auto more = reader->Next(&record, &line);
  ASSERT_EQ(more.status().code(), StatusCode::kInvalidData);
  EXPECT_EQ(more.status().message(), "line 2: the record has more than 67108864 bytes; is a quote not closed?");
}

TEST(CsvShapeTest, CellsAreTextsAndEmptyOnesAbsent) {
  EXPECT_EQ(Json("a,b,c", "1,,\"x \"\"y\"\"\""), R"({"a":"1","c":"x \"y\""})");
  EXPECT_EQ(Json("a", "\"\""), "{}");
  EXPECT_EQ(Json("$id,$version,n", "x/y,3,true"), R"({"$id":"x/y","$version":3,"n":"true"})");
}

TEST(CsvShapeTest, InferredCellsAreJsonNumbersAndTruthValues) {
  for (const char* cell : {"0", "-1", "10.50", "1e5", "-2.5E-3", "true", "false"}) {
    EXPECT_EQ(Json("a", cell, true), std::string("{\"a\":") + cell + "}");
  }
  for (const char* cell : {"01", "+1", ".5", "1.", "1e", "0x1", "TRUE", "null", "NaN", "-", "1 ", "1_0", "--1"}) {
    EXPECT_EQ(Json("a", cell, true), std::string("{\"a\":\"") + cell + "\"}");
  }
}

TEST(CsvShapeTest, WithADataColumnItAndTheSystemColumnsCount) {
  EXPECT_EQ(Json("$id,$data,n", R"(x/y,"{""n"":1,""m"":{}}",7)"), R"({"$id":"x/y","n":1,"m":{}})");
  EXPECT_EQ(Json("$id,$data", "x/y, {} "), R"({"$id":"x/y"})");
  EXPECT_EQ(Json("$id,$data", "x/y,[1]"), "$data is not a JSON object");
  EXPECT_EQ(Json("$version,a", R"("1,""$id"":""x/y""",b)").substr(0, 9), "$version:");
}

TEST(CsvShapeTest, TheHeaderAndTheRowsMustFit) {
  EXPECT_EQ(Json("a,,b", ""), "column 2 of the header has no name");
  EXPECT_EQ(Json("a,b,a", ""), "column 3 of the header: the name a comes twice");
  EXPECT_EQ(Json("a,$b", ""), "column 2 of the header: the name $b begins with $: such names are the system's");
  EXPECT_EQ(Json("a,b", "1"), "1 cells were found, 2 were expected, as in the header");
  EXPECT_EQ(Json("a,b", "1,2,"), "3 cells were found, 2 were expected, as in the header");
}

TEST(CsvCellTest, OnlyWhatNeedsItIsQuoted) {
  EXPECT_EQ(CsvRow({"a", "", "b,c", "d\"e", "f\ng", " h", "it's"}),
            "a,\"\",\"b,c\",\"d\"\"e\",\"f\ng\",\" h\",it's\r\n");
}

TEST(CsvRandomTest, WhatIsWrittenIsRead) {
  const char* chosen = std::getenv("PARQUEDB_TEST_SEED");
  unsigned seed = chosen != nullptr ? static_cast<unsigned>(std::strtoul(chosen, nullptr, 10)) : std::random_device()();
  std::printf("PARQUEDB_TEST_SEED=%u\n", seed);
  std::mt19937 random(seed);
  const std::string pieces[] = {"a", "é", "\"", ",", "\n", "\r\n", " ", "\xF0\x9F\x98\x80", "12", "\r", "'", "\t"};
  for (int round = 0; round < 200; ++round) {
    std::string text;
    std::vector<Cells> want;
    size_t columns = 2 + random() % 5;
    for (size_t rows = random() % 30; rows > 0; --rows) {
      Cells cells;
      for (size_t i = 0; i < columns; ++i) {
        std::string cell;
        for (size_t n = random() % 6; n > 0; --n) cell += pieces[random() % std::size(pieces)];
        cells.push_back(std::move(cell));
      }
      text += CsvRow(cells);
      want.push_back(std::move(cells));
    }
    auto got = ReadAll(text, 1 + random() % 50);
    ASSERT_TRUE(got.ok()) << got.status().message() << "\n" << text;
    std::vector<Cells> cells;
    for (Row& row : *got) cells.push_back(std::move(row.cells));
    ASSERT_EQ(cells, want) << text;
  }
}

TEST(CsvRandomTest, AnyBytesAreReadOrInvalid) {
  const char* chosen = std::getenv("PARQUEDB_TEST_SEED");
  unsigned seed = chosen != nullptr ? static_cast<unsigned>(std::strtoul(chosen, nullptr, 10)) : std::random_device()();
  std::printf("PARQUEDB_TEST_SEED=%u\n", seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (size_t n = random() % 60; n > 0; --n) text.push_back("ab\",\",\n\r\0\xEF\xBB\xBF\xFF 1"[random() % 16]);
    auto whole = ReadAll(text), pieces = ReadAll(text, 1 + random() % 4);
    ASSERT_EQ(whole.ok(), pieces.ok()) << text;
    if (whole.ok()) {
      ASSERT_EQ(*whole, *pieces) << text;
    } else {
      ASSERT_EQ(whole.status().code(), StatusCode::kInvalidData);
      ASSERT_EQ(whole.status().message(), pieces.status().message());
    }
  }
}

}  // namespace
}  // namespace parquedb
