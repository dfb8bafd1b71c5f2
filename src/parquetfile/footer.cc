#include "parquetfile/footer.h"

#include <algorithm>
#include <cstring>

#include "core/limits.h"
#include "parquetfile/thrift.h"

namespace parquedb {
namespace {

using Type = ThriftReader::Type;

constexpr uint64_t kProbeBytes = 64 * kKiB;  // read first: it holds the footer of most files
constexpr uint64_t kMaxFooterBytes = 256 * kMiB;
constexpr uint64_t kTailBytes = 8;  // the footer's length and the magic
constexpr uint64_t kLeastBytes = 12;
constexpr int32_t kZstd = 6;
constexpr int32_t kRequired = 0, kOptional = 1;
constexpr int32_t kConvertedTimestampMillis = 9, kConvertedTimestampMicros = 10;
constexpr int64_t kLogicalTimestamp = 8;

// The footer as it is read: what it says that must be compared before it is believed.
struct Draft {
  explicit Draft(std::string_view bytes) : reader(bytes) {}
  ThriftReader reader;
  Footer footer;
  bool foreign = false;  // has what TableWriter does not make
  size_t schema_elements = 0;
};

void ReadSchemaElement(Draft* draft) {
  ThriftReader& in = draft->reader;
  FooterColumn column;
  int32_t type = -1, repetition = -1, children = 0, converted = -1;
  bool logical_timestamp = false;
  in.Struct([&](int64_t id, Type kind) {
    switch (id) {
      case 1:
        type = in.Int32(kind);
        break;
      case 3:
        repetition = in.Int32(kind);
        break;
      case 4:
        column.name = in.Binary(kind);
        break;
      case 5:
        children = in.Int32(kind);
        break;
      case 6:
        converted = in.Int32(kind);
        break;
      case 10:
        in.Struct(kind, [&](int64_t logical, Type inner) {
          logical_timestamp = logical == kLogicalTimestamp;
          in.Skip(inner);
        });
        break;
      default:
        in.Skip(kind);
    }
  });
  if (draft->schema_elements++ == 0) return;  // the root
  const bool known =
      type == static_cast<int32_t>(PhysicalType::kBoolean) || type == static_cast<int32_t>(PhysicalType::kInt64) ||
      type == static_cast<int32_t>(PhysicalType::kDouble) || type == static_cast<int32_t>(PhysicalType::kByteArray);
  if (!known || children != 0 || (repetition != kRequired && repetition != kOptional)) {
    draft->foreign = true;
    return;
  }
  column.type = static_cast<PhysicalType>(type);
  column.nullable = repetition == kOptional;
  column.timestamp =
      column.type == PhysicalType::kInt64 &&
      (logical_timestamp || converted == kConvertedTimestampMillis || converted == kConvertedTimestampMicros);
  draft->footer.columns.push_back(column);
}

bool IsKnownEncoding(int32_t encoding) {
  switch (static_cast<PageEncoding>(encoding)) {
    case PageEncoding::kPlain:
    case PageEncoding::kPlainDictionary:
    case PageEncoding::kRle:
    case PageEncoding::kDeltaBinaryPacked:
    case PageEncoding::kDeltaLengthByteArray:
    case PageEncoding::kDeltaByteArray:
    case PageEncoding::kRleDictionary:
      return true;
  }
  return false;
}

void ReadStatistics(ThriftReader& in, Type kind, FooterChunk* chunk) {
  in.Struct(kind, [&](int64_t id, Type inner) {
    if (id == 3) {
      chunk->null_count = in.Int(inner);
    } else if (id == 5) {
      chunk->max = in.Binary(inner);
    } else if (id == 6) {
      chunk->min = in.Binary(inner);
    } else {
      in.Skip(inner);
    }
  });
}

void ReadChunkMetadata(Draft* draft, Type kind, FooterChunk* chunk) {
  ThriftReader& in = draft->reader;
  int64_t dictionary_page = 0;
  in.Struct(kind, [&](int64_t id, Type inner) {
    switch (id) {
      case 2:
        in.List(inner, [&](Type element) { draft->foreign |= !IsKnownEncoding(in.Int32(element)); });
        break;
      case 4:
        draft->foreign |= in.Int32(inner) != kZstd;
        break;
      case 7:
        chunk->pages.bytes = in.Int(inner);
        break;
      case 9:
        chunk->first_data_page = in.Int(inner);
        break;
      case 11:
        dictionary_page = in.Int(inner);
        chunk->has_dictionary = true;
        break;
      case 12:
        ReadStatistics(in, inner, chunk);
        break;
      case 14:
        chunk->bloom_filter.offset = in.Int(inner);
        chunk->has_bloom_filter = true;
        break;
      case 15:
        chunk->bloom_filter.bytes = in.Int32(inner);
        break;
      default:
        in.Skip(inner);
    }
  });
  chunk->pages.offset = chunk->has_dictionary ? dictionary_page : chunk->first_data_page;
}

void ReadChunk(Draft* draft, Type kind, FooterRowGroup* group) {
  ThriftReader& in = draft->reader;
  FooterChunk chunk;
  in.Struct(kind, [&](int64_t id, Type inner) {
    switch (id) {
      case 1:  // in another file
      case 8:  // encrypted
      case 9:
        draft->foreign = true;
        return in.Skip(inner);
      case 3:
        return ReadChunkMetadata(draft, inner, &chunk);
      case 4:
        chunk.offset_index.offset = in.Int(inner);
        return;
      case 5:
        chunk.offset_index.bytes = in.Int32(inner);
        return;
      case 6:
        chunk.column_index.offset = in.Int(inner);
        return;
      case 7:
        chunk.column_index.bytes = in.Int32(inner);
        return;
      default:
        in.Skip(inner);
    }
  });
  group->columns.push_back(chunk);
}

void ReadRowGroup(Draft* draft, Type kind) {
  ThriftReader& in = draft->reader;
  FooterRowGroup group;
  group.columns.reserve(draft->footer.columns.size());
  in.Struct(kind, [&](int64_t id, Type inner) {
    if (id == 1) {
      in.List(inner, [&](Type element) { ReadChunk(draft, element, &group); });
    } else if (id == 2) {
      group.raw_bytes = in.Int(inner);
    } else if (id == 3) {
      group.rows = in.Int(inner);
    } else {
      in.Skip(inner);
    }
  });
  draft->footer.row_groups.push_back(std::move(group));
}

void ReadText(Draft* draft, Type kind) {
  ThriftReader& in = draft->reader;
  std::pair<std::string_view, std::string_view> text;
  in.Struct(kind, [&](int64_t id, Type inner) {
    if (id == 1) {
      text.first = in.Binary(inner);
    } else if (id == 2) {
      text.second = in.Binary(inner);
    } else {
      in.Skip(inner);
    }
  });
  draft->footer.texts.push_back(text);
}

void ReadAll(Draft* draft) {
  ThriftReader& in = draft->reader;
  in.Struct([&](int64_t id, Type kind) {
    switch (id) {
      case 2:
        return in.List(
            kind, [&](Type element) { element == Type::kStruct ? ReadSchemaElement(draft) : in.Skip(Type::kStop); });
      case 3:
        draft->footer.rows = in.Int(kind);
        return;
      case 4:
        return in.List(kind, [&](Type element) { ReadRowGroup(draft, element); });
      case 5:
        return in.List(kind, [&](Type element) { ReadText(draft, element); });
      case 8:  // encrypted
        draft->foreign = true;
        return in.Skip(kind);
      default:
        in.Skip(kind);
    }
  });
}

bool LiesInside(const FilePart& part, uint64_t file_bytes) {
  const auto size = static_cast<int64_t>(file_bytes);
  return part.offset >= 0 && part.bytes >= 0 && part.offset <= size && part.bytes <= size - part.offset;
}

Status CheckChunk(const FooterChunk& chunk, uint64_t file_bytes) {
  const int64_t end = chunk.pages.offset + (LiesInside(chunk.pages, file_bytes) ? chunk.pages.bytes : 0);
  if (!LiesInside(chunk.pages, file_bytes) || chunk.first_data_page < chunk.pages.offset || chunk.first_data_page > end)
    return Corruption("the pages of a column lie outside the file");
  if (chunk.has_dictionary && chunk.first_data_page <= chunk.pages.offset)
    return Corruption("a dictionary page lies outside the file");
  for (const FilePart& part : {chunk.offset_index, chunk.column_index, chunk.bloom_filter}) {
    if (!LiesInside(part, file_bytes)) return Corruption("an index of a column lies outside the file");
  }
  return Status::Ok();
}

Status Check(const Footer& footer, uint64_t file_bytes) {
  if (footer.rows < 0) return Corruption("it has an impossible number of rows");
  int64_t rows = 0;
  for (const FooterRowGroup& group : footer.row_groups) {
    if (group.rows < 0 || group.rows > footer.rows - rows || group.raw_bytes < 0)
      return Corruption("a row group has an impossible number of rows");
    rows += group.rows;
    if (group.columns.size() != footer.columns.size())
      return Corruption("a row group has " + std::to_string(group.columns.size()) + " columns, the file has " +
                        std::to_string(footer.columns.size()));
    for (const FooterChunk& chunk : group.columns) RETURN_IF_ERROR(CheckChunk(chunk, file_bytes));
  }
  if (rows != footer.rows) return Corruption("its row groups don't add up to its rows");
  return Status::Ok();
}

struct FooterBytes {
  std::unique_ptr<char[]> bytes;
  std::string_view footer;  // in it
};

Result<FooterBytes> ReadBytes(const ReadableFile& file) {
  const uint64_t size = file.size();
  if (size < kLeastBytes) return Corruption(std::to_string(size) + " bytes are too few for a Parquet file");
  uint64_t probe = std::min(size, kProbeBytes);
  auto bytes = std::make_unique_for_overwrite<char[]>(probe);
  RETURN_IF_ERROR(file.ReadAt(size - probe, {bytes.get(), probe}));
  if (std::string_view(bytes.get() + probe - 4, 4) != "PAR1")
    return Corruption("it does not end like a Parquet file: it was cut, or it is another kind of file");
  uint32_t length;
  std::memcpy(&length, bytes.get() + probe - kTailBytes, sizeof length);
  if (length > size - kLeastBytes || length > kMaxFooterBytes) {
    return Corruption("footer length " + std::to_string(length) + " does not fit the file of " + std::to_string(size) +
                      " bytes");
  }
  if (length + kTailBytes > probe) {
    probe = length + kTailBytes;
    bytes = std::make_unique_for_overwrite<char[]>(probe);
    RETURN_IF_ERROR(file.ReadAt(size - probe, {bytes.get(), probe}));
  }
  std::string_view footer(bytes.get() + probe - kTailBytes - length, length);
  return FooterBytes{std::move(bytes), footer};
}

}  // namespace

std::optional<std::string_view> Footer::text(std::string_view key) const {
  for (const auto& [name, value] : texts) {
    if (name == key) return value;
  }
  return std::nullopt;
}

Result<std::unique_ptr<Footer>> ReadFooter(const ReadableFile& file) {
  ASSIGN_OR_RETURN(FooterBytes from, ReadBytes(file));
  Draft draft(from.footer);
  ReadAll(&draft);
  if (!draft.reader.ok())
    return Corruption("can't be read as Parquet: its footer breaks off or contradicts itself at byte " +
                          std::to_string(draft.reader.position()) + " of " + std::to_string(from.footer.size()),
                      "parquedb verify");
  if (draft.foreign) return std::unique_ptr<Footer>();
  RETURN_IF_ERROR(Check(draft.footer, file.size()));
  auto footer = std::make_unique<Footer>(std::move(draft.footer));
  footer->bytes = std::move(from.bytes);
  return footer;
}

}  // namespace parquedb
