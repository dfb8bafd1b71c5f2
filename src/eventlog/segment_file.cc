#include "eventlog/segment_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/check.h"
#include "core/limits.h"
#include "document/value.h"
#include "model/json_reader.h"
#include "model/layout.h"

namespace parquedb {
namespace {

constexpr std::string_view kFormat = "events/1";

enum Column { kLsn, kId, kTs, kOp, kTarget, kBefore, kAfter, kActor, kMetadata, kColumnCount };

TableSchema SegmentSchema() {
  auto text = [](const char* name, bool nullable, ColumnCoding coding, bool statistics) {
    return ColumnSpec{.name = name,
                      .type = ColumnType::kString,
                      .nullable = nullable,
                      .coding = coding,
                      .statistics = statistics,
                      .bloom_filter = false};
  };
  TableSchema schema = {{.name = "lsn",
                         .type = ColumnType::kInt64,
                         .nullable = false,
                         .coding = ColumnCoding::kDeltaBinary,
                         .statistics = true,
                         .bloom_filter = false},
                        text("id", false, ColumnCoding::kDeltaByteArray, true),
                        {.name = "ts",
                         .type = ColumnType::kTimestampMs,
                         .nullable = false,
                         .coding = ColumnCoding::kDeltaBinary,
                         .statistics = true,
                         .bloom_filter = false},
                        text("op", false, ColumnCoding::kDictionary, true),
                        text("target", false, ColumnCoding::kDictionary, true),
                        text("before", true, ColumnCoding::kDeltaLength, false),
                        text("after", true, ColumnCoding::kDeltaLength, false),
                        text("actor", true, ColumnCoding::kDictionary, true),
                        text("metadata", true, ColumnCoding::kDeltaLength, false)};
  schema[kTarget].bloom_filter = true;
  return schema;
}

std::optional<Op> ParseOp(std::string_view text) {
  for (Op op : {Op::kCreate, Op::kUpdate, Op::kDelete}) {
    if (OpName(op) == text) return op;
  }
  return std::nullopt;
}

std::string LinesText(const std::vector<LineEntry>& lines) {
  Array array;
  for (const LineEntry& line : lines) array.push_back(Object{{"id", line.id}, {"from", line.from}});
  return WriteJson(array);
}

Result<std::vector<LineEntry>> ParseLines(std::string_view text, const std::string& name) {
  auto value = ParseJson(text);
  if (!value.ok() || !value->is_array()) return Corruption(name + ": parquedb.lines is no array");
  std::vector<LineEntry> lines;
  for (const Value& entry : value->get_array()) {
    JsonReader reader(entry, name + ": parquedb.lines");
    lines.push_back({reader.String("id"), reader.Int("from")});
    RETURN_IF_ERROR(reader.status());
  }
  return lines;
}

class ParquetSegmentWriter : public SegmentWriter {
 public:
  explicit ParquetSegmentWriter(std::optional<BaseCut> base) : base_(std::move(base)) {}
  Status Open(PendingFile& file) {
    ASSIGN_OR_RETURN(table_, TableWriter::Open(file, SegmentSchema(), kLsn));
    return Status::Ok();
  }
  Status Append(const EventView& event) override {
    PARQUEDB_CHECK(base_ ? event.lsn > max_lsn_ && event.lsn <= base_->lsn : count_ == 0 || event.lsn == max_lsn_ + 1);
    if (count_ == 0) {
      min_lsn_ = event.lsn;
      min_ts_ = event.ts_ms;
    }
    max_lsn_ = event.lsn;
    max_ts_ = event.ts_ms;
    ++count_;
    table_->column(kLsn).AppendInt(event.lsn);
    table_->column(kId).AppendString(event.id);
    table_->column(kTs).AppendInt(event.ts_ms);
    table_->column(kOp).AppendString(OpName(event.op));
    table_->column(kTarget).AppendString(event.target);
    AppendOptional(kBefore, event.before);
    AppendOptional(kAfter, event.after);
    AppendOptional(kActor, event.actor);
    AppendOptional(kMetadata, event.metadata);
    return table_->EndRow();
  }
  Status EndRowGroup() override { return table_->EndRowGroup(); }
  uint64_t raw_bytes() const override { return raw_bytes_; }
  int64_t count() const override { return count_; }
  Status Finish(const SegmentFooter& footer) override {
    table_->SetFooter("parquedb.format", std::string(kFormat));
    table_->SetFooter("parquedb.database", footer.database_id);
    if (base_) {
      min_lsn_ = max_lsn_ = base_->lsn;
      min_ts_ = max_ts_ = base_->ts_ms;
      table_->SetFooter("parquedb.cut", base_->id);
    }
    table_->SetFooter("parquedb.lsn", fmt::format("{}-{}", min_lsn_, max_lsn_));
    table_->SetFooter("parquedb.ts", fmt::format("{}-{}", min_ts_, max_ts_));
    table_->SetFooter("parquedb.lines", LinesText(footer.lines));
    table_->SetFooter("parquedb.digest", footer.digest);
    return table_->Finish();
  }

