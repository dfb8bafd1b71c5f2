#include "collection/data_file.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "collection/field_scan.h"
#include "core/check.h"
#include "document/value.h"
#include "model/names.h"

namespace parquedb {
namespace {

constexpr std::string_view kDataFormat = "data/1";
// A typed column with more different values than that gains nothing from a dictionary: the rest of it goes without.
constexpr int64_t kTypedDictionaryBytes = 256 * 1024;

enum Column { kId, kType, kVersion, kCreatedAt, kUpdatedAt, kCreatedBy, kUpdatedBy, kData, kTyped };

TableSchema SystemSchema() {
  auto text = [](const char* name, bool nullable, ColumnCoding coding) {
    return ColumnSpec{.name = name,
                      .type = ColumnType::kString,
                      .nullable = nullable,
                      .coding = coding,
                      .statistics = true,
                      .bloom_filter = false};
  };
  auto number = [](const char* name, ColumnType type) {
    return ColumnSpec{.name = name,
                      .type = type,
                      .nullable = false,
                      .coding = ColumnCoding::kDictionary,
                      .statistics = true,
                      .bloom_filter = false};
  };
  TableSchema schema = {text("$id", false, ColumnCoding::kDeltaByteArray),
                        text("$type", false, ColumnCoding::kDictionary),
                        number("$version", ColumnType::kInt64),
                        number("$createdAt", ColumnType::kTimestampMs),
                        number("$updatedAt", ColumnType::kTimestampMs),
                        text("$createdBy", true, ColumnCoding::kDictionary),
                        text("$updatedBy", true, ColumnCoding::kDictionary),
                        text("$data", false, ColumnCoding::kDeltaLength)};
  schema[kData].statistics = false;
  return schema;
}

std::string EncodeFields(const FieldTable& table) {
  Object object;
  for (const auto& [name, c] : table) {
    object.emplace(name, Array{c.strings, c.integers, c.doubles, c.bools, c.others, c.inexact_integers});
  }
  return WriteJson(object);
}

Result<FieldTable> DecodeFields(std::string_view text, const std::string& name) {
  auto value = ParseJson(text, {.max_depth = 3, .max_bytes = 256 * kMiB});
  if (!value.ok() || !value->is_object()) return Corruption(name + ": parquedb.fields is no object");
  FieldTable table;
  for (const auto& member : value->get_object()) {
    if (!member.value().is_array() || member.value().get_array().size() != 6)
      return Corruption(name + ": parquedb.fields: six counts were expected");
    int64_t counts[6];
    for (size_t i = 0; i < 6; ++i) {
      const Value& count = member.value().get_array()[i];
      if (!count.is_int64()) return Corruption(name + ": parquedb.fields: six counts were expected");
      counts[i] = count.get_int64();
    }
    table.emplace(std::string(member.key().data(), member.key().size()),
                  FieldCounts{counts[0], counts[1], counts[2], counts[3], counts[4], counts[5]});
  }
  return table;
}

Result<int64_t> FooterNumber(const TableReader& table, std::string_view key) {
  std::string text = table.footer(key).value_or("");
  int64_t number = -1;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0)
    return Corruption(table.name() + ": " + std::string(key) + " is '" + text + "'");
  return number;
}

class ParquetDataWriter : public DataFileWriter {
 public:
  Status Open(PendingFile& file, TableSchema typed) {
    TableSchema schema = SystemSchema();
    for (size_t i = 0; i < typed.size(); ++i) positions_.emplace(typed[i].name, static_cast<int>(i));
    filled_.resize(typed.size());
    types_.reserve(typed.size());
    for (ColumnSpec& column : typed) {
      types_.push_back(column.type);
      schema.push_back(std::move(column));
    }
    ASSIGN_OR_RETURN(table_,
                     TableWriter::Open(file, std::move(schema), kId, {.dictionary_bytes = kTypedDictionaryBytes}));
    return Status::Ok();
  }

  Status Append(const Entity& entity, const ScannedFields& fields) override {
    PARQUEDB_CHECK(table_->row_count() == 0 || entity.id > last_id_);
    if (table_->row_count() == 0) first_id_ = entity.id;
    RETURN_IF_ERROR(CheckTyped(fields));
    last_id_ = entity.id;
    table_->column(kId).AppendString(entity.id);
    table_->column(kType).AppendString(NamespaceOfId(entity.id));
    table_->column(kVersion).AppendInt(entity.version);
    table_->column(kCreatedAt).AppendInt(entity.created_at_ms);
    table_->column(kUpdatedAt).AppendInt(entity.updated_at_ms);
    AppendOptional(kCreatedBy, entity.created_by);
    AppendOptional(kUpdatedBy, entity.updated_by);
    table_->column(kData).AppendString(entity.data);
    AppendTyped();
    return table_->EndRow();
  }
  int64_t row_count() const override { return table_->row_count(); }
  int row_group_count() const override { return table_->row_group_count(); }

