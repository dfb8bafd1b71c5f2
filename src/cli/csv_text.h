// Answers as CSV (RFC 4180): results of a query, events, tables.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eventlog/segment_file.h"
#include "parquedb/status.h"
#include "query/projection.h"

namespace parquedb {

// Entities as rows. Without a projection the columns are those that `import` takes exactly: the $ columns and $data.
// With one they are $id, $type, $version and its fields; a text is a cell as it is, any other value its JSON text, and
// what is absent an empty cell.
class EntityCsv {
 public:
  explicit EntityCsv(const std::optional<Projection>& projection);
  std::string Header() const;
  // `json`: the entity, as a query gives it.
  Result<std::string> Row(std::string_view json) const;

 private:
  bool whole_;
  std::vector<std::vector<std::string>> paths_;  // of the columns, but for $data
};

// lsn,id,ts,op,target,before,after,actor,metadata; ts in ms, before, after and metadata as JSON text.
std::string EventCsvHeader();
std::string EventCsvRow(const EventView& event);

// Rows of one length; the first is the head.
std::string CsvTable(const std::vector<std::vector<std::string>>& rows);

}  // namespace parquedb
