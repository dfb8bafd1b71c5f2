// Operators that put a value in a place, whatever is there.
#include "core/time_text.h"
#include "query/update_change.h"

namespace parquedb {
namespace {

Status Put(const Change& change, const Value& value, Draft* draft) {
  ASSIGN_OR_RETURN(Value * place, Resolve(draft, change.path, Way::kMake));
  *place = value;
  return Status::Ok();
}

Status Set(const Change& change, int64_t, Draft* draft) { return Put(change, change.operand, draft); }

Status Unset(const Change& change, int64_t, Draft* draft) {
  Remove(draft, change.path);
  return Status::Ok();
}

// An update finds its entity; there is nothing to insert.
Status SetOnInsert(const Change&, int64_t, Draft*) { return Status::Ok(); }

Status PrepareCurrentDate(Change* change) {
  const Value& operand = change->operand;
  if (operand.is_bool() && operand.get_bool()) return Status::Ok();
  if (operand.is_object() && operand.get_object().size() == 1) {
    const Value* type = operand.get_object().if_contains("$type");
    if (type != nullptr && type->is_string() && (type->get_string() == "date" || type->get_string() == "timestamp"))
      return Status::Ok();
  }
  return WrongField(*change, R"(needs true, {"$type":"date"} or {"$type":"timestamp"})");
}

Status CurrentDate(const Change& change, int64_t now_ms, Draft* draft) {
  return Put(change, Value(FormatTime(now_ms)), draft);
}

// Which is asked of both paths of a rename before anything moves.
bool GoesThroughArray(const Object& document, const Path& path) {
  const Object* object = &document;
  for (const std::string& part : path) {
    const Value* next = object->if_contains(part);
    if (next == nullptr || &part == &path.back()) return false;
    if (next->is_array()) return true;
    object = next->if_object();
    if (object == nullptr) return false;
  }
  return false;
}

Status PrepareRename(Change* change) {
  if (!change->operand.is_string()) return WrongField(*change, "needs the new name, a string");
  auto target = UpdatePath(TextOf(change->operand.get_string()));
  if (!target.ok()) return WrongField(*change, target.status().message());
  change->target = std::move(*target);
  return Status::Ok();
}

Status Rename(const Change& change, int64_t, Draft* draft) {
  if (GoesThroughArray(draft->fields, change.path)) return WrongField(change, "is inside of an array");
  ASSIGN_OR_RETURN(Value * source, Resolve(draft, change.path, Way::kFind));
  if (source == nullptr) return Status::Ok();
  if (GoesThroughArray(draft->fields, change.target))
    return WrongField(change, "cannot go into an array: " + JoinPath(change.target));
  Value value = *source;
  Remove(draft, change.path);
  Remove(draft, change.target);  // the new name comes last, as after $unset and $set
  ASSIGN_OR_RETURN(Value * place, Resolve(draft, change.target, Way::kMake));
  *place = std::move(value);
  return Status::Ok();
}

}  // namespace

Status PrepareNothing(Change*) { return Status::Ok(); }

std::span<const UpdateOperator> FieldOperators() {
  static constexpr UpdateOperator kOperators[] = {{"$set", PrepareNothing, Set},
                                                  {"$unset", PrepareNothing, Unset},
                                                  {"$rename", PrepareRename, Rename},
                                                  {"$currentDate", PrepareCurrentDate, CurrentDate},
                                                  {"$setOnInsert", PrepareNothing, SetOnInsert}};
  return kOperators;
}

}  // namespace parquedb
