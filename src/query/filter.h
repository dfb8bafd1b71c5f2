// MongoDB-style filters: compiled once, matched against many values; pure.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "document/value.h"
#include "parquedb/status.h"

namespace parquedb {

class Filter {
 public:
  // The operators of docs/query.md, dotted paths, arrays matched as MongoDB matches them (an array matches when it
  // equals, or when an element does; numeric path parts index arrays). An unknown operator, a wrong operand, a regular
  // expression that RE2 has not, or a top-level $ name that is neither an operator nor a system field:
  // kInvalidArgument, naming it. `system_fields`: the top-level $ names that are fields ($id, $version, …); events have
  // none.
  static Result<Filter> Compile(const Value& filter, const std::set<std::string, std::less<>>& system_fields);
  // The condition of $pull on one element of an array: operators, fields of an element that is an object, or a value.
  static Result<Filter> CompileElement(const Value& condition);
  static const std::set<std::string, std::less<>>& EntityFields();  // $id $type $version $createdAt … $links

  bool Matches(const Value& document) const;
  bool matches_all() const;  // {}: nothing needs to be parsed

  // The names of the top-level fields that it looks at: of a document it needs to see no others.
  std::set<std::string, std::less<>> TopFields() const;

  struct Node;
  const Node& root() const { return *root_; }

 private:
  std::shared_ptr<const Node> root_;  // shared: a Filter is a value, and threads match with copies
};

// BSON's order: null < numbers < strings < objects < arrays < booleans; numbers by value, exactly (integer beside
// double too); strings by bytes. A total order: NaN cannot occur.
int CompareValues(const Value& a, const Value& b);

}  // namespace parquedb
