// Two million random numbers through import, segment, data file, export and back: every bit of a double and every digit
// of an integer comes through each of them. The numbers are read here with strtod and strtoull, not with our own
// parser.
#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "columnar/table.h"
#include "core/ulid.h"
#include "database/import.h"
#include "exchange/export_writer.h"
#include "model/layout.h"
#include "parquedb/database.h"
#include "replay/state.h"

namespace parquedb {
namespace {

constexpr int64_t kDocuments = 100'000;
constexpr size_t kNumbers = 20;  // a document: "d" a double, "i" an integer, "a" doubles and integers in turn

struct Number {
  bool is_double = false;
  bool negative = false;  // of an integer
  uint64_t bits = 0;      // of a double; the magnitude of an integer
};

double RandomDouble(SeededRandom& random) {
  switch (random.Next() % 8) {
    case 0:
      return static_cast<double>(static_cast<int64_t>(random.Next()) >> random.Next() % 60);  // integral
    case 1:
      return static_cast<double>(static_cast<int64_t>(random.Next() % 2'000'000) - 1'000'000) / 100;  // a price
    case 2:
      return std::bit_cast<double>(random.Next() >> (12 + random.Next() % 40));  // subnormal
    case 3:
      return random.Next() % 2 == 0 ? -0.0 : 0.0;
    default:
      break;
  }
  while (true) {
    auto number = std::bit_cast<double>(random.Next());
    if (std::isfinite(number)) return number;
  }
}

// The numbers of one document, always the same for a seed.
std::vector<Number> NumbersOf(uint64_t seed, int64_t document) {
  SeededRandom random(seed * 1'000'003 + static_cast<uint64_t>(document));
  std::vector<Number> numbers(kNumbers);
  for (size_t at = 0; at < kNumbers; ++at) {
    Number& number = numbers[at];
    number.is_double = at % 2 == 0;
    if (number.is_double) {
      number.bits = std::bit_cast<uint64_t>(RandomDouble(random));
      continue;
    }
    number.bits = random.Next() >> random.Next() % 64;
    // The second is a column of INT64; the others may be as large as 2^64-1.
    if (at == 1) number.bits >>= 1;
    number.negative = number.bits != 0 && number.bits <= uint64_t{1} << 63 && random.Next() % 2 == 0;
  }
  return numbers;
}

// One of the spellings that JSON allows.
std::string Spelling(const Number& number, uint64_t which) {
  if (!number.is_double) return (number.negative ? "-" : "") + std::to_string(number.bits);
  auto value = std::bit_cast<double>(number.bits);
  char text[400];
  char* end = text;
  if (which % 3 == 0) end = std::to_chars(text, text + sizeof text, value).ptr;
  if (which % 3 == 1) end = text + std::snprintf(text, sizeof text, "%.17g", value);
  if (which % 3 == 2) end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  std::string spelled(text, end);
  if (spelled.find_first_of(".e") == std::string::npos) spelled += ".0";
  return spelled;
}

// The numbers in {"d":x,"i":x,"a":[x,x…]}.
std::vector<std::string> TokensOf(std::string_view text) {
  std::vector<std::string> tokens;
  size_t at = text.find("\"d\":");
  if (at == std::string_view::npos) return tokens;
  for (at += 4; at < text.size();) {
    size_t end = std::min(text.find_first_not_of("+-.0123456789eE", at), text.size());
    if (end > at) tokens.emplace_back(text.substr(at, end - at));
    at = std::max(end, at + 1);
  }
  return tokens;
}

bool IsThis(const Number& number, const std::string& token) {
  if (!number.is_double) return token == Spelling(number, 0);
  bool spelled_as_double = token.find_first_of(".e") != std::string::npos;
  return spelled_as_double && std::bit_cast<uint64_t>(std::strtod(token.c_str(), nullptr)) == number.bits;
}

class NumbersTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* given = std::getenv("PARQUEDB_TEST_SEED");
    seed_ = given != nullptr ? std::strtoull(given, nullptr, 10) : RandomSeed();
    std::printf("PARQUEDB_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed_));
    std::string pattern = testing::TempDir() + "parquedb_numbers_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static uint64_t RandomSeed() { return SystemRandom().Next() % 1'000'000; }

  void WriteInput(const std::string& path) const {
    std::ofstream file(path);
    std::string line;
    for (int64_t document = 0; document < kDocuments; ++document) {
      std::vector<Number> numbers = NumbersOf(seed_, document);
      auto spell = [&](size_t at) { return Spelling(numbers[at], seed_ + static_cast<uint64_t>(document) + at); };
      line = "{\"$id\":\"n/" + std::to_string(document) + "\",\"d\":" + spell(0) + ",\"i\":" + spell(1) + ",\"a\":[" +
             spell(2);
      for (size_t at = 3; at < kNumbers; ++at) line += "," + spell(at);
      file << line << "]}\n";
    }
    ASSERT_TRUE(file.good());
  }
  std::unique_ptr<ParqueDB> Import(const std::string& name, const std::string& input) const {
    OpenOptions options;
    options.path = folder_ + "/" + name;
    options.create_if_missing = true;
    options.durability = Durability::kProcess;
    auto db = ParqueDB::Open(options);
    EXPECT_TRUE(db.ok()) << db.status().message();
    ImportSource source;
    source.file = input;
    auto reader = OpenRecords(source);
    EXPECT_TRUE(reader.ok()) << reader.status().message();
    auto imported = ImportRecords((*db)->state(), std::move(*reader), {});
    EXPECT_TRUE(imported.ok()) << imported.status().message();
    EXPECT_EQ(imported->created, kDocuments);
    return std::move(*db);
  }
  // The text of the document n/{number}.
  void ExpectNumbers(std::string_view target, std::string_view text, const char* where) const {
    int64_t document = std::strtoll(std::string(target.substr(2)).c_str(), nullptr, 10);
    std::vector<Number> numbers = NumbersOf(seed_, document);
    std::vector<std::string> tokens = TokensOf(text);
    ASSERT_EQ(tokens.size(), kNumbers) << where << ": " << text;
    for (size_t at = 0; at < kNumbers; ++at) {
      ASSERT_TRUE(IsThis(numbers[at], tokens[at])) << where << ": document " << document << ", number " << at << ": "
                                                   << tokens[at] << " for " << Spelling(numbers[at], 0);
    }
  }
  void ExpectSegments(ParqueDB& db) const {
    auto view = db.state().TakeReaderView();
    ASSERT_TRUE(view.ok());
    int64_t count = 0;
    for (const SegmentEntry& entry : view->manifest.segments) {
      auto segment = Segment::Open(db.state().storage(), entry, view->manifest.database_id);
      ASSERT_TRUE(segment.ok());
      auto cursor = (*segment)->ScanAll(EventColumns::State());
      EventView event;
      while (*(*cursor)->Next(&event)) {
        ExpectNumbers(event.target, *event.after, "segment");
        if (HasFatalFailure()) return;
        ++count;
      }
    }
    EXPECT_EQ(count, kDocuments);
  }
  // $data, and the typed columns d and i beside it.
  void ExpectDataFile(ParqueDB& db) const {
    auto handle = db.state().storage().Open(DataPath("n"));
    ASSERT_TRUE(handle.ok());
    auto table = TableReader::Open(std::move(*handle), "data");
    ASSERT_TRUE(table.ok());
    std::vector<int> columns;
    for (const char* name : {"$id", "$data", "d", "i"}) {
      ASSERT_TRUE((*table)->column_index(name)) << name;
      columns.push_back(*(*table)->column_index(name));
    }
    auto scanner = (*table)->Scan(0, (*table)->row_group_count(), columns);
    ASSERT_TRUE(scanner.ok());
    TableChunk chunk;
    int64_t count = 0;
    while (*(*scanner)->Next(&chunk)) {
      for (size_t row = 0; row < static_cast<size_t>(chunk.rows); ++row, ++count) {
        std::string_view id = chunk.columns[0].strings[row];
        ExpectNumbers(id, chunk.columns[1].strings[row], "data file");
        std::vector<Number> numbers = NumbersOf(seed_, std::strtoll(std::string(id.substr(2)).c_str(), nullptr, 10));
        ASSERT_EQ(std::bit_cast<uint64_t>(chunk.columns[2].doubles[row]), numbers[0].bits) << id;
        ASSERT_EQ(chunk.columns[3].ints[row],
                  static_cast<int64_t>(numbers[1].negative ? 0 - numbers[1].bits : numbers[1].bits))
            << id;
        if (HasFatalFailure()) return;
      }
    }
    EXPECT_EQ(count, kDocuments);
  }
  void Export(ParqueDB& db, const std::string& path) const {
    std::ofstream file(path);
    auto writer = ExportJsonLines(ExportFormat::kNdjson, [&](std::string_view bytes) {
      file << bytes;
      return file.good() ? Status::Ok() : IoError("can't write");
    });
    auto view = db.state().TakeReaderView();
    ASSERT_TRUE(view.ok());
    auto cursor = OpenState(db.state().storage(), *view, {.cut = view->head, .namespaces = {}});
    ASSERT_TRUE(cursor.ok());
    Entity entity;
    while (*(*cursor)->Next(&entity)) ASSERT_TRUE(writer->Append(entity).ok());
    ASSERT_TRUE(writer->Finish().ok());
  }

  uint64_t seed_ = 0;
  std::string folder_;
};

TEST_F(NumbersTest, TwoMillionComeThroughImportSegmentDataFileExportAndBack) {
  WriteInput(folder_ + "/input.ndjson");
  auto first = Import("first", folder_ + "/input.ndjson");
  ASSERT_TRUE(first->Flush().ok());
  ExpectSegments(*first);
  ASSERT_TRUE(first->Checkpoint().ok());
  ExpectDataFile(*first);
  Export(*first, folder_ + "/first.ndjson");
  if (HasFatalFailure()) return;
  auto second = Import("second", folder_ + "/first.ndjson");
  ASSERT_TRUE(second->Flush().ok());
  ExpectSegments(*second);
  Export(*second, folder_ + "/second.ndjson");
  // An export of the import of an export is the same file.
  std::ifstream one(folder_ + "/first.ndjson"), two(folder_ + "/second.ndjson");
  std::string line, other;
  for (int64_t document = 0; document < kDocuments; ++document) {
    ASSERT_TRUE(std::getline(one, line) && std::getline(two, other));
    ASSERT_EQ(line, other);
  }
  EXPECT_FALSE(std::getline(two, other));
}

}  // namespace
}  // namespace parquedb
