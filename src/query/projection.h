// Which fields of a result, and in which order results come; pure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "document/value.h"
#include "parquedb/status.h"

namespace parquedb {

// {"a":1,"b.c":-1}, or the short form "a,-b.c". kInvalidArgument.
struct SortSpec {
  struct Key {
    std::vector<std::string> path;
    bool descending = false;
  };
  std::vector<Key> keys;
  static Result<SortSpec> Parse(std::string_view text);
  // < 0, 0, > 0. An array sorts by its smallest (ascending) or largest element, missing as null: as MongoDB does.
  int Compare(const Value& a, const Value& b) const;
  // The bytes of two documents' keys compare as the documents do.
  std::string KeyOf(const Value& document) const;
  std::set<std::string, std::less<>> TopFields() const;  // that it looks at
};

// "a,b.c": these fields of an entity; $id, $type, $version are kept.
struct Projection {
  std::vector<std::vector<std::string>> paths;
  static Result<Projection> Parse(std::string_view text);
  Value Apply(const Value& entity) const;
};

}  // namespace parquedb
