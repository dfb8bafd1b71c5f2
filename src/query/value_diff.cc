#include "query/value_diff.h"

namespace parquedb {
namespace {

// RFC 6901: '~' is "~0", '/' is "~1".
std::string PointerPart(std::string_view name) {
  std::string part = "/";
  for (char c : name) {
    if (c == '~')
      part += "~0";
    else if (c == '/')
      part += "~1";
    else
      part += c;
  }
  return part;
}

struct Place {
  std::string field, pointer;
  Place Member(std::string_view name) const {
    return {field.empty() ? std::string(name) : field + "." + std::string(name), pointer + PointerPart(name)};
  }
};

void Note(const Place& place, const char* op, const Value* value, ValueDiff* diff) {
  diff->fields.push_back(place.field);
  Object step{{"op", op}, {"path", place.pointer}};
  if (value != nullptr) step.emplace("value", *value);
  diff->patch.push_back(std::move(step));
}

void Compare(const Place& place, const Object& before, const Object& after, ValueDiff* diff) {
  for (const auto& member : before) {
    Place at = place.Member(TextOf(member.key()));
    const Value* now = after.if_contains(member.key());
    if (now == nullptr) {
      Note(at, "remove", nullptr, diff);
    } else if (member.value().is_object() && now->is_object()) {
      Compare(at, member.value().get_object(), now->get_object(), diff);
    } else if (WriteJson(member.value()) != WriteJson(*now)) {
      Note(at, "replace", now, diff);
    }
  }
  for (const auto& member : after) {
    if (before.if_contains(member.key()) == nullptr)
      Note(place.Member(TextOf(member.key())), "add", &member.value(), diff);
  }
}

}  // namespace

ValueDiff DiffObjects(const Object& before, const Object& after) {
  ValueDiff diff;
  Compare({}, before, after, &diff);
  return diff;
}

}  // namespace parquedb
