#include "collection/rels_file.h"

#include <charconv>

#include "core/check.h"

namespace parquedb {
namespace {

constexpr std::string_view kRelsFormat = "rels/1";

TableSchema RelsSchema() {
  auto text = [](const char* name, ColumnCoding coding) {
    return ColumnSpec{.name = name,
                      .type = ColumnType::kString,
                      .nullable = false,
                      .coding = coding,
                      .statistics = true,
                      .bloom_filter = false};
  };
  return {text("from", ColumnCoding::kDeltaByteArray), text("predicate", ColumnCoding::kDictionary),
          text("to", ColumnCoding::kDeltaByteArray)};
}

bool Ascends(const LinkRow& a, const LinkRow& b, RelsOrder order) {
  return order == RelsOrder::kForward ? std::tie(a.from, a.predicate, a.to) < std::tie(b.from, b.predicate, b.to)
                                      : std::tie(a.to, a.predicate, a.from) < std::tie(b.to, b.predicate, b.from);
}

class ParquetRelsWriter : public RelsFileWriter {
 public:
  explicit ParquetRelsWriter(RelsOrder order) : order_(order) {}
  Status Open(PendingFile& file) {
    ASSIGN_OR_RETURN(table_, TableWriter::Open(file, RelsSchema(), order_ == RelsOrder::kForward ? 0 : 2));
    return Status::Ok();
  }
  Status Append(const LinkRow& row) override {
    PARQUEDB_CHECK(table_->row_count() == 0 || Ascends(last_, row, order_));
    last_ = row;
    table_->column(0).AppendString(row.from);
    table_->column(1).AppendString(row.predicate);
    table_->column(2).AppendString(row.to);
    return table_->EndRow();
  }
  int64_t row_count() const override { return table_->row_count(); }
  Status Finish(std::string_view database_id, int64_t through) override {
    table_->SetFooter("parquedb.format", std::string(kRelsFormat));
    table_->SetFooter("parquedb.database", std::string(database_id));
    table_->SetFooter("parquedb.through", std::to_string(through));
    table_->SetFooter("parquedb.rows", std::to_string(table_->row_count()));
    return table_->Finish();
  }

 private:
  RelsOrder order_;
  std::unique_ptr<TableWriter> table_;
  LinkRow last_;
};

class ParquetRelsCursor : public RelsCursor {
 public:
  ParquetRelsCursor(std::shared_ptr<TableReader> table, std::unique_ptr<TableScanner> scanner)
      : table_(std::move(table)), scanner_(std::move(scanner)) {}
  Result<bool> Next(LinkRow* row) override {
    if (at_ == chunk_.rows) {
      ASSIGN_OR_RETURN(bool more, scanner_->Next(&chunk_));
      if (!more) return false;
      at_ = 0;
    }
    auto i = static_cast<size_t>(at_++);
    row->from.assign(chunk_.columns[0].strings[i]);
    row->predicate.assign(chunk_.columns[1].strings[i]);
    row->to.assign(chunk_.columns[2].strings[i]);
    return true;
  }

 private:
  std::shared_ptr<TableReader> table_;
  std::unique_ptr<TableScanner> scanner_;
  TableChunk chunk_;
  int64_t at_ = 0;
};

class ParquetRelsFile : public RelsFile {
 public:
  Status Open(std::shared_ptr<const ReadableFile> file, std::string name, std::string_view database_id) {
    ASSIGN_OR_RETURN(table_, TableReader::Open(std::move(file), std::move(name)));
    std::string format = table_->footer("parquedb.format").value_or("");
    if (format.starts_with("rels/") && format != kRelsFormat) {
      return Unsupported(table_->name() + " has format " + format + "; this program reads " + std::string(kRelsFormat),
                         "use a newer parquedb");
    }
    bool good = format == kRelsFormat && table_->schema().size() == 3 && table_->schema()[0].name == "from" &&
                table_->schema()[1].name == "predicate" && table_->schema()[2].name == "to";
    if (!good) return Corruption(table_->name() + ": no relationship file: format '" + format + "'");
    if (!database_id.empty() && table_->footer("parquedb.database") != std::string(database_id))
      return Corruption(table_->name() + " belongs to another database");
    std::string text = table_->footer("parquedb.through").value_or("");
    if (std::from_chars(text.data(), text.data() + text.size(), through_).ec != std::errc())
      return Corruption(table_->name() + ": parquedb.through is '" + text + "'");
    return Status::Ok();
  }
  int64_t through() const override { return through_; }
  int64_t row_count() const override { return table_->row_count(); }
  Result<std::unique_ptr<RelsCursor>> Scan() const override { return ScanGroups(0, table_->row_group_count()); }
  Result<std::vector<LinkRow>> Find(std::string_view id) const override {
    std::vector<LinkRow> rows;
    bool reverse = table_->name().starts_with("rels/reverse/");
    int column = reverse ? 2 : 0;
    for (int group = 0; group < table_->row_group_count(); ++group) {
      ASSIGN_OR_RETURN(auto span, table_->FindSpan(group, column, id));
      if (span.first == span.last) continue;
      TableChunk chunk;
      RETURN_IF_ERROR(table_->ReadRows(span.first, span.last - span.first, {0, 1, 2}, &chunk));
      for (size_t i = 0; i < static_cast<size_t>(chunk.rows); ++i) {
        if (chunk.columns[static_cast<size_t>(column)].strings[i] != id) continue;
        rows.push_back({std::string(chunk.columns[0].strings[i]), std::string(chunk.columns[1].strings[i]),
                        std::string(chunk.columns[2].strings[i])});
      }
    }
    return rows;
  }

 private:
  Result<std::unique_ptr<RelsCursor>> ScanGroups(int first, int last) const {
    ASSIGN_OR_RETURN(auto scanner, table_->Scan(first, last, {0, 1, 2}));
    return std::unique_ptr<RelsCursor>(std::make_unique<ParquetRelsCursor>(table_, std::move(scanner)));
  }
  std::shared_ptr<TableReader> table_;
  int64_t through_ = 0;
};

}  // namespace

Result<std::unique_ptr<RelsFileWriter>> RelsFileWriter::Open(PendingFile& file, RelsOrder order) {
  auto writer = std::make_unique<ParquetRelsWriter>(order);
  RETURN_IF_ERROR(writer->Open(file));
  return std::unique_ptr<RelsFileWriter>(std::move(writer));
}

Result<std::shared_ptr<RelsFile>> RelsFile::Open(std::shared_ptr<const ReadableFile> file, std::string name,
                                                 std::string_view database_id) {
  auto rels = std::make_shared<ParquetRelsFile>();
  RETURN_IF_ERROR(rels->Open(std::move(file), std::move(name), database_id));
  return std::shared_ptr<RelsFile>(std::move(rels));
}

}  // namespace parquedb
