// data/{ns}/data.parquet: the entities of a namespace as of one lsn. docs/format/data.md.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "collection/entity_cursor.h"
#include "collection/field_scan.h"
#include "columnar/table.h"
#include "core/sha256.h"

namespace parquedb {

// Counts of one top-level field over the rows of a data file, kept in the footer (parquedb.fields) so that the next
// rewrite knows the typed columns before it has seen a row.
struct FieldCounts {
  int64_t strings = 0, integers = 0, doubles = 0, bools = 0, others = 0;  // others: null, object, array
  int64_t inexact_integers = 0;                                           // integers that no double holds exactly
  bool operator==(const FieldCounts&) const = default;
};
using FieldTable = std::map<std::string, FieldCounts, std::less<>>;

// Adds the top-level fields of a data text.
Status CountFields(std::string_view data, FieldTable* table);
// Counts many texts.
class FieldCounter {
 public:
  void Add(const ScannedFields& fields);
  const FieldTable& table() const { return table_; }

 private:
  FieldTable table_;
  std::vector<FieldCounts*> by_number_;  // of the name; null: not looked for yet
  uint64_t numbering_ = 0;
};
// The typed columns for a table of counts over `rows` rows, by the rules of docs/format/data.md. `before`: the names
// that have a column already; they keep it however rare they become, unless their types conflict.
using ColumnNames = std::set<std::string, std::less<>>;
TableSchema TypedColumns(const FieldTable& table, int64_t rows, const ColumnNames& before = {});

struct DataFileFooter {
  std::string database_id;
  int64_t through = 0;  // lsn
  int64_t rows = 0;
  std::string digest;  // state digest of these entities alone, hex
  FieldTable fields;
};

class DataFileWriter {
 public:
  // `typed`: from TypedColumns. With include_type_column false a namespace's own file; true also for a whole database
  // (export). Both have the $ columns.
  static Result<std::unique_ptr<DataFileWriter>> Open(PendingFile& file, TableSchema typed);
  virtual ~DataFileWriter() = default;
  // Ids must ascend.
  Status Append(const Entity& entity);
  // The same, with the fields of its data scanned.
  virtual Status Append(const Entity& entity, const ScannedFields& fields) = 0;
  virtual int64_t row_count() const = 0;
  virtual int row_group_count() const = 0;           // ended so far; the bloom file has one filter for each
  virtual Status Finish(DataFileFooter footer) = 0;  // rows and ids are filled in

 private:
  ScannedFields scanned_;
};

class DataFile {
 public:
  // kCorruption when it is not a data file of this database ("" = any).
  static Result<std::shared_ptr<DataFile>> Open(std::shared_ptr<const ReadableFile> file, std::string name,
                                                std::string_view database_id);
  virtual ~DataFile() = default;
  virtual const DataFileFooter& footer() const = 0;
  virtual const TableReader& table() const = 0;
  ColumnNames typed_columns() const;
  // All entities from the first id >= `from` on.
  virtual Result<std::unique_ptr<EntityCursor>> Scan(std::string_view from = {}) const = 0;
  virtual Result<std::optional<Entity>> Find(std::string_view id) const = 0;
  // The entities of these rows, which ascend and lie in one row group, or their ids alone; all of them are read before
  // `take` gets the first. Any thread.
  virtual Status ReadEntities(std::span<const RowSpan> rows,
                              const std::function<Status(const Entity&)>& take) const = 0;
  virtual Status ReadIds(std::span<const RowSpan> rows, const std::function<Status(std::string_view)>& take) const = 0;
};

}  // namespace parquedb