 private:
  void AppendOptional(Column column, const std::optional<std::string_view>& text) {
    if (!text) return table_->column(column).AppendNull();
    raw_bytes_ += text->size();
    table_->column(column).AppendString(*text);
  }
  const std::optional<BaseCut> base_;
  std::unique_ptr<TableWriter> table_;
  int64_t count_ = 0, min_lsn_ = 0, max_lsn_ = 0, min_ts_ = 0, max_ts_ = 0;
  uint64_t raw_bytes_ = 0;
};

// Maps a table's columns to events.
class SegmentCursor : public EventCursor {
 public:
  SegmentCursor(std::shared_ptr<TableReader> table, std::unique_ptr<TableScanner> scanner, std::vector<int> columns)
      : table_(std::move(table)), scanner_(std::move(scanner)), columns_(std::move(columns)) {}

  static std::vector<int> Wanted(const EventColumns& columns) {
    std::vector<int> wanted = {kLsn, kTs, kOp, kTarget};
    if (columns.id) wanted.push_back(kId);
    if (columns.before) wanted.push_back(kBefore);
    if (columns.after) wanted.push_back(kAfter);
    if (columns.actor) wanted.push_back(kActor);
    if (columns.metadata) wanted.push_back(kMetadata);
    return wanted;
  }

  Result<bool> Next(EventView* event) override {
    if (row_ == chunk_.rows) {
      ASSIGN_OR_RETURN(bool more, scanner_->Next(&chunk_));
      if (!more) return false;
      row_ = 0;
    }
    RETURN_IF_ERROR(Fill(*table_, chunk_, columns_, row_, event));
    ++row_;
    return true;
  }

  static Status Fill(const TableReader& table, const TableChunk& chunk, const std::vector<int>& columns, int64_t row,
                     EventView* event) {
    auto at = static_cast<size_t>(row);
    event->lsn = chunk.columns[0].ints[at];
    event->ts_ms = chunk.columns[1].ints[at];
    auto op = ParseOp(chunk.columns[2].strings[at]);
    if (!op)
      return Corruption(table.name() + ": op '" + std::string(chunk.columns[2].strings[at]) + "' at lsn " +
                        std::to_string(event->lsn));
    event->op = *op;
    event->target = chunk.columns[3].strings[at];
    if (event->target.find(':') == std::string_view::npos) {
      return Corruption(table.name() + ": a target without ':' at lsn " + std::to_string(event->lsn));
    }
    for (size_t i = 4; i < columns.size(); ++i) {
      const ColumnChunkView& column = chunk.columns[i];
      std::optional<std::string_view> text;
      if (!column.is_null(row)) text = column.strings[at];
      switch (columns[i]) {
        case kId:
          event->id = column.strings[at];
          break;
        case kBefore:
          event->before = text;
          break;
        case kAfter:
          event->after = text;
          break;
        case kActor:
          event->actor = text;
          break;
        case kMetadata:
          event->metadata = text;
          break;
        default:
          break;
      }
    }
    return Status::Ok();
  }

 private:
  std::shared_ptr<TableReader> table_;
  std::unique_ptr<TableScanner> scanner_;
  std::vector<int> columns_;
  TableChunk chunk_;
  int64_t row_ = 0;
};

class ParquetSegment : public Segment {
 public:
  explicit ParquetSegment(SegmentEntry entry) : entry_(std::move(entry)) {}

