// The $ columns that a table from outside may have. Inside this folder only.
#pragma once

#include <string>
#include <string_view>

#include "parquedb/status.h"

namespace parquedb {

constexpr std::string_view kDataColumn = "$data";

// kInvalidData: no system column has this name, which begins with $.
Status CheckSystemColumn(std::string_view name);
// True for those whose cells are JSON in a table of texts: $version, $links.
bool IsJsonColumn(std::string_view name);
// Appends the members of the object that a $data cell holds to a JSON text that is open behind its brace or a member.
// Whether they are members is seen by the one who parses the whole text: a cell that closes the object early leaves
// something behind it, which no JSON text has. kInvalidData: it is no object.
Status AppendDataMembers(std::string_view data, std::string* json);

}  // namespace parquedb
