#include "exchange/system_column.h"

#include <algorithm>

namespace parquedb {
namespace {

bool IsCellBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

Status CheckSystemColumn(std::string_view name) {
  static constexpr std::string_view kNames[] = {"$id",        "$type",      "$version",  "$createdAt", "$updatedAt",
                                                "$createdBy", "$updatedBy", kDataColumn, "$links"};
  if (std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames)) return Status::Ok();
  return InvalidData("the name " + std::string(name) + " begins with $: such names are the system's");
}

bool IsJsonColumn(std::string_view name) { return name == "$version" || name == "$links"; }

Status AppendDataMembers(std::string_view data, std::string* json) {
  while (!data.empty() && IsCellBlank(data.front())) data.remove_prefix(1);
  while (!data.empty() && IsCellBlank(data.back())) data.remove_suffix(1);
  if (data.empty()) return Status::Ok();
  if (data.size() < 2 || data.front() != '{' || data.back() != '}')
    return InvalidData(std::string(kDataColumn) + " is not a JSON object");
  data = data.substr(1, data.size() - 2);
  if (std::all_of(data.begin(), data.end(), IsCellBlank)) return Status::Ok();
  if (json->size() > 1) json->push_back(',');
  json->append(data);
  return Status::Ok();
}

}  // namespace parquedb