  Status Open(std::shared_ptr<const ReadableFile> file, std::string_view database_id) {
    if (file->size() != static_cast<uint64_t>(entry_.size_bytes)) {
      return Corruption(
          fmt::format("{} has {} bytes, events/manifest.json says {}", entry_.path, file->size(), entry_.size_bytes),
          "parquedb verify; then pull from a backup");
    }
    ASSIGN_OR_RETURN(table_, TableReader::Open(std::move(file), entry_.path));
    return CheckFooter(database_id);
  }

  const SegmentEntry& entry() const override { return entry_; }
  const SegmentFooter& footer() const override { return footer_; }
  const TableReader& table() const override { return *table_; }

  Result<std::unique_ptr<EventCursor>> Scan(int first, int last, const EventColumns& columns) const override {
    std::vector<int> wanted = SegmentCursor::Wanted(columns);
    ASSIGN_OR_RETURN(auto scanner, table_->Scan(first, last, wanted));
    return std::unique_ptr<EventCursor>(std::make_unique<SegmentCursor>(table_, std::move(scanner), std::move(wanted)));
  }

  Result<std::optional<Event>> FindLast(std::string_view target, int64_t max_lsn,
                                        const EventColumns& columns) const override {
    ASSIGN_OR_RETURN(int64_t end, CountUpToLsn(max_lsn));
    for (int group = end > 0 ? table_->row_group_of(end - 1) : -1; group >= 0; --group) {
      ASSIGN_OR_RETURN(bool may, table_->MayContain(group, kTarget, target));
      if (!may) continue;
      ASSIGN_OR_RETURN(int64_t row, table_->FindLastRow(group, kTarget, target, end));
      if (row < 0) continue;
      ASSIGN_OR_RETURN(Event event, ReadOthers(row, target, columns));
      return std::optional<Event>(std::move(event));
    }
    return std::optional<Event>();
  }

  Result<int64_t> CountUpToTime(int64_t ts_ms) const override {
    return CountUpTo(
        kTs, [&](const TableReader::Bounds& page) { return !page.ints || page.ints->min <= ts_ms; },
        [&](const ColumnChunkView& column) {
          return std::upper_bound(column.ints.begin(), column.ints.end(), ts_ms) - column.ints.begin();
        });
  }
  Result<int64_t> CountUpToId(std::string_view id) const override {
    return CountUpTo(
        kId, [&](const TableReader::Bounds& page) { return !page.strings || page.strings->min <= id; },
        [&](const ColumnChunkView& column) {
          return std::upper_bound(column.strings.begin(), column.strings.end(), id) - column.strings.begin();
        });
  }
  Result<int64_t> CountUpToLsn(int64_t lsn) const override {
    if (lsn >= entry_.max_lsn) return table_->row_count();
    if (!entry_.is_base) return std::max<int64_t>(lsn - entry_.min_lsn + 1, 0);
    return CountUpTo(
        kLsn, [&](const TableReader::Bounds& page) { return !page.ints || page.ints->min <= lsn; },
        [&](const ColumnChunkView& column) {
          return std::upper_bound(column.ints.begin(), column.ints.end(), lsn) - column.ints.begin();
        });
  }

  Result<Event> ReadStamp(int64_t row) const override {
    TableChunk chunk;
    RETURN_IF_ERROR(table_->ReadRows(row, 1, {kLsn, kTs, kId}, &chunk));
    Event event;
    event.lsn = chunk.columns[0].ints.front();
    event.ts_ms = chunk.columns[1].ints.front();
    event.id = chunk.columns[2].strings.front();
    return event;
  }

