// MongoDB-style updates; pure.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "document/value.h"
#include "parquedb/status.h"

namespace parquedb {

struct Change;

class Update {
 public:
  // The operators of docs/query.md, or plain fields, which replace whole top-level fields. kInvalidData: unknown
  // operator (named), a path that names a system field, two paths that conflict, a wrong operand, operators mixed with
  // plain fields.
  static Result<Update> Compile(const Value& update);
  // The own fields after the update; `now_ms` is what $currentDate writes. Changes are made in the order of their
  // paths, numbers by value, as MongoDB makes them. kInvalidData: a field whose type the operator can't work on, a
  // number that overflows, a path through a scalar.
  Result<Object> Apply(const Object& before, int64_t now_ms) const;

 private:
  Object plain_;                                        // top-level fields to replace
  std::shared_ptr<const std::vector<Change>> changes_;  // shared: an Update is a value; null when fields are plain
};

}  // namespace parquedb
