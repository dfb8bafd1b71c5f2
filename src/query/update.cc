#include "query/update.h"

#include <charconv>
#include <limits>

#include "query/filter.h"
#include "query/value_order.h"

namespace parquedb {
namespace {

constexpr size_t kMaxArrayIndex = 1'500'000;  // MongoDB's limit on what $set may fill up with null

bool IsOperator(std::string_view name) {
  return name == "$set" || name == "$unset" || name == "$inc" || name == "$push";
}

// A path that updates may touch: no system field, no empty part.
Result<Path> UpdatePath(std::string_view text) {
  if (text.starts_with('$')) return InvalidData("the field " + std::string(text) + " is the system's");
  if (text.empty()) return Path{""};
  auto path = ParsePathText(text);
  if (!path.ok()) return InvalidData(path.status().message());
  return path;
}

bool IsPrefix(const Path& a, const Path& b) {
  return a.size() <= b.size() && std::equal(a.begin(), a.end(), b.begin());
}

// The place that a path names; made on the way if `create`. Null when it is not there.
Result<Value*> Resolve(Object* root, const Path& path, bool create) {
  Object* object = root;
  Array* array = nullptr;
  for (size_t i = 0; i < path.size(); ++i) {
    Value* next = nullptr;
    if (object != nullptr) {
      next = object->if_contains(path[i]);
      if (next == nullptr && !create) return static_cast<Value*>(nullptr);
      if (next == nullptr)
        next = &object->emplace(path[i], i + 1 < path.size() ? Value(Object()) : Value(nullptr)).first->value();
    } else {
      auto index = AsIndex(path[i]);
      if (!index) {
        if (!create) return static_cast<Value*>(nullptr);
        return InvalidData("the path " + JoinPath(path) + " goes into an array by the name '" + path[i] + "'");
      }
      if (*index >= array->size()) {
        if (!create) return static_cast<Value*>(nullptr);
        if (*index > kMaxArrayIndex) return InvalidData("the array index " + path[i] + " is too large");
        while (array->size() <= *index) array->push_back(nullptr);
        if (i + 1 < path.size()) array->back() = Object();
      }
      next = &(*array)[*index];
    }
    if (i + 1 == path.size()) return next;
    object = next->if_object();
    array = next->if_array();
    if (object == nullptr && array == nullptr) {
      if (!create) return static_cast<Value*>(nullptr);
      return InvalidData("the path " + JoinPath(path) + " goes through '" + path[i] + "', which is no object");
    }
  }
  return InvalidData("an empty path");
}

Result<Value> AddNumbers(const Value& a, const Value& b, std::string_view field) {
  if (!a.is_number()) return InvalidData("$inc: " + std::string(field) + " is no number");
  if (a.is_double() || b.is_double()) {
    double sum = a.to_number<double>() + b.to_number<double>();
    if (sum > std::numeric_limits<double>::max() || sum < std::numeric_limits<double>::lowest())
      return InvalidData("$inc: " + std::string(field) + " overflows");
    return Value(sum);
  }
  auto wide = [](const Value& v) {
    return v.is_int64() ? static_cast<__int128>(v.get_int64()) : static_cast<__int128>(v.get_uint64());
  };
  __int128 sum = wide(a) + wide(b);
  if (sum < INT64_MIN || sum > static_cast<__int128>(UINT64_MAX))
    return InvalidData("$inc: " + std::string(field) + " overflows");
  if (sum <= INT64_MAX) return Value(static_cast<int64_t>(sum));
  return Value(static_cast<uint64_t>(sum));
}

Status ApplySet(Object* document, const Path& path, const Value& operand) {
  ASSIGN_OR_RETURN(Value * place, Resolve(document, path, true));
  *place = operand;
  return Status::Ok();
}

Status ApplyUnset(Object* document, const Path& path) {
  if (path.size() == 1) {
    RemoveMember(document, path[0]);
    return Status::Ok();
  }
  Path parent_path(path.begin(), path.end() - 1);
  ASSIGN_OR_RETURN(Value * parent, Resolve(document, parent_path, false));
  if (parent == nullptr) return Status::Ok();
  if (parent->is_object()) RemoveMember(&parent->get_object(), path.back());
  // An element of an array becomes null: the others keep their places.
  if (parent->is_array()) {
    auto index = AsIndex(path.back());
    if (index && *index < parent->get_array().size()) parent->get_array()[*index] = nullptr;
  }
  return Status::Ok();
}

Status ApplyInc(Object* document, const Path& path, const Value& operand) {
  if (!operand.is_number()) return InvalidData("$inc needs a number");
  ASSIGN_OR_RETURN(Value * present, Resolve(document, path, false));
  if (present == nullptr) return ApplySet(document, path, operand);
  ASSIGN_OR_RETURN(*present, AddNumbers(*present, operand, JoinPath(path)));
  return Status::Ok();
}

Status ApplyPush(Object* document, const Path& path, const Value& operand) {
  ASSIGN_OR_RETURN(Value * present, Resolve(document, path, false));
  if (present == nullptr) return ApplySet(document, path, Array{operand});
  if (!present->is_array()) return InvalidData("$push: " + JoinPath(path) + " is no array");
  present->get_array().push_back(operand);
  return Status::Ok();
}

Status CheckPushOperand(const Value& operand) {
  if (!operand.is_object()) return Status::Ok();
  for (const auto& member : operand.get_object()) {
    std::string_view name = TextOf(member.key());
    if (name == "$each" || name == "$slice" || name == "$sort" || name == "$position")
      return InvalidData("$push: unknown modifier " + std::string(name));
  }
  return Status::Ok();
}

}  // namespace

Result<Update> Update::Compile(const Value& update) {
  if (!update.is_object()) return InvalidData("an update must be a JSON object");
  const Object& object = update.get_object();
  Update compiled;
  size_t operators = 0;
  for (const auto& member : object) operators += TextOf(member.key()).starts_with('$');
  if (operators == 0) {
    // Plain fields replace whole top-level fields, whatever characters their names have.
    for (const auto& member : object) compiled.plain_.emplace(member.key(), member.value());
    return compiled;
  }
  if (operators < object.size()) return InvalidData("update operators and plain fields stand side by side");
  std::vector<Path> paths;
  for (const auto& member : object) {
    std::string_view name = TextOf(member.key());
    if (!IsOperator(name))
      return InvalidData("unknown update operator " + std::string(name),
                         "operators are $set $unset $inc $push, or plain fields");
    if (!member.value().is_object()) return InvalidData(std::string(name) + " needs an object of fields");
    for (const auto& field : member.value().get_object()) {
      ASSIGN_OR_RETURN(Path path, UpdatePath(TextOf(field.key())));
      for (const Path& other : paths) {
        if (IsPrefix(other, path) || IsPrefix(path, other))
          return InvalidData("the update touches " + JoinPath(path) + " and " + JoinPath(other) +
                             ": which comes first is not told");
      }
      paths.push_back(std::move(path));
      if (name == "$push") RETURN_IF_ERROR(CheckPushOperand(field.value()));
    }
  }
  compiled.operators_ = object;
  return compiled;
}

Result<Object> Update::Apply(const Object& before) const {
  Object after = before;
  for (const auto& field : plain_) after[field.key()] = field.value();
  for (const auto& member : operators_) {
    std::string_view name = TextOf(member.key());
    for (const auto& field : member.value().get_object()) {
      ASSIGN_OR_RETURN(Path path, UpdatePath(TextOf(field.key())));
      if (name == "$set") RETURN_IF_ERROR(ApplySet(&after, path, field.value()));
      if (name == "$unset") RETURN_IF_ERROR(ApplyUnset(&after, path));
      if (name == "$inc") RETURN_IF_ERROR(ApplyInc(&after, path, field.value()));
      if (name == "$push") RETURN_IF_ERROR(ApplyPush(&after, path, field.value()));
    }
  }
  return after;
}

}  // namespace parquedb
