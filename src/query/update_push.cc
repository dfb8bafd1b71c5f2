// $push: add, then sort, then cut; whatever the order of its modifiers.
#include <algorithm>

#include "query/update_change.h"

namespace parquedb {
namespace {

Status PrepareSort(Change* change, const Value& sort) {
  auto direction = [](const Value& value) -> int {
    auto number = WholeNumber(value);
    return number && (*number == 1 || *number == -1) ? static_cast<int>(*number) : 0;
  };
  if (sort.is_object() && !sort.get_object().empty()) {
    for (const auto& member : sort.get_object()) {
      std::string_view name = TextOf(member.key());
      auto path = ParsePathText(name);
      if (!path.ok() || name.empty() || name.starts_with('$'))
        return WrongField(*change, "$sort: '" + std::string(name) + "' is no field");
      if (direction(member.value()) == 0)
        return WrongField(*change, "$sort: the direction of " + std::string(name) + " must be 1 or -1");
      change->push.keys.emplace_back(std::move(*path), direction(member.value()));
    }
    return Status::Ok();
  }
  change->push.direction = direction(sort);
  if (change->push.direction == 0) return WrongField(*change, "$sort needs 1, -1 or an object of fields");
  return Status::Ok();
}

Status PrepareModifier(Change* change, std::string_view name, const Value& value) {
  if (name == "$sort") return PrepareSort(change, value);
  if (name == "$each") {
    if (!value.is_array()) return WrongField(*change, "$each needs an array");
    change->values = value.get_array();
    return Status::Ok();
  }
  if (name != "$slice" && name != "$position") return WrongField(*change, "there is no modifier " + std::string(name));
  auto number = WholeNumber(value);
  if (!number) return WrongField(*change, std::string(name) + " needs a whole number");
  (name == "$slice" ? change->push.slice : change->push.position) = *number;
  return Status::Ok();
}

Status PreparePush(Change* change) {
  const Object* modifiers = change->operand.if_object();
  if (modifiers == nullptr || !modifiers->contains("$each")) {
    for (std::string_view name : {"$slice", "$sort", "$position"}) {
      if (modifiers != nullptr && modifiers->contains(name))
        return WrongField(*change, std::string(name) + " needs $each beside it");
    }
    change->values.push_back(change->operand);
    return Status::Ok();
  }
  for (const auto& member : *modifiers) RETURN_IF_ERROR(PrepareModifier(change, TextOf(member.key()), member.value()));
  return Status::Ok();
}

// What a path of $sort finds in an element; null where nothing is.
const Value& At(const Value& element, const Path& path) {
  static const Value kMissing = nullptr;
  const Value* at = &element;
  for (const std::string& part : path) {
    auto index = AsIndex(part);
    if (at->is_object()) {
      at = at->get_object().if_contains(part);
    } else if (at->is_array() && index && *index < at->get_array().size()) {
      at = &at->get_array()[*index];
    } else {
      at = nullptr;
    }
    if (at == nullptr) return kMissing;
  }
  return *at;
}

void Sort(const PushOptions& options, Array* array) {
  auto less = [&](const Value& a, const Value& b) {
    if (options.keys.empty()) return CompareValues(a, b) * options.direction < 0;
    for (const auto& [path, direction] : options.keys) {
      if (int order = CompareValues(At(a, path), At(b, path)) * direction) return order < 0;
    }
    return false;
  };
  if (!options.keys.empty() || options.direction != 0) std::stable_sort(array->begin(), array->end(), less);
}

// From the front, or when negative from the end; never outside.
size_t PlaceOf(int64_t position, size_t size) {
  auto length = static_cast<int64_t>(size);
  if (position < 0) return static_cast<size_t>(length + std::max(position, -length));
  return static_cast<size_t>(std::min(position, length));
}

void Slice(int64_t slice, Array* array) {
  size_t place = PlaceOf(slice, array->size());
  if (slice >= 0)
    array->erase(array->begin() + place, array->end());
  else
    array->erase(array->begin(), array->begin() + place);
}

Status Push(const Change& change, int64_t, Draft* draft) {
  ASSIGN_OR_RETURN(Value * place, Resolve(draft, change.path, Way::kFind));
  if (place == nullptr) {
    ASSIGN_OR_RETURN(place, Resolve(draft, change.path, Way::kMake));
    *place = Array();
  }
  if (!place->is_array()) return WrongField(change, "is no array");
  Array& array = place->get_array();
  size_t at = change.push.position ? PlaceOf(*change.push.position, array.size()) : array.size();
  array.insert(array.begin() + at, change.values.begin(), change.values.end());
  Sort(change.push, &array);
  if (change.push.slice) Slice(*change.push.slice, &array);
  return Status::Ok();
}

}  // namespace

std::span<const UpdateOperator> PushOperators() {
  static constexpr UpdateOperator kOperators[] = {{"$push", PreparePush, Push}};
  return kOperators;
}

}  // namespace parquedb
