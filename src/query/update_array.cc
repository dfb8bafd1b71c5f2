// Operators that take elements out of arrays, and $addToSet.
#include <algorithm>
#include <set>

#include "query/update_change.h"

namespace parquedb {
namespace {

bool Less(const Value& a, const Value& b) { return CompareValues(a, b) < 0; }

struct PointeeLess {
  bool operator()(const Value* a, const Value* b) const { return Less(*a, *b); }
};

// The array to take from; null when the field is not there.
Result<Array*> PresentArray(const Change& change, Draft* draft) {
  ASSIGN_OR_RETURN(Value * present, Resolve(draft, change.path, Way::kFindOpen));
  if (present == nullptr) return static_cast<Array*>(nullptr);
  if (!present->is_array()) return WrongField(change, "is no array");
  return &present->get_array();
}

template <typename Condition>
Status RemoveIf(const Change& change, Draft* draft, const Condition& condition) {
  ASSIGN_OR_RETURN(Array * array, PresentArray(change, draft));
  if (array == nullptr) return Status::Ok();
  array->erase(std::remove_if(array->begin(), array->end(), condition), array->end());
  return Status::Ok();
}

Status PreparePull(Change* change) {
  auto condition = Filter::CompileElement(change->operand);
  if (!condition.ok()) {
    Status wrong = WrongField(*change, condition.status().message());
    return InvalidData(wrong.message(), condition.status().hint());
  }
  change->pull = std::move(*condition);
  return Status::Ok();
}

Status Pull(const Change& change, int64_t, Draft* draft) {
  return RemoveIf(change, draft, [&](const Value& element) { return change.pull->Matches(element); });
}

Status PreparePullAll(Change* change) {
  if (!change->operand.is_array()) return WrongField(*change, "needs an array of values");
  change->values = change->operand.get_array();
  std::sort(change->values.begin(), change->values.end(), Less);
  return Status::Ok();
}

Status PullAll(const Change& change, int64_t, Draft* draft) {
  return RemoveIf(change, draft, [&](const Value& element) {
    return std::binary_search(change.values.begin(), change.values.end(), element, Less);
  });
}

Status PreparePop(Change* change) {
  auto end = WholeNumber(change->operand);
  if (!end || (*end != 1 && *end != -1)) return WrongField(*change, "needs 1 (the last) or -1 (the first)");
  change->operand = *end;
  return Status::Ok();
}

Status Pop(const Change& change, int64_t, Draft* draft) {
  ASSIGN_OR_RETURN(Array * array, PresentArray(change, draft));
  if (array == nullptr || array->empty()) return Status::Ok();
  array->erase(change.operand.get_int64() > 0 ? array->end() - 1 : array->begin());
  return Status::Ok();
}

Status PrepareAddToSet(Change* change) {
  const Object* modifiers = change->operand.if_object();
  const Value* each = modifiers != nullptr ? modifiers->if_contains("$each") : nullptr;
  if (each == nullptr) {
    change->values.push_back(change->operand);
    return Status::Ok();
  }
  if (!each->is_array()) return WrongField(*change, "$each needs an array");
  for (const auto& member : *modifiers) {
    if (TextOf(member.key()) != "$each")
      return WrongField(*change, "nothing but $each is known here: " + std::string(TextOf(member.key())));
  }
  change->values = each->get_array();
  return Status::Ok();
}

Status AddToSet(const Change& change, int64_t, Draft* draft) {
  ASSIGN_OR_RETURN(Value * place, Resolve(draft, change.path, Way::kFind));
  if (place == nullptr) {
    ASSIGN_OR_RETURN(place, Resolve(draft, change.path, Way::kMake));
    *place = Array();
  }
  if (!place->is_array()) return WrongField(change, "is no array");
  Array& array = place->get_array();
  std::set<const Value*, PointeeLess> present;
  for (const Value& element : array) present.insert(&element);
  Array fresh;
  for (const Value& value : change.values) {
    if (present.insert(&value).second) fresh.push_back(value);
  }
  for (Value& value : fresh) array.push_back(std::move(value));
  return Status::Ok();
}

}  // namespace

std::span<const UpdateOperator> ArrayOperators() {
  static constexpr UpdateOperator kOperators[] = {{"$pull", PreparePull, Pull},
                                                  {"$pullAll", PreparePullAll, PullAll},
                                                  {"$pop", PreparePop, Pop},
                                                  {"$addToSet", PrepareAddToSet, AddToSet}};
  return kOperators;
}

}  // namespace parquedb
