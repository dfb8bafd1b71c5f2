// One field's change within an update, and the operators that make one. Inside of query only.
#pragma once

#include <optional>

#include "query/filter.h"
#include "query/update.h"
#include "query/value_order.h"

namespace parquedb {

// The fields while they are changed.
struct Draft {
  Object fields;
  size_t padding = 0;  // nulls that filled arrays up
};

struct UpdateOperator {
  std::string_view name;
  Status (*prepare)(Change* change);  // checks the operand and takes it apart
  Status (*apply)(const Change& change, int64_t now_ms, Draft* draft);
};

// What $push does behind adding.
struct PushOptions {
  std::optional<int64_t> position, slice;
  int direction = 0;  // of the sort; 0: none, unless there are keys
  std::vector<std::pair<Path, int>> keys;
};

struct Change {
  const UpdateOperator* op = nullptr;
  Path path;
  Value operand;
  Array values = {};           // $push, $addToSet: what to add; $pullAll: what to remove, in BSON's order
  PushOptions push = {};       // $push
  std::optional<Filter> pull;  // $pull
  Path target = {};            // $rename
};

// Paths of updates (update_path.cc).

// A path that updates may touch: no system field, no positional operator, no empty part.
Result<Path> UpdatePath(std::string_view text);
// By parts: numbers by value, in front of names.
bool PathLess(const Path& a, const Path& b);
bool IsPathPrefix(const Path& a, const Path& b);

enum class Way {
  kFind,      // null when it is not there
  kFindOpen,  // the same, but a path through a scalar is an error
  kMake,      // made when it is not there; through a scalar: an error
};
Result<Value*> Resolve(Draft* draft, const Path& path, Way way);
void Remove(Draft* draft, const Path& path);

// "$op: field …".
Status WrongField(const Change& change, std::string_view what);

// The operators, by what they work on.
std::span<const UpdateOperator> FieldOperators();   // update_field.cc
std::span<const UpdateOperator> NumberOperators();  // update_number.cc
std::span<const UpdateOperator> ArrayOperators();   // update_array.cc
std::span<const UpdateOperator> PushOperators();    // update_push.cc
Status PrepareNothing(Change* change);

}  // namespace parquedb