  Status Finish(DataFileFooter footer) override {
    table_->SetFooter("parquedb.format", std::string(kDataFormat));
    table_->SetFooter("parquedb.database", footer.database_id);
    table_->SetFooter("parquedb.through", std::to_string(footer.through));
    table_->SetFooter("parquedb.rows", std::to_string(table_->row_count()));
    table_->SetFooter("parquedb.digest", footer.digest);
    table_->SetFooter("parquedb.fields", EncodeFields(footer.fields));
    table_->SetFooter("parquedb.idFrom", first_id_);
    table_->SetFooter("parquedb.idTo", last_id_);
    return table_->Finish();
  }

 private:
  struct Typed {
    bool present = false;
    int64_t integer = 0;
    double number = 0;
    std::string_view text;  // in the document, or in `decoded`
    std::string decoded;
  };

  void AppendOptional(Column column, const std::optional<std::string>& text) {
    text ? table_->column(column).AppendString(*text) : table_->column(column).AppendNull();
  }

  // Collects the typed values; an error, before anything is appended, when one does not fit its column.
  Status CheckTyped(const ScannedFields& fields) {
    if (types_.empty()) return Status::Ok();
    for (Typed& value : filled_) value.present = false;
    if (numbering_ != fields.numbering()) by_number_.clear();
    numbering_ = fields.numbering();
    for (const ScannedFields::Field& field : fields.fields()) {
      int position = Position(field);
      if (position < 0) continue;
      if (!Take(field, types_[static_cast<size_t>(position)], &filled_[static_cast<size_t>(position)])) {
        return InvalidArgument("the field " + std::string(field.name) + " does not fit its typed column");
      }
    }
    return Status::Ok();
  }

  // The column of a field, or -1.
  int Position(const ScannedFields::Field& field) {
    if (field.name_number != 0 && field.name_number < by_number_.size() &&
        by_number_[field.name_number] != kNotLookedFor) {
      return by_number_[field.name_number];
    }
    auto found = positions_.find(field.name);
    int position = found == positions_.end() ? -1 : found->second;
    if (field.name_number != 0) {
      if (by_number_.size() <= field.name_number) by_number_.resize(field.name_number + 1, kNotLookedFor);
      by_number_[field.name_number] = position;
    }
    return position;
  }

  static bool Take(const ScannedFields::Field& field, ColumnType type, Typed* value) {
    if (field.kind == FieldKind::kOther) return field.text == "null";
    value->present = true;
    switch (type) {
      case ColumnType::kString:
        if (field.kind != FieldKind::kString) return false;
        value->text = field.String(&value->decoded);
        return true;
      case ColumnType::kBool:
        value->integer = field.Bool();
        return field.kind == FieldKind::kBool;
      case ColumnType::kInt64:
        value->integer = field.integer;
        return field.kind == FieldKind::kInteger;
      case ColumnType::kDouble:
        if (field.kind == FieldKind::kInteger) {
          value->number = static_cast<double>(field.integer);
          return IsExactInDouble(field.integer);
        }
        value->number = field.kind == FieldKind::kDouble ? field.Double() : 0;
        return field.kind == FieldKind::kDouble;
      case ColumnType::kTimestampMs:
        break;
    }
    return false;
  }

  void AppendTyped() {
    for (size_t i = 0; i < types_.size(); ++i) {
      ColumnBuffer& column = table_->column(kTyped + static_cast<int>(i));
      const Typed& value = filled_[i];
      if (!value.present)
        column.AppendNull();
      else if (types_[i] == ColumnType::kString)
        column.AppendString(value.text);
      else if (types_[i] == ColumnType::kDouble)
        column.AppendDouble(value.number);
      else if (types_[i] == ColumnType::kBool)
        column.AppendBool(value.integer != 0);
      else
        column.AppendInt(value.integer);
    }
  }