  Result<EventKeys> ReadKeys(int group) const override {
    EventKeys keys;
    RETURN_IF_ERROR(table_->ReadDictionary(group, kTarget, &keys.targets));
    for (std::string_view target : keys.targets.values) {
      if (target.find(':') == std::string_view::npos)
        return Corruption(fmt::format("{}: a target without ':' in row group {}", entry_.path, group));
    }
    DictionaryColumn names;
    RETURN_IF_ERROR(table_->ReadDictionary(group, kOp, &names));
    std::vector<Op> ops;  // of the names
    for (std::string_view name : names.values) {
      auto op = ParseOp(name);
      if (!op) return Corruption(fmt::format("{}: op '{}' in row group {}", entry_.path, name, group));
      ops.push_back(*op);
    }
    keys.ops.reserve(names.indices.size());
    for (uint32_t index : names.indices) keys.ops.push_back(ops[index]);
    const int64_t first = table_->row_group_first_row(group);
    const RowSpan all{first, first + table_->row_group_rows(group)};
    TableChunk chunk;
    RETURN_IF_ERROR(table_->ReadSpans({&all, 1}, {kLsn}, &chunk));
    keys.lsns = std::move(chunk.columns.front().ints);
    return keys;
  }

  Status ReadStates(std::span<const RowSpan> rows, StateText which, TableChunk* chunk) const override {
    return table_->ReadSpans(rows, {which == StateText::kBefore ? kBefore : kAfter}, chunk);
  }

  Result<Event> ReadRow(int64_t row, const EventColumns& columns) const override {
    std::vector<int> wanted = SegmentCursor::Wanted(columns);
    TableChunk chunk;
    RETURN_IF_ERROR(table_->ReadRows(row, 1, wanted, &chunk));
    EventView event;
    RETURN_IF_ERROR(SegmentCursor::Fill(*table_, chunk, wanted, 0, &event));
    return event.Copy();
  }

 private:
  // Rows up to an instant, say. `may_begin`: true of a page, or a row group, whose first value counts as far as its
  // bounds tell; `count`: how many of a page's values count.
  template <typename MayBegin, typename Count>
  Result<int64_t> CountUpTo(int column, const MayBegin& may_begin, const Count& count) const {
    for (int group = table_->row_group_count() - 1; group >= 0; --group) {
      if (!may_begin(table_->row_group_bounds(group, column))) continue;
      ASSIGN_OR_RETURN(auto pages, table_->PageBounds(group, column));
      for (auto page = pages.rbegin(); page != pages.rend(); ++page) {
        if (!may_begin(*page)) continue;
        TableChunk chunk;
        RETURN_IF_ERROR(table_->ReadRows(page->rows.first, page->rows.size(), {column}, &chunk));
        // None: its bounds were cut short, or are not there.
        if (auto counted = static_cast<int64_t>(count(chunk.columns.front())); counted > 0)
          return page->rows.first + counted;
      }
    }
    return 0;
  }

  // What stands in a row whose target is known.
  Result<Event> ReadOthers(int64_t row, std::string_view target, const EventColumns& columns) const {
    std::vector<int> wanted = SegmentCursor::Wanted(columns), others = wanted;
    others.erase(others.begin() + 3);
    TableChunk chunk;
    RETURN_IF_ERROR(table_->ReadRows(row, 1, others, &chunk));
    ColumnChunkView known;
    known.strings.push_back(target);
    chunk.columns.insert(chunk.columns.begin() + 3, std::move(known));
    EventView event;
    RETURN_IF_ERROR(SegmentCursor::Fill(*table_, chunk, wanted, 0, &event));
    return event.Copy();
  }

