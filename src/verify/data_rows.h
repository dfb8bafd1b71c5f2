// The rows of one data file, each checked by itself: order, $type, typed columns against $data, the bloom file.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "verify/derived_files.h"

namespace parquedb {

// Damage is reported and ends the rows. The subject, the report and the file must outlive it. One thread.
class DataRows {
 public:
  DataRows(const std::string& ns, const DataSubject& data, Report& report, bool cut_off);
  ~DataRows();

  Status Open();
  // False at the end.
  Result<bool> Next();
  bool at_end() const { return at_end_; }
  bool broken() const { return broken_; }  // damage kept it from reading all rows
  const Entity& entity() const { return entity_; }
  const Sha256Bytes& term() const { return term_; }
  int64_t count() const { return count_; }
  // After the last row: the footer's digest.
  void CheckFooter();

 private:
  Status Advance(bool* more);
  void CheckRow();
  void CheckTyped(size_t row);
  void CheckBloom();
  void Wrong(const std::string& what);

  const std::string ns_;
  const DataSubject& data_;
  Report& report_;
  const bool cut_off_;
  std::unique_ptr<EntityCursor> cursor_;
  std::unique_ptr<TableScanner> scanner_;  // $type and the typed columns, in step with the cursor
  TableChunk chunk_;
  int64_t row_in_chunk_ = 0;
  std::map<std::string, size_t, std::less<>> typed_;  // name -> index in chunk_.columns
  std::vector<ColumnType> types_;
  Entity entity_;
  ScannedFields fields_;  // of entity_.data
  Sha256Bytes term_{};
  StateDigest digest_;
  int64_t count_ = 0;
  int row_group_ = 0;
  bool at_end_ = false, broken_ = false;
};

}  // namespace parquedb