  std::unique_ptr<TableWriter> table_;
  std::map<std::string, int, std::less<>> positions_;
  static constexpr int kNotLookedFor = -2;
  std::vector<int> by_number_;  // of the name: its column, -1 or kNotLookedFor
  uint64_t numbering_ = 0;
  std::vector<ColumnType> types_;
  std::vector<Typed> filled_;
  std::string first_id_, last_id_;
};

const std::vector<int> kEntityColumns = {kId, kVersion, kCreatedAt, kUpdatedAt, kCreatedBy, kUpdatedBy, kData};

// Where an entity's columns are found: each in a chunk, or, with one value in all of a row group, in its statistics.
class EntityColumns {
 public:
  // All of them in the chunk.
  EntityColumns() {
    for (int column : kEntityColumns) Read(column);
  }
  EntityColumns(const TableReader& table, int row_group) {
    for (int column : kEntityColumns) {
      TableReader::Bounds bounds =
          column == kId || column == kData ? TableReader::Bounds() : table.row_group_bounds(row_group, column);
      bool is_text = column == kCreatedBy || column == kUpdatedBy;
      if (is_text && bounds.all_null) {
        texts_[column].reset();
      } else if (is_text && !bounds.has_nulls && bounds.strings && bounds.strings->min == bounds.strings->max) {
        texts_[column] = std::move(bounds.strings->min);
      } else if (!is_text && bounds.ints && bounds.ints->min == bounds.ints->max) {
        ints_[column] = bounds.ints->min;
      } else {
        Read(column);
      }
    }
  }
  const std::vector<int>& read() const { return read_; }

  void Fill(const TableChunk& chunk, int64_t row, Entity* entity) const {
    entity->id.assign(Text(chunk, kId, row));
    entity->version = Int(chunk, kVersion, row);
    entity->created_at_ms = Int(chunk, kCreatedAt, row);
    entity->updated_at_ms = Int(chunk, kUpdatedAt, row);
    Optional(chunk, kCreatedBy, row, &entity->created_by);
    Optional(chunk, kUpdatedBy, row, &entity->updated_by);
    entity->data.assign(Text(chunk, kData, row));
  }

 private:
  void Read(int column) {
    places_[column] = static_cast<int>(read_.size());
    read_.push_back(column);
  }
  const ColumnChunkView& Of(const TableChunk& chunk, int column) const {
    return chunk.columns[static_cast<size_t>(places_[column])];
  }
  std::string_view Text(const TableChunk& chunk, int column, int64_t row) const {
    return Of(chunk, column).strings[static_cast<size_t>(row)];
  }
  int64_t Int(const TableChunk& chunk, int column, int64_t row) const {
    return places_[column] < 0 ? ints_[column] : Of(chunk, column).ints[static_cast<size_t>(row)];
  }
  void Optional(const TableChunk& chunk, int column, int64_t row, std::optional<std::string>* text) const {
    if (places_[column] < 0) {
      *text = texts_[column];
    } else if (Of(chunk, column).is_null(row)) {
      text->reset();
    } else {
      text->emplace(Text(chunk, column, row));
    }
  }

  std::vector<int> read_;  // columns of the chunk
  std::array<int, kTyped> places_ = {-1, -1, -1, -1, -1, -1, -1, -1};
  std::array<int64_t, kTyped> ints_ = {};
  std::array<std::optional<std::string>, kTyped> texts_;
};

class DataCursor : public EntityCursor {
 public:
  DataCursor(std::shared_ptr<TableReader> table, std::unique_ptr<TableScanner> scanner, std::string from)
      : table_(std::move(table)), scanner_(std::move(scanner)), from_(std::move(from)) {}
  Result<bool> Next(Entity* entity) override {
    while (true) {
      if (row_ == chunk_.rows) {
        ASSIGN_OR_RETURN(bool more, scanner_->Next(&chunk_));
        if (!more) return false;
        row_ = 0;
      }
      columns_.Fill(chunk_, row_++, entity);
      if (entity->id <= last_id_) return Corruption(table_->name() + ": ids don't ascend at " + entity->id);
      last_id_ = entity->id;
      if (entity->id >= from_) return true;
    }
  }

 private:
  std::shared_ptr<TableReader> table_;
  std::unique_ptr<TableScanner> scanner_;
  std::string from_, last_id_;
  EntityColumns columns_;
  TableChunk chunk_;
  int64_t row_ = 0;
};

class ParquetDataFile : public DataFile {
 public:
  Status Open(std::shared_ptr<const ReadableFile> file, std::string name, std::string_view database_id) {
    ASSIGN_OR_RETURN(table_, TableReader::Open(std::move(file), std::move(name)));
    std::string format = table_->footer("parquedb.format").value_or("");
    if (format.starts_with("data/") && format != kDataFormat) {
      return Unsupported(table_->name() + " has format " + format + "; this program reads " + std::string(kDataFormat),
                         "use a newer parquedb");
    }
    if (format != kDataFormat) return Corruption(table_->name() + ": no data file: format '" + format + "'");
    footer_.database_id = table_->footer("parquedb.database").value_or("");
    if (!database_id.empty() && footer_.database_id != database_id) {
      return Corruption(table_->name() + " belongs to database " + footer_.database_id + ", not " +
                        std::string(database_id));
    }
    ASSIGN_OR_RETURN(footer_.through, FooterNumber(*table_, "parquedb.through"));
    ASSIGN_OR_RETURN(footer_.rows, FooterNumber(*table_, "parquedb.rows"));
    footer_.digest = table_->footer("parquedb.digest").value_or("");
    ASSIGN_OR_RETURN(footer_.fields, DecodeFields(table_->footer("parquedb.fields").value_or(""), table_->name()));
    const TableSchema wanted = SystemSchema();
    if (footer_.rows != table_->row_count() || table_->schema().size() < wanted.size())
      return Corruption(table_->name() + ": its rows or columns are not those of its footer");
    for (size_t i = 0; i < wanted.size(); ++i) {
      const ColumnSpec& found = table_->schema()[i];
      if (found.name != wanted[i].name || found.type != wanted[i].type)
        return Corruption(table_->name() + ": column '" + found.name + "' was found, '" + wanted[i].name +
                          "' was expected");
    }
    return Status::Ok();
  }
  const DataFileFooter& footer() const override { return footer_; }
  const TableReader& table() const override { return *table_; }

