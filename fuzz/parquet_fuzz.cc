// Parquet files and pages. An input that begins with 'P' is a file: our own reader refuses it, or gives rows; where
// Arrow's reader gives rows too, they are the same. Any other is a page for the decoders, behind how to read it:
//
//   type, encoding, nullable, rows (2 bytes), bytes of its dictionary (2 bytes), the dictionary's values (1 byte)
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "arrowio/arrow_table.h"
#include "arrowio/bytes_file.h"
#include "columnar/native_table.h"
#include "core/check.h"
#include "parquetfile/page_values.h"

namespace parquedb {
namespace {

constexpr size_t kPageHeadBytes = 8;

// All rows of a file, or nullopt if some are refused.
std::optional<std::string> Rows(const Result<std::shared_ptr<TableReader>>& table) {
  if (!table.ok() || *table == nullptr) return std::nullopt;
  std::vector<int> columns;
  for (size_t i = 0; i < (*table)->schema().size(); ++i) columns.push_back(static_cast<int>(i));
  std::string all;
  TableChunk chunk;
  auto scanner = (*table)->Scan(0, (*table)->row_group_count(), columns);
  if (!scanner.ok()) return std::nullopt;
  while (true) {
    auto more = (*scanner)->Next(&chunk);
    if (!more.ok()) return std::nullopt;
    if (!*more) return all;
    for (const ColumnChunkView& column : chunk.columns) {
      all.append(reinterpret_cast<const char*>(column.ints.data()), column.ints.size() * sizeof(int64_t));
      all.append(reinterpret_cast<const char*>(column.doubles.data()), column.doubles.size() * sizeof(double));
      for (std::string_view text : column.strings) all += std::string(text) + '\n';
      all.append(column.valid.begin(), column.valid.end());
    }
  }
}

// What else is read of it; none of it may do harm.
void LookAtIndexes(const TableReader& table) {
  for (int group = 0; group < table.row_group_count(); ++group) {
    for (int column = 0; column < static_cast<int>(table.schema().size()); ++column) {
      (void)table.row_group_bounds(group, column);
      (void)table.PageBounds(group, column);
      (void)table.MayContain(group, column, "id1003");
      (void)table.FindSpan(group, column, "id1003");
      (void)table.FindLastRow(group, column, "CREATE", table.row_count());
      TableChunk chunk;
      const RowSpan some{table.row_group_first_row(group), table.row_group_first_row(group) + 3};
      (void)table.ReadSpans({&some, 1}, {column}, &chunk);
    }
  }
}

void RunFile(const uint8_t* data, size_t size) {
  auto file = std::make_shared<Bytes>();
  file->bytes.assign(reinterpret_cast<const char*>(data), size);
  auto ours = OpenNativeTable(file, "fuzz");
  if (!ours.ok() || *ours == nullptr) return;
  LookAtIndexes(**ours);
  if (auto rows = Rows(ours)) {
    auto arrow = Rows(OpenArrowTable(file, "fuzz"));
    PARQUEDB_CHECK(!arrow || *arrow == *rows);
  }
}

// The bytes as a page's, with the room behind them that decoders may read and not a byte more.
Page PageOf(const uint8_t* data, size_t size, PageEncoding encoding, int64_t values) {
  Page page{.kind = PageKind::kData, .encoding = encoding, .values = values, .raw = {}, .memory = {}};
  page.memory = std::make_shared<char[]>(size + kPagePadding);
  if (size > 0) std::memcpy(page.memory.get(), data, size);
  page.raw = {page.memory.get(), size};
  return page;
}

void RunPage(const uint8_t* data, size_t size) {
  if (size < kPageHeadBytes) return;
  constexpr PhysicalType kTypes[] = {PhysicalType::kBoolean, PhysicalType::kInt64, PhysicalType::kDouble,
                                     PhysicalType::kByteArray};
  PageDecoder decoder(kTypes[data[0] % 4], data[2] % 2 == 1);
  const auto encoding = static_cast<PageEncoding>(data[1] % 10);
  const int64_t rows = data[3] | data[4] << 8;
  const auto dictionary = static_cast<size_t>(data[5] | data[6] << 8);
  const int64_t dictionary_values = data[7];
  data += kPageHeadBytes;
  size -= kPageHeadBytes;
  if (dictionary > size) return;
  if (dictionary > 0 && !decoder.SetDictionary(PageOf(data, dictionary, PageEncoding::kPlain, dictionary_values)).ok())
    return;
  PageValues values;
  std::vector<uint32_t> codes;
  Page page = PageOf(data + dictionary, size - dictionary, encoding, rows);
  (void)decoder.DecodeCodes(page, &codes);
  if (!decoder.Decode(page, &values).ok()) return;
  const size_t got = std::max({values.ints.size(), values.doubles.size(), values.texts.size()});
  PARQUEDB_CHECK(got == static_cast<size_t>(rows) || got == 0);
  size_t bytes = 0;
  for (std::string_view text : values.texts) {
    for (char c : text) bytes += c != 0;
  }
  PARQUEDB_CHECK(bytes <= size_t{64} << 20);
}

}  // namespace
}  // namespace parquedb

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 0 && data[0] == 'P') {
    parquedb::RunFile(data, size);
  } else {
    parquedb::RunPage(data, size);
  }
  return 0;
}
