// Our own reader beside Arrow's: random tables in every method, and files with any byte flipped or cut anywhere.
#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <random>

#include "arrowio/arrow_table.h"
#include "arrowio/bytes_file.h"
#include "columnar/native_table.h"
#include "core/ulid.h"

namespace parquedb {
namespace {

uint64_t SeedOf() {
  const char* given = std::getenv("PARQUEDB_TEST_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::printf("PARQUEDB_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

// A table of random columns and rows; values come in runs, in few kinds, or each another.
class RandomTable {
 public:
  explicit RandomTable(uint64_t seed) : random_(seed) {}

  std::shared_ptr<Bytes> Write() {
    auto file = std::make_shared<Bytes>();
    TableSchema schema;
    const size_t columns = 1 + Below(6);
    for (size_t i = 0; i < columns; ++i) schema.push_back(Column(i));
    TableWriterOptions options;
    options.row_group_rows = static_cast<int64_t>(1 + Below(4000));
    options.page_rows = static_cast<int64_t>(1 + Below(300));
    options.page_bytes = 1 + Below(20'000);
    options.dictionary_bytes = static_cast<int64_t>(100 + Below(20'000));
    auto writer = *TableWriter::Open(*file, schema, -1, options);
    const uint64_t rows = Below(3) == 0 ? Below(5) : Below(6000);
    for (uint64_t row = 0; row < rows; ++row) {
      for (size_t i = 0; i < columns; ++i) Append(schema[i], &writer->column(static_cast<int>(i)));
      EXPECT_TRUE(writer->EndRow().ok());
    }
    writer->SetFooter("parquedb.format", "test/1");
    EXPECT_TRUE(writer->Finish().ok());
    return file;
  }
  uint64_t Below(uint64_t n) { return random_.Next() % n; }

 private:
  ColumnSpec Column(size_t number) {
    ColumnSpec spec{.name = "c" + std::to_string(number)};
    spec.type = static_cast<ColumnType>(Below(5));
    spec.nullable = Below(2) == 0;
    spec.statistics = Below(3) != 0;
    switch (spec.type) {
      case ColumnType::kInt64:
      case ColumnType::kTimestampMs:
        spec.coding = std::array{ColumnCoding::kPlain, ColumnCoding::kDictionary, ColumnCoding::kDeltaBinary}[Below(3)];
        break;
      case ColumnType::kDouble:
        spec.coding = std::array{ColumnCoding::kPlain, ColumnCoding::kDictionary}[Below(2)];
        break;
      case ColumnType::kBool:
        break;
      case ColumnType::kString:
        spec.coding = std::array{ColumnCoding::kPlain, ColumnCoding::kDictionary, ColumnCoding::kDeltaByteArray,
                                 ColumnCoding::kDeltaLength}[Below(4)];
        spec.bloom_filter = Below(2) == 0;
        break;
    }
    kinds_.push_back(std::array<uint64_t, 4>{1, 3, 100, std::numeric_limits<uint64_t>::max()}[Below(4)]);
    null_in_.push_back(std::array<uint64_t, 4>{1, 2, 5, 1000}[Below(4)]);
    return spec;
  }
  void Append(const ColumnSpec& spec, ColumnBuffer* column) {
    const auto number = static_cast<size_t>(spec.name[1] - '0');
    if (spec.nullable && Below(null_in_[number]) == 0) return column->AppendNull();
    const uint64_t value = Below(kinds_[number]);
    switch (spec.type) {
      case ColumnType::kInt64:
      case ColumnType::kTimestampMs:
        return column->AppendInt(static_cast<int64_t>(value));
      case ColumnType::kDouble:
        return column->AppendDouble(static_cast<double>(value) / 3);
      case ColumnType::kBool:
        return column->AppendBool(value % 2 == 1);
      case ColumnType::kString:
        return column->AppendString(std::string(static_cast<size_t>(value % 40), 'a') + std::to_string(value));
    }
  }

  SeededRandom random_;
  std::vector<uint64_t> kinds_, null_in_;
};

bool Same(const ColumnChunkView& a, const ColumnChunkView& b) {
  return a.ints == b.ints && a.doubles == b.doubles && a.strings == b.strings && a.valid == b.valid;
}

bool Same(const TableReader::Bounds& a, const TableReader::Bounds& b) {
  auto ints = [](const auto& x) { return x ? std::pair(x->min, x->max) : std::pair<int64_t, int64_t>(); };
  auto doubles = [](const auto& x) { return x ? std::pair(x->min, x->max) : std::pair<double, double>(); };
  auto strings = [](const auto& x) { return x ? std::pair(x->min, x->max) : std::pair<std::string, std::string>(); };
  return a.rows == b.rows && a.all_null == b.all_null && a.has_nulls == b.has_nulls &&
         a.ints.has_value() == b.ints.has_value() && a.doubles.has_value() == b.doubles.has_value() &&
         a.strings.has_value() == b.strings.has_value() && ints(a.ints) == ints(b.ints) &&
         doubles(a.doubles) == doubles(b.doubles) && strings(a.strings) == strings(b.strings);
}

void ExpectSameScan(const TableReader& ours, const TableReader& arrow, const std::vector<int>& columns,
                    int64_t chunk_rows) {
  auto a = *ours.Scan(0, ours.row_group_count(), columns, chunk_rows);
  auto b = *arrow.Scan(0, arrow.row_group_count(), columns, chunk_rows);
  TableChunk ours_chunk, arrow_chunk;
  while (true) {
    auto more = a->Next(&ours_chunk), wanted = b->Next(&arrow_chunk);
    ASSERT_TRUE(more.ok()) << more.status().message();
    ASSERT_TRUE(wanted.ok()) << wanted.status().message();
    ASSERT_EQ(*more, *wanted);
    if (!*more) return;
    ASSERT_EQ(ours_chunk.first_row, arrow_chunk.first_row);
    ASSERT_EQ(ours_chunk.rows, arrow_chunk.rows);
    for (size_t i = 0; i < columns.size(); ++i) ASSERT_TRUE(Same(ours_chunk.columns[i], arrow_chunk.columns[i])) << i;
  }
}

// What is known of a column without its rows.
void ExpectSameIndexes(const TableReader& ours, const TableReader& arrow, int group, int column) {
  ASSERT_TRUE(Same(ours.row_group_bounds(group, column), arrow.row_group_bounds(group, column)));
  auto a = *ours.PageBounds(group, column), b = *arrow.PageBounds(group, column);
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) ASSERT_TRUE(Same(a[i], b[i])) << i;
  if (ours.schema()[static_cast<size_t>(column)].type != ColumnType::kString) return;
  for (const char* text : {"", "0", "aa2", "aaaaaaaaaaaaaaaaaaaaaaaaaaa67", "zzz"}) {
    ASSERT_EQ(*ours.MayContain(group, column, text), *arrow.MayContain(group, column, text)) << text;
    ASSERT_EQ(*ours.FindSpan(group, column, text), *arrow.FindSpan(group, column, text)) << text;
    if (ours.schema()[static_cast<size_t>(column)].nullable) continue;
    const int64_t end = ours.row_group_first_row(group) + ours.row_group_rows(group) * 2 / 3;
    ASSERT_EQ(*ours.FindLastRow(group, column, text, end), *arrow.FindLastRow(group, column, text, end)) << text;
  }
}

void ExpectSameSpans(const TableReader& ours, const TableReader& arrow, int group, const std::vector<int>& columns,
                     RandomTable* random) {
  const int64_t begin = ours.row_group_first_row(group), end = begin + ours.row_group_rows(group);
  RowSpans rows;
  for (auto at = begin + static_cast<int64_t>(random->Below(50)); at < end;) {
    auto last = std::min(end, at + 1 + static_cast<int64_t>(random->Below(40)));
    rows.push_back({at, last});
    at = last + 1 + static_cast<int64_t>(random->Below(600));
  }
  if (rows.empty()) return;
  TableChunk a, b;
  ASSERT_TRUE(ours.ReadSpans(rows, columns, &a).ok());
  ASSERT_TRUE(arrow.ReadSpans(rows, columns, &b).ok());
  for (size_t i = 0; i < columns.size(); ++i) ASSERT_TRUE(Same(a.columns[i], b.columns[i])) << i;
}

TEST(TwoReadersTest, RandomTablesAreTheSameToBothInEveryMethod) {
  const uint64_t seed = SeedOf();
  for (uint64_t i = 0; i < 150; ++i) {
    SCOPED_TRACE(i);
    RandomTable random(seed + i);
    auto file = random.Write();
    auto ours = *OpenNativeTable(file, "t"), arrow = *OpenArrowTable(file, "t");
    ASSERT_NE(ours, nullptr);
    Status second = ours->CheckWithArrow();
    ASSERT_TRUE(second.ok()) << second.message();
    ASSERT_EQ(ours->row_count(), arrow->row_count());
    ASSERT_EQ(ours->row_group_count(), arrow->row_group_count());
    ASSERT_EQ(ours->footer("parquedb.format"), arrow->footer("parquedb.format"));
    ASSERT_EQ(ours->footer("other"), arrow->footer("other"));
    std::vector<int> columns;
    for (size_t c = 0; c < ours->schema().size(); ++c) {
      columns.push_back(static_cast<int>(c));
      const ColumnSpec &a = ours->schema()[c], &b = arrow->schema()[c];
      ASSERT_TRUE(a.name == b.name && a.type == b.type && a.nullable == b.nullable);
    }
    ASSERT_NO_FATAL_FAILURE(ExpectSameScan(*ours, *arrow, columns, static_cast<int64_t>(1 + random.Below(2000))));
    for (int group = 0; group < ours->row_group_count(); ++group) {
      ASSERT_EQ(ours->row_group_rows(group), arrow->row_group_rows(group));
      ASSERT_EQ(ours->row_group_raw_bytes(group), arrow->row_group_raw_bytes(group));
      for (int column : columns) ASSERT_NO_FATAL_FAILURE(ExpectSameIndexes(*ours, *arrow, group, column));
      ASSERT_NO_FATAL_FAILURE(ExpectSameSpans(*ours, *arrow, group, columns, &random));
    }
  }
}

// All rows, by scan and by pages; nullopt if any of it is refused.
std::optional<std::string> ReadAll(Result<std::shared_ptr<TableReader>> table) {
  if (!table.ok() || *table == nullptr) return std::nullopt;
  std::string by_scan, by_pages;
  std::vector<int> columns;
  for (size_t i = 0; i < (*table)->schema().size(); ++i) columns.push_back(static_cast<int>(i));
  auto add = [](const TableChunk& chunk, std::string* all) {
    for (int64_t row = 0; row < chunk.rows; ++row) {
      const auto at = static_cast<size_t>(row);
      for (const ColumnChunkView& column : chunk.columns) {
        if (!column.ints.empty()) *all += std::to_string(column.ints[at]);
        if (!column.doubles.empty()) *all += std::to_string(column.doubles[at]);
        if (!column.strings.empty()) *all += column.strings[at];
        *all += column.is_null(row) ? "~" : ",";
      }
    }
  };
  TableChunk chunk;
  auto scanner = *(*table)->Scan(0, (*table)->row_group_count(), columns, 100);
  while (true) {
    auto more = scanner->Next(&chunk);
    if (!more.ok()) return std::nullopt;
    if (!*more) break;
    add(chunk, &by_scan);
  }
  for (int group = 0; group < (*table)->row_group_count(); ++group) {
    const int64_t rows = (*table)->row_group_rows(group);
    if (rows == 0) continue;
    if (!(*table)->ReadRows((*table)->row_group_first_row(group), rows, columns, &chunk).ok()) return std::nullopt;
    add(chunk, &by_pages);
  }
  if (by_scan != by_pages) return std::nullopt;
  return by_scan;
}

std::shared_ptr<Bytes> SmallFile() {
  auto file = std::make_shared<Bytes>();
  TableSchema schema = {{.name = "id", .coding = ColumnCoding::kDeltaByteArray, .bloom_filter = true},
                        {.name = "t", .type = ColumnType::kTimestampMs, .coding = ColumnCoding::kDeltaBinary},
                        {.name = "op", .coding = ColumnCoding::kDictionary},
                        {.name = "doc", .nullable = true, .coding = ColumnCoding::kDeltaLength, .statistics = false},
                        {.name = "d", .type = ColumnType::kDouble, .nullable = true},
                        {.name = "b", .type = ColumnType::kBool, .nullable = true}};
  auto writer = *TableWriter::Open(*file, schema, 0, {.row_group_rows = 25});
  for (int row = 0; row < 40; ++row) {
    writer->column(0).AppendString("id" + std::to_string(1000 + row));
    writer->column(1).AppendInt(row * row);
    writer->column(2).AppendString(row % 3 == 0 ? "UPDATE" : "CREATE");
    row % 7 == 0 ? writer->column(3).AppendNull()
                 : writer->column(3).AppendString("{\"n\":" + std::to_string(row) + "}");
    row % 5 == 0 ? writer->column(4).AppendNull() : writer->column(4).AppendDouble(row / 4.0);
    row % 4 == 0 ? writer->column(5).AppendNull() : writer->column(5).AppendBool(row % 3 == 1);
    EXPECT_TRUE(writer->EndRow().ok());
  }
  writer->SetFooter("parquedb.format", "test/1");
  EXPECT_TRUE(writer->Finish().ok());
  return file;
}

TEST(TwoReadersTest, AFlippedByteNeverGivesRowsThatArrowWouldNotGive) {
  const auto good = SmallFile();
  const std::string want = *ReadAll(OpenNativeTable(good, "t"));
  ASSERT_EQ(want, *ReadAll(OpenArrowTable(good, "t")));
  int refused = 0;
  for (size_t at = 0; at < good->bytes.size(); ++at) {
    for (unsigned flip : {0x01u, 0x02u, 0x10u, 0x41u, 0x80u, 0xffu}) {
      auto bad = std::make_shared<Bytes>(*good);
      bad->bytes[at] = static_cast<char>(static_cast<unsigned char>(bad->bytes[at]) ^ flip);
      auto got = ReadAll(OpenNativeTable(bad, "t"));
      refused += !got;
      if (!got || *got == want) continue;
      auto arrow = ReadAll(OpenArrowTable(bad, "t"));
      EXPECT_TRUE(arrow && *arrow == *got) << "byte " << at << " of " << good->bytes.size() << ", bits " << flip;
    }
  }
  EXPECT_GT(refused, static_cast<int>(good->bytes.size()));
}

TEST(TwoReadersTest, TheSecondOpinionRefusesWhatArrowRefuses) {
  const auto good = SmallFile();
  const std::string want = *ReadAll(OpenNativeTable(good, "t"));
  int only_ours = 0;
  for (size_t at = 0; at < good->bytes.size(); ++at) {
    auto bad = std::make_shared<Bytes>(*good);
    bad->bytes[at] = static_cast<char>(static_cast<unsigned char>(bad->bytes[at]) ^ 0x02);
    auto ours = OpenNativeTable(bad, "t");
    if (ReadAll(ours) != want || OpenArrowTable(bad, "t").ok()) continue;
    ++only_ours;
    EXPECT_EQ((*ours)->CheckWithArrow().code(), StatusCode::kCorruption) << at;
  }
  EXPECT_GT(only_ours, 0);
}

TEST(TwoReadersTest, ACutFileIsRefusedWhereverItIsCut) {
  const auto good = SmallFile();
  for (size_t size = 0; size < good->bytes.size(); ++size) {
    auto bad = std::make_shared<Bytes>(*good);
    bad->bytes.resize(size);
    auto opened = OpenNativeTable(bad, "dir/cut.parquet");
    ASSERT_EQ(opened.status().code(), StatusCode::kCorruption) << size;
    ASSERT_TRUE(opened.status().message().starts_with("dir/cut.parquet: ")) << opened.status().message();
  }
}

}  // namespace
}  // namespace parquedb
