#include <arrow/util/config.h>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <map>

#include "arrowio/arrow_table.h"
#include "arrowio/bytes_file.h"
#include "columnar/native_table.h"
#include "columnar/table.h"
#include "core/ulid.h"

namespace parquedb {
namespace {

TableSchema TestSchema() {
  return {{.name = "id",
           .type = ColumnType::kString,
           .nullable = false,
           .coding = ColumnCoding::kDeltaByteArray,
           .statistics = true,
           .bloom_filter = true},
          {.name = "n", .type = ColumnType::kInt64, .nullable = true, .coding = ColumnCoding::kPlain},
          {.name = "t", .type = ColumnType::kTimestampMs, .nullable = false, .coding = ColumnCoding::kDeltaBinary},
          {.name = "op", .type = ColumnType::kString, .nullable = false, .coding = ColumnCoding::kDictionary},
          {.name = "doc",
           .type = ColumnType::kString,
           .nullable = true,
           .coding = ColumnCoding::kDeltaLength,
           .statistics = false},
          {.name = "d", .type = ColumnType::kDouble, .nullable = true},
          {.name = "b", .type = ColumnType::kBool, .nullable = true}};
}

std::string IdOf(int64_t row) {
  char text[16];
  std::snprintf(text, sizeof text, "id%08lld", static_cast<long long>(row * 2));
  return text;
}
std::string DocOf(int64_t row) {
  return "{\"row\":" + std::to_string(row) + ",\"pad\":\"" + std::string(static_cast<size_t>(row % 500), 'x') + "\"}";
}

std::shared_ptr<Bytes> WriteRows(int64_t rows, int64_t row_group_rows) {
  auto file = std::make_shared<Bytes>();
  TableWriterOptions options;
  options.row_group_rows = row_group_rows;
  auto writer = TableWriter::Open(*file, TestSchema(), 0, options);
  for (int64_t row = 0; row < rows; ++row) {
    TableWriter& table = **writer;
    table.column(0).AppendString(IdOf(row));
    row % 3 == 0 ? table.column(1).AppendNull() : table.column(1).AppendInt(row - 5);
    table.column(2).AppendInt(row * 1000);
    table.column(3).AppendString(row % 2 ? "CREATE" : "UPDATE");
    row % 7 == 0 ? table.column(4).AppendNull() : table.column(4).AppendString(DocOf(row));
    row % 5 == 0 ? table.column(5).AppendNull() : table.column(5).AppendDouble(row / 8.0);
    row % 4 == 0 ? table.column(6).AppendNull() : table.column(6).AppendBool(row % 3 == 1);
    EXPECT_TRUE(table.EndRow().ok());
  }
  (*writer)->SetFooter("parquedb.format", "test/1");
  EXPECT_TRUE((*writer)->Finish().ok());
  return file;
}

void ExpectRow(const TableChunk& chunk, int64_t i, int64_t row) {
  const auto& c = chunk.columns;
  auto at = static_cast<size_t>(i);
  ASSERT_EQ(c[0].strings[at], IdOf(row));
  ASSERT_EQ(c[1].is_null(i), row % 3 == 0);
  ASSERT_EQ(c[1].ints[at], row % 3 == 0 ? 0 : row - 5);
  ASSERT_EQ(c[2].ints[at], row * 1000);
  ASSERT_EQ(c[3].strings[at], row % 2 ? "CREATE" : "UPDATE");
  ASSERT_EQ(c[4].is_null(i), row % 7 == 0);
  ASSERT_EQ(c[4].strings[at], row % 7 == 0 ? "" : DocOf(row));
  ASSERT_EQ(c[5].doubles[at], row % 5 == 0 ? 0 : row / 8.0);
  ASSERT_EQ(c[6].ints[at], row % 4 != 0 && row % 3 == 1);
}

const std::vector<int> kAllColumns = {0, 1, 2, 3, 4, 5, 6};

// Our own reader, and Arrow's over the same files: what one promises the other keeps.
using OpenTable = Result<std::shared_ptr<TableReader>> (*)(std::shared_ptr<const ReadableFile>, std::string);

class TableTest : public testing::TestWithParam<OpenTable> {
 protected:
  static Result<std::shared_ptr<TableReader>> Open(std::shared_ptr<const ReadableFile> file) {
    auto table = GetParam()(std::move(file), "t");
    if (table.ok() && *table == nullptr) return Unsupported("t: our own reader does not take it");
    return table;
  }
};

INSTANTIATE_TEST_SUITE_P(Readers, TableTest, testing::Values(&OpenNativeTable, &OpenArrowTable),
                         [](const auto& at) { return at.param == &OpenNativeTable ? "native" : "arrow"; });

TEST_P(TableTest, RowsComeBackByScan) {
  for (int64_t rows : {0, 1, 1000, 10'000}) {
    auto file = WriteRows(rows, 3000);
    auto table = Open(file);
    ASSERT_TRUE(table.ok()) << table.status().message();
    EXPECT_EQ((*table)->row_count(), rows);
    EXPECT_EQ((*table)->footer("parquedb.format"), "test/1");
    auto scanner = (*table)->Scan(0, (*table)->row_group_count(), kAllColumns, 700);
    TableChunk chunk;
    int64_t seen = 0;
    while (*(*scanner)->Next(&chunk)) {
      ASSERT_EQ(chunk.first_row, seen);
      for (int64_t i = 0; i < chunk.rows; ++i) ExpectRow(chunk, i, seen++);
    }
    EXPECT_EQ(seen, rows);
  }
}

TEST_P(TableTest, ATextColumnIsAlsoToldByItsDictionary) {
  auto table = *Open(WriteRows(5000, 3000));
  for (int column : {0, 3}) {  // of other values each, without a dictionary; of two
    DictionaryColumn found;
    ASSERT_TRUE(table->ReadDictionary(1, column, &found).ok());
    ASSERT_EQ(found.indices.size(), 2000u);
    for (int64_t row = 0; row < 2000; ++row) {
      std::string_view text = found.values.at(found.indices[static_cast<size_t>(row)]);
      ASSERT_EQ(text, column == 0 ? IdOf(3000 + row) : (3000 + row) % 2 ? "CREATE" : "UPDATE");
    }
  }
  DictionaryColumn none;
  EXPECT_EQ(table->ReadDictionary(0, 4, &none).code(), StatusCode::kInvalidArgument);  // it has nulls
  EXPECT_EQ(table->ReadDictionary(0, 2, &none).code(), StatusCode::kInvalidArgument);  // these are times
}

TEST_P(TableTest, ADictionaryThatWasGivenUpTellsTheRowsAllTheSame) {
  auto file = std::make_shared<Bytes>();
  TableSchema schema = {
      {.name = "t", .type = ColumnType::kString, .nullable = false, .coding = ColumnCoding::kDictionary}};
  auto writer = *TableWriter::Open(*file, schema, -1, {.dictionary_bytes = 4000});
  auto text = [](int64_t row) { return "target " + std::to_string(row / 2); };
  for (int64_t row = 0; row < 6000; ++row) {
    writer->column(0).AppendString(text(row));
    ASSERT_TRUE(writer->EndRow().ok());
  }
  writer->SetFooter("parquedb.format", "test/1");
  ASSERT_TRUE(writer->Finish().ok());
  DictionaryColumn found;
  ASSERT_TRUE((*Open(file))->ReadDictionary(0, 0, &found).ok());
  ASSERT_EQ(found.indices.size(), 6000u);
  for (int64_t row = 0; row < 6000; ++row)
    ASSERT_EQ(found.values.at(found.indices[static_cast<size_t>(row)]), text(row));
}

TEST_P(TableTest, RowsOfALargeRowGroupComeBackByScanAndByPages) {
  // Row groups of 11 MB are made on two threads, and the next one is filled meanwhile.
  constexpr int64_t kRows = 90'000;
  auto table = *Open(WriteRows(kRows, 40'000));
  ASSERT_EQ(table->row_group_count(), 3);
  ASSERT_GT(table->row_group_raw_bytes(0), 8u << 20);
  auto scanner = *table->Scan(0, 3, kAllColumns);
  TableChunk chunk;
  int64_t seen = 0;
  while (*scanner->Next(&chunk)) {
    for (int64_t i = 0; i < chunk.rows; ++i) ASSERT_NO_FATAL_FAILURE(ExpectRow(chunk, i, seen++));
  }
  EXPECT_EQ(seen, kRows);
  for (int64_t row : {0, 128, 39'999, 40'000, 55'555, 79'999, 80'000, 89'999}) {
    ASSERT_TRUE(table->ReadRows(row, 1, kAllColumns, &chunk).ok());
    ExpectRow(chunk, 0, row);
    auto span = *table->FindSpan(static_cast<int>(row / 40'000), 0, IdOf(row));
    EXPECT_LE(span.first, row);
    EXPECT_GT(span.last, row);
    EXPECT_TRUE(*table->MayContain(static_cast<int>(row / 40'000), 0, IdOf(row)));
  }
}

TEST_P(TableTest, AColumnThatLeftItsDictionaryComesBackFromAllRowGroups) {
  auto file = std::make_shared<Bytes>();
  TableSchema schema = {
      {.name = "few", .coding = ColumnCoding::kDictionary},
      {.name = "many", .coding = ColumnCoding::kDictionary},
      {.name = "n", .type = ColumnType::kInt64, .nullable = true, .coding = ColumnCoding::kDictionary}};
  auto writer = *TableWriter::Open(*file, schema, 1, {.row_group_rows = 5000, .dictionary_bytes = 16 * 1024});
  for (int64_t row = 0; row < 20'000; ++row) {
    writer->column(0).AppendString(row % 2 ? "odd" : "even");
    writer->column(1).AppendString(IdOf(row));
    row % 3 == 0 ? writer->column(2).AppendNull() : writer->column(2).AppendInt(row);
    ASSERT_TRUE(writer->EndRow().ok());
  }
  writer->SetFooter("parquedb.format", "test/1");
  ASSERT_TRUE(writer->Finish().ok());
  auto table = *Open(file);
  ASSERT_EQ(table->row_group_count(), 4);
  for (int group = 0; group < 4; ++group) {
    auto scanner = *table->Scan(group, group + 1, {0, 1, 2});
    TableChunk chunk;
    int64_t row = group * 5000;
    while (*scanner->Next(&chunk)) {
      for (int64_t i = 0; i < chunk.rows; ++i, ++row) {
        auto at = static_cast<size_t>(i);
        ASSERT_EQ(chunk.columns[0].strings[at], row % 2 ? "odd" : "even");
        ASSERT_EQ(chunk.columns[1].strings[at], IdOf(row));
        ASSERT_EQ(chunk.columns[2].is_null(i), row % 3 == 0);
        ASSERT_EQ(chunk.columns[2].ints[at], row % 3 == 0 ? 0 : row);
      }
    }
    ASSERT_EQ(row, (group + 1) * 5000);
    auto range = table->string_range(group, 1);
    ASSERT_TRUE(range);
    EXPECT_EQ(range->min, IdOf(group * 5000));
    EXPECT_EQ(range->max, IdOf(group * 5000 + 4999));
  }
}

TEST_P(TableTest, DocumentsThatAreAllNullOrEmptyComeBack) {
  auto file = std::make_shared<Bytes>();
  TableSchema schema = {{.name = "none", .nullable = true, .coding = ColumnCoding::kDeltaLength, .statistics = false},
                        {.name = "empty", .nullable = true, .coding = ColumnCoding::kDeltaLength, .statistics = false}};
  auto writer = *TableWriter::Open(*file, schema, -1);
  for (int row = 0; row < 3000; ++row) {
    writer->column(0).AppendNull();
    writer->column(1).AppendString("");
    ASSERT_TRUE(writer->EndRow().ok());
  }
  writer->SetFooter("parquedb.format", "test/1");
  ASSERT_TRUE(writer->Finish().ok());
  auto table = *Open(file);
  auto scanner = *table->Scan(0, 1, {0, 1});
  TableChunk chunk;
  int64_t seen = 0;
  for (; *scanner->Next(&chunk); seen += chunk.rows) {
    for (int64_t i = 0; i < chunk.rows; ++i) {
      ASSERT_TRUE(chunk.columns[0].is_null(i));
      ASSERT_FALSE(chunk.columns[1].is_null(i));
      ASSERT_EQ(chunk.columns[1].strings[static_cast<size_t>(i)], "");
    }
  }
  EXPECT_EQ(seen, 3000);
}

TEST_P(TableTest, SingleRowsComeBackByPages) {
  auto table = *Open(WriteRows(10'000, 4000));
  for (int64_t row : {0, 1, 127, 128, 3999, 4000, 7777, 9999}) {
    TableChunk chunk;
    ASSERT_TRUE(table->ReadRows(row, 1, kAllColumns, &chunk).ok());
    ExpectRow(chunk, 0, row);
  }
  TableChunk chunk;
  ASSERT_TRUE(table->ReadRows(100, 3000, kAllColumns, &chunk).ok());
  for (int64_t i = 0; i < 3000; ++i) ExpectRow(chunk, i, 100 + i);
  EXPECT_FALSE(table->ReadRows(3999, 2, kAllColumns, &chunk).ok());
}

TEST_P(TableTest, ScatteredRowsComeBackByPages) {
  auto table = *Open(WriteRows(10'000, 4000));
  SeededRandom random(7);
  for (int64_t gap : {1, 3, 50, 700}) {
    RowSpans rows;
    for (int64_t at = 4000; at < 8000;) {
      at += static_cast<int64_t>(random.Next() % static_cast<uint64_t>(gap)) + 1;
      int64_t end = std::min<int64_t>(at + 1 + static_cast<int64_t>(random.Next() % 5), 8000);
      if (at < end) rows.push_back({at, end});
      at = end;
    }
    TableChunk chunk;
    ASSERT_TRUE(table->ReadSpans(rows, kAllColumns, &chunk).ok());
    ASSERT_EQ(chunk.rows, RowsOf(rows));
    int64_t i = 0;
    for (const RowSpan& span : rows) {
      for (int64_t row = span.first; row < span.last; ++row) ASSERT_NO_FATAL_FAILURE(ExpectRow(chunk, i++, row));
    }
  }
  TableChunk chunk;
  const RowSpans crossing = {{3990, 4010}}, falling = {{20, 30}, {10, 15}}, beyond = {{9990, 10'001}};
  for (const RowSpans& wrong : {crossing, falling, beyond, RowSpans()}) {
    EXPECT_EQ(table->ReadSpans(wrong, {0}, &chunk).code(), StatusCode::kInvalidArgument);
  }
}

bool IsWithin(const TableReader::Bounds& bounds, const ColumnChunkView& values, size_t at) {
  if (values.is_null(static_cast<int64_t>(at))) return bounds.has_nulls;
  if (bounds.all_null) return false;
  if (bounds.ints) return bounds.ints->min <= values.ints[at] && values.ints[at] <= bounds.ints->max;
  if (bounds.doubles) return bounds.doubles->min <= values.doubles[at] && values.doubles[at] <= bounds.doubles->max;
  return bounds.strings && bounds.strings->min <= values.strings[at] && values.strings[at] <= bounds.strings->max;
}

TEST_P(TableTest, BoundsHoldAllValuesAndSayWhereNullsAre) {
  auto table = *Open(WriteRows(10'000, 4000));
  int64_t pages = 0;
  for (int column : {0, 1, 2, 3, 5, 6}) {
    for (int group = 0; group < 3; ++group) {
      auto bounds = *table->PageBounds(group, column);
      bounds.push_back(table->row_group_bounds(group, column));
      for (const auto& page : bounds) {
        ++pages;
        TableChunk chunk;
        ASSERT_TRUE(table->ReadSpans({&page.rows, 1}, {column}, &chunk).ok());
        for (size_t i = 0; i < static_cast<size_t>(chunk.rows); ++i)
          ASSERT_TRUE(IsWithin(page, chunk.columns.front(), i)) << column << ", row " << page.rows.first << " + " << i;
      }
    }
  }
  EXPECT_EQ(pages, 6 * (4 + 1 + 4 + 1 + 2 + 1)) << "of 1024 rows, and the row group";
  EXPECT_EQ(table->row_group_bounds(1, 1).ints->min, 3995);  // of row 4000
  EXPECT_FALSE(table->row_group_bounds(0, 2).has_nulls);
}

TEST_P(TableTest, FindSpanAndMayContainNeverMissAValue) {
  auto table = *Open(WriteRows(5000, 5000));
  int64_t widest = 0, passed = 0;
  for (int64_t row = 0; row < 5000; row += 37) {
    EXPECT_TRUE(*table->MayContain(0, 0, IdOf(row)));
    auto span = *table->FindSpan(0, 0, IdOf(row));
    EXPECT_TRUE(span.first <= row && row < span.last);
    widest = std::max(widest, span.last - span.first);
    std::string absent = IdOf(row);
    absent.back() = '1';
    passed += *table->MayContain(0, 0, absent);
  }
  EXPECT_LE(widest, 1024);
  EXPECT_LT(passed, 20);
  auto none = *table->FindSpan(0, 0, "zzz");
  EXPECT_EQ(none.first, none.last);
  EXPECT_EQ(table->int_range(0, 2)->max, 4999 * 1000);
}

TEST_P(TableTest, TheLastRowOfATextIsFoundBeforeAnyOther) {
  auto file = std::make_shared<Bytes>();
  TableSchema schema = {{.name = "few", .coding = ColumnCoding::kDictionary},
                        {.name = "many", .coding = ColumnCoding::kDictionary},  // leaves its dictionary
                        {.name = "plain", .coding = ColumnCoding::kPlain},
                        {.name = "none", .nullable = true}};
  auto writer = *TableWriter::Open(*file, schema, -1, {.row_group_rows = 5000, .dictionary_bytes = 4000});
  auto text = [](int64_t row, int column) {
    return std::to_string(column == 0 ? row * row % 97 : column == 1 ? row / 3 : row % 1500);
  };
  for (int64_t row = 0; row < 8000; ++row) {
    for (int column : {0, 1, 2}) writer->column(column).AppendString(text(row, column));
    writer->column(3).AppendNull();
    ASSERT_TRUE(writer->EndRow().ok());
  }
  writer->SetFooter("parquedb.format", "test/1");
  ASSERT_TRUE(writer->Finish().ok());
  auto table = *Open(file);
  for (int column : {0, 1, 2}) {
    for (int64_t end : {5000, 5001, 6024, 6025, 7777, 8000}) {
      for (int64_t looked : {0, 1, 33, 2000, 5000, 5001, 6100, 7999}) {
        int64_t want = end - 1;
        while (want >= 5000 && text(want, column) != text(looked, column)) --want;
        if (want < 5000) want = -1;
        ASSERT_EQ(*table->FindLastRow(1, column, text(looked, column), end), want) << column << " " << end;
      }
    }
    EXPECT_EQ(*table->FindLastRow(1, column, "absent", 8000), -1);
  }
  EXPECT_EQ(table->FindLastRow(1, 3, "", 8000).status().code(), StatusCode::kInvalidArgument);
}

TEST_P(TableTest, LargeDocumentsDoNotExceedAPage) {
  auto file = std::make_shared<Bytes>();
  auto writer =
      *TableWriter::Open(*file, {{.name = "doc", .coding = ColumnCoding::kDeltaLength, .statistics = false}}, -1);
  for (int i = 0; i < 20; ++i) {
    writer->column(0).AppendString(std::string(16 << 20, static_cast<char>('a' + i)));
    ASSERT_TRUE(writer->EndRow().ok());
  }
  writer->SetFooter("parquedb.format", "test/1");
  ASSERT_TRUE(writer->Finish().ok());
  auto table = *Open(file);
  EXPECT_GT(table->row_group_count(), 2);
  auto scanner = *table->Scan(0, table->row_group_count(), {0}, 2);
  TableChunk chunk;
  char next = 'a';
  while (*scanner->Next(&chunk)) {
    for (std::string_view text : chunk.columns[0].strings) EXPECT_TRUE(text.size() == 16 << 20 && text[5] == next++);
  }
  EXPECT_EQ(next, 'a' + 20);
}

// Everything in the file that a flipped byte can reach is detected, or does not change the rows.
TEST_P(TableTest, DamageIsDetectedOrHarmless) {
  auto good = WriteRows(40, 40);
  auto read = [this](std::shared_ptr<Bytes> file) -> std::optional<std::string> {
    auto table = Open(file);
    if (!table.ok()) return std::nullopt;
    std::string all;
    std::vector<int> columns;
    for (size_t i = 0; i < (*table)->schema().size(); ++i) columns.push_back(static_cast<int>(i));
    auto scanner = (*table)->Scan(0, (*table)->row_group_count(), columns, 100);
    TableChunk chunk;
    while (true) {
      auto more = (*scanner)->Next(&chunk);
      if (!more.ok()) return std::nullopt;
      if (!*more) return all;
      for (auto& column : chunk.columns) {
        for (int64_t n : column.ints) all += std::to_string(n) + ",";
        for (double n : column.doubles) all += std::to_string(n) + ",";
        for (auto text : column.strings) all += std::string(text) + ",";
      }
    }
  };
  std::string want = *read(good);
  size_t footer_begin =
      good->bytes.rfind("id00000000");  // statistics and footer lie behind; their damage is the file hash's matter
  int wrong = 0;
  for (size_t i = 0; i < good->bytes.size(); ++i) {
    auto bad = std::make_shared<Bytes>(*good);
    bad->bytes[i] = static_cast<char>(bad->bytes[i] ^ 0x41);
    auto got = read(bad);
    wrong += got && *got != want && i < footer_begin;
  }
  EXPECT_EQ(wrong, 0);
  for (size_t size = 0; size < good->bytes.size(); size += 3) {
    auto bad = std::make_shared<Bytes>(*good);
    bad->bytes.resize(size);
    EXPECT_FALSE(read(bad).has_value());
  }
}

// Parquet's library brings an OpenSSL of its own; ours must be the system's.
TEST(LinkTest, HashesComeFromTheSystemsLibcrypto) {
  Dl_info info;
  ASSERT_NE(dladdr(reinterpret_cast<void*>(&EVP_sha256), &info), 0);
  EXPECT_NE(std::string(info.dli_fname).find("libcrypto"), std::string::npos) << info.dli_fname;
}

TEST(LinkTest, ArrowIsTheVersionThatWasTested) { EXPECT_STREQ(ARROW_VERSION_STRING, "26.0.1"); }

// Only the last column used to be looked at between every 64th row: 64 documents of 15 MiB were held in memory.
TEST(TableWriterTest, LargeTextsInAnyColumnEndTheRowGroup) {
  Bytes file;
  TableSchema schema = {
      {.name = "doc", .type = ColumnType::kString, .coding = ColumnCoding::kDeltaLength, .statistics = false},
      {.name = "n", .type = ColumnType::kInt64}};
  auto writer = *TableWriter::Open(file, schema, 1, {.row_group_bytes = 1 << 20});
  for (int64_t row = 0; row < 6; ++row) {
    writer->column(0).AppendString(std::string(512 << 10, 'x'));
    writer->column(1).AppendInt(row);
    ASSERT_TRUE(writer->EndRow().ok());
  }
  EXPECT_EQ(writer->row_group_count(), 3);
  EXPECT_TRUE(writer->Finish().ok());
}

}  // namespace
}  // namespace parquedb
