// What changed between two documents: which fields, and the JSON Patch (RFC 6902) from one to the other. Pure.
#pragma once

#include <string>
#include <vector>

#include "document/value.h"

namespace parquedb {

struct ValueDiff {
  std::vector<std::string> fields;  // dotted paths, in the order of the patch; an array is one field
  Array patch;                      // [{"op","path","value"?}]; applied in order it makes `after` of `before`
};

// Members are compared by name, their order does not count; 1 and 1.0 differ. Equal documents: both empty.
ValueDiff DiffObjects(const Object& before, const Object& after);

}  // namespace parquedb
