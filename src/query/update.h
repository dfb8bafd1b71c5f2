// MongoDB-style updates: $set $unset $inc $push, or plain fields (= $set); pure.
#pragma once

#include "document/value.h"
#include "parquedb/status.h"

namespace parquedb {

class Update {
 public:
  // kInvalidData: unknown operator (named), a path that names a system field, two paths that conflict, a wrong operand,
  // operators mixed with plain fields.
  static Result<Update> Compile(const Value& update);
  // The own fields after the update. kInvalidData: $inc of a non-number or an overflow, $push to a non-array, a path
  // through a scalar.
  Result<Object> Apply(const Object& before) const;

 private:
  Object operators_;  // operator -> {path: operand}
  Object plain_;      // top-level fields to replace
};

}  // namespace parquedb
