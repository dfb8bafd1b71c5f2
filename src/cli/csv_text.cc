#include "cli/csv_text.h"

#include <algorithm>

#include "document/value.h"
#include "exchange/csv.h"

namespace parquedb {
namespace {

const Value* FindPath(const Value& root, const std::vector<std::string>& path) {
  const Value* at = &root;
  for (const std::string& name : path) {
    at = at->is_object() ? at->get_object().if_contains(name) : nullptr;
    if (at == nullptr) return nullptr;
  }
  return at;
}

void AppendValue(std::string* row, const Value* value) {
  if (value == nullptr) return;
  AppendCsvCell(row, value->is_string() ? std::string(TextOf(value->get_string())) : WriteJson(*value));
}

void AppendOptional(std::string* row, const std::optional<std::string_view>& text) {
  row->push_back(',');
  if (text) AppendCsvCell(row, *text);
}

}  // namespace

EntityCsv::EntityCsv(const std::optional<Projection>& projection) : whole_(!projection) {
  if (whole_) {
    paths_ = {{"$id"}, {"$type"}, {"$version"}, {"$createdAt"}, {"$updatedAt"}, {"$createdBy"}, {"$updatedBy"}};
    return;
  }
  paths_ = {{"$id"}, {"$type"}, {"$version"}};
  for (const auto& path : projection->paths) {
    if (std::find(paths_.begin(), paths_.end(), path) == paths_.end()) paths_.push_back(path);
  }
}

std::string EntityCsv::Header() const {
  std::vector<std::string> names;
  for (const auto& path : paths_) {
    std::string name;
    for (const std::string& part : path) name += (name.empty() ? "" : ".") + part;
    names.push_back(std::move(name));
  }
  if (whole_) names.emplace_back("$data");
  return CsvRow(names);
}

Result<std::string> EntityCsv::Row(std::string_view json) const {
  ASSIGN_OR_RETURN(Value entity, ParseJson(json));
  std::string row;
  for (size_t i = 0; i < paths_.size(); ++i) {
    if (i > 0) row.push_back(',');
    AppendValue(&row, FindPath(entity, paths_[i]));
  }
  if (whole_) {
    Object data;
    for (const auto& member : entity.get_object()) {
      if (!TextOf(member.key()).starts_with('$') || member.key() == "$links")
        data.emplace(member.key(), member.value());
    }
    row.push_back(',');
    AppendCsvCell(&row, WriteJson(data));
  }
  return row.append(kCsvLineEnd);
}

std::string EventCsvHeader() {
  return CsvRow({"lsn", "id", "ts", "op", "target", "before", "after", "actor", "metadata"});
}

std::string EventCsvRow(const EventView& event) {
  std::string row = std::to_string(event.lsn);
  row.append(",").append(event.id).append(",").append(std::to_string(event.ts_ms)).append(",");
  row.append(OpName(event.op)).push_back(',');
  AppendCsvCell(&row, event.target);
  AppendOptional(&row, event.before);
  AppendOptional(&row, event.after);
  AppendOptional(&row, event.actor);
  AppendOptional(&row, event.metadata);
  return row.append(kCsvLineEnd);
}

std::string CsvTable(const std::vector<std::vector<std::string>>& rows) {
  std::string text;
  for (const auto& row : rows) text += CsvRow(row);
  return text;
}

}  // namespace parquedb