  Result<std::unique_ptr<EntityCursor>> Scan(std::string_view from) const override {
    int first = 0;
    while (!from.empty() && first < table_->row_group_count()) {
      auto range = table_->string_range(first, kId);
      if (!range || range->max >= from) break;
      ++first;
    }
    ASSIGN_OR_RETURN(auto scanner, table_->Scan(first, table_->row_group_count(), kEntityColumns));
    return std::unique_ptr<EntityCursor>(std::make_unique<DataCursor>(table_, std::move(scanner), std::string(from)));
  }

  Result<std::optional<Entity>> Find(std::string_view id) const override {
    for (int group = 0; group < table_->row_group_count(); ++group) {
      ASSIGN_OR_RETURN(auto span, table_->FindSpan(group, kId, id));
      if (span.first == span.last) continue;
      TableChunk ids;
      RETURN_IF_ERROR(table_->ReadRows(span.first, span.last - span.first, {kId}, &ids));
      for (int64_t i = 0; i < ids.rows; ++i) {
        if (ids.columns[0].strings[static_cast<size_t>(i)] != id) continue;
        const EntityColumns columns(*table_, group);
        TableChunk chunk;
        RETURN_IF_ERROR(table_->ReadRows(span.first + i, 1, columns.read(), &chunk));
        Entity entity;
        columns.Fill(chunk, 0, &entity);
        return std::optional<Entity>(std::move(entity));
      }
    }
    return std::optional<Entity>();
  }

  Status ReadEntities(std::span<const RowSpan> rows, const std::function<Status(const Entity&)>& take) const override {
    const EntityColumns columns(*table_, table_->row_group_of(rows.front().first));
    TableChunk chunk;
    RETURN_IF_ERROR(table_->ReadSpans(rows, columns.read(), &chunk));
    Entity entity;
    std::string last_id;
    for (int64_t row = 0; row < chunk.rows; ++row) {
      columns.Fill(chunk, row, &entity);
      if (entity.id <= last_id) return Corruption(table_->name() + ": ids don't ascend at " + entity.id);
      last_id = entity.id;
      RETURN_IF_ERROR(take(entity));
    }
    return Status::Ok();
  }

  Status ReadIds(std::span<const RowSpan> rows, const std::function<Status(std::string_view)>& take) const override {
    TableChunk chunk;
    RETURN_IF_ERROR(table_->ReadSpans(rows, {kId}, &chunk));
    for (std::string_view id : chunk.columns.front().strings) RETURN_IF_ERROR(take(id));
    return Status::Ok();
  }

 private:
  std::shared_ptr<TableReader> table_;
  DataFileFooter footer_;
};

}  // namespace

Status DataFileWriter::Append(const Entity& entity) {
  RETURN_IF_ERROR(scanned_.Scan(entity.data));
  return Append(entity, scanned_);
}

Result<std::unique_ptr<DataFileWriter>> DataFileWriter::Open(PendingFile& file, TableSchema typed) {
  auto writer = std::make_unique<ParquetDataWriter>();
  RETURN_IF_ERROR(writer->Open(file, std::move(typed)));
  return std::unique_ptr<DataFileWriter>(std::move(writer));
}

Result<std::shared_ptr<DataFile>> DataFile::Open(std::shared_ptr<const ReadableFile> file, std::string name,
                                                 std::string_view database_id) {
  auto data = std::make_shared<ParquetDataFile>();
  RETURN_IF_ERROR(data->Open(std::move(file), std::move(name), database_id));
  return std::shared_ptr<DataFile>(std::move(data));
}

}  // namespace parquedb