  Status CheckFooter(std::string_view database_id) {
    std::string format = table_->footer("parquedb.format").value_or("");
    if (format.starts_with("events/") && format != kFormat) {
      return Unsupported(entry_.path + " has format " + format + "; this program reads " + std::string(kFormat),
                         "use a newer parquedb");
    }
    footer_.database_id = table_->footer("parquedb.database").value_or("");
    footer_.digest = table_->footer("parquedb.digest").value_or("");
    footer_.cut_id = table_->footer("parquedb.cut").value_or("");
    std::string lsns = table_->footer("parquedb.lsn").value_or("");
    std::string wanted = fmt::format("{}-{}", entry_.min_lsn, entry_.max_lsn);
    Status wrong = Status::Ok();
    if (format != kFormat)
      wrong = Corruption(entry_.path + ": no event segment: format '" + format + "'");
    else if (footer_.database_id != database_id)
      wrong =
          Corruption(entry_.path + " belongs to database " + footer_.database_id + ", not " + std::string(database_id));
    else if (lsns != wanted || table_->row_count() != entry_.count) {
      wrong = Corruption(fmt::format("{}: lsn {} with {} rows was found, {} with {} was expected", entry_.path, lsns,
                                     table_->row_count(), wanted, entry_.count));
    } else if (entry_.is_base != table_->footer("parquedb.cut").has_value())
      wrong = Corruption(
          fmt::format("{} is {} base; events/manifest.json says otherwise", entry_.path, entry_.is_base ? "no" : "a"));
    else if (!StateDigest::FromHex(footer_.digest))
      wrong = Corruption(entry_.path + ": no digest in the footer");
    RETURN_IF_ERROR(wrong);
    const TableSchema wanted_schema = SegmentSchema();
    if (table_->schema().size() < wanted_schema.size()) return Corruption(entry_.path + ": columns are missing");
    for (size_t i = 0; i < wanted_schema.size(); ++i) {
      const ColumnSpec& found = table_->schema()[i];
      if (found.name != wanted_schema[i].name || found.type != wanted_schema[i].type ||
          found.nullable != wanted_schema[i].nullable) {
        return Corruption(entry_.path + ": column '" + found.name + "' was found, '" + wanted_schema[i].name +
                          "' was expected");
      }
    }
    ASSIGN_OR_RETURN(footer_.lines, ParseLines(table_->footer("parquedb.lines").value_or(""), entry_.path));
    return Status::Ok();
  }

  SegmentEntry entry_;
  SegmentFooter footer_;
  std::shared_ptr<TableReader> table_;
};

}  // namespace

std::string_view OpName(Op op) {
  switch (op) {
    case Op::kCreate:
      return "CREATE";
    case Op::kUpdate:
      return "UPDATE";
    case Op::kDelete:
      return "DELETE";
  }
  return "";
}

EventView EventView::Of(const Event& event) {
  auto view = [](const std::optional<std::string>& text) {
    return text ? std::optional<std::string_view>(*text) : std::nullopt;
  };
  return {event.lsn,         event.id,          event.ts_ms,          event.op, event.target, view(event.before),
          view(event.after), view(event.actor), view(event.metadata), nullptr};
}

Event EventView::Copy() const {
  auto copy = [](const std::optional<std::string_view>& text) {
    return text ? std::optional<std::string>(*text) : std::nullopt;
  };
  return {lsn, std::string(id), ts_ms, op, std::string(target), copy(before), copy(after), copy(actor), copy(metadata)};
}

Result<std::unique_ptr<SegmentWriter>> SegmentWriter::Open(PendingFile& file) {
  auto writer = std::make_unique<ParquetSegmentWriter>(std::nullopt);
  RETURN_IF_ERROR(writer->Open(file));
  return std::unique_ptr<SegmentWriter>(std::move(writer));
}

Result<std::unique_ptr<SegmentWriter>> SegmentWriter::OpenBase(PendingFile& file, BaseCut cut) {
  auto writer = std::make_unique<ParquetSegmentWriter>(std::move(cut));
  RETURN_IF_ERROR(writer->Open(file));
  return std::unique_ptr<SegmentWriter>(std::move(writer));
}

Result<std::shared_ptr<Segment>> Segment::Open(const StorageBackend& storage, const SegmentEntry& entry,
                                               std::string_view database_id) {
  auto file = storage.Open(entry.path);
  if (!file.ok()) {
    if (file.status().code() != StatusCode::kNotFound) return file.status();
    return Corruption(entry.path + " is missing; events/manifest.json names it",
                      "parquedb verify; then pull from a backup");
  }
  return Open(std::move(*file), entry, database_id);
}

Result<std::shared_ptr<Segment>> Segment::Open(std::shared_ptr<const ReadableFile> file, const SegmentEntry& entry,
                                               std::string_view database_id) {
  auto segment = std::make_shared<ParquetSegment>(entry);
  RETURN_IF_ERROR(segment->Open(std::move(file), database_id));
  return std::shared_ptr<Segment>(std::move(segment));
}

Result<std::unique_ptr<EventCursor>> Segment::ScanAll(const EventColumns& columns) const {
  return Scan(0, table().row_group_count(), columns);
}

}  // namespace parquedb
