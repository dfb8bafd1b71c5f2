#include <algorithm>
#include <cmath>

#include "query/update_change.h"

namespace parquedb {
namespace {

constexpr size_t kMaxPadding = 1'500'000;  // MongoDB's limit on what is filled up with null; of a whole update here

int ComparePart(const std::string& a, const std::string& b) {
  auto x = AsIndex(a), y = AsIndex(b);
  if (x && y) return *x == *y ? 0 : *x < *y ? -1 : 1;
  if (x || y) return x ? -1 : 1;
  return a.compare(b);
}

Status NotThrough(const Path& path, const std::string& part) {
  return InvalidData("the path " + JoinPath(path) + " goes through '" + part + "', which is no object");
}

// The element of the array that a part names; null when it is not there.
Result<Value*> Element(Draft* draft, Array* array, const Path& path, size_t part, Way way) {
  auto index = AsIndex(path[part]);
  if (!index) {
    if (way == Way::kFind) return static_cast<Value*>(nullptr);
    return InvalidData("the path " + JoinPath(path) + " goes into an array by the name '" + path[part] + "'");
  }
  if (*index < array->size()) return &(*array)[*index];
  if (way != Way::kMake) return static_cast<Value*>(nullptr);
  size_t padding = *index - array->size();
  if (padding > kMaxPadding - draft->padding)
    return InvalidData("the array index " + path[part] + " is too large: " + std::to_string(array->size()) +
                       " elements are there");
  draft->padding += padding;
  while (array->size() <= *index) array->push_back(nullptr);
  if (part + 1 < path.size()) array->back() = Object();
  return &array->back();
}

Value* Member(Object* object, const Path& path, size_t part, Way way) {
  Value* member = object->if_contains(path[part]);
  if (member != nullptr || way != Way::kMake) return member;
  return &object->emplace(path[part], part + 1 < path.size() ? Value(Object()) : Value(nullptr)).first->value();
}

}  // namespace

Result<Path> UpdatePath(std::string_view text) {
  if (text.starts_with('$')) return InvalidData("the field " + std::string(text) + " is the system's");
  if (text.empty()) return Path{""};
  auto path = ParsePathText(text);
  if (!path.ok()) return InvalidData(path.status().message());
  // Each part is a level of the document; deeper ones would end the stack before the document is checked.
  if (path->size() > static_cast<size_t>(kMaxDocumentDepth))
    return InvalidData("a path has " + std::to_string(path->size()) + " parts; at most " +
                       std::to_string(kMaxDocumentDepth) + " are allowed");
  for (const std::string& part : *path) {
    if (part == "$" || part.starts_with("$["))
      return InvalidData("the path " + std::string(text) + ": there is no positional operator " + part,
                         "name the element by its number");
  }
  return path;
}

bool PathLess(const Path& a, const Path& b) {
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (int order = ComparePart(a[i], b[i])) return order < 0;
  }
  return a.size() < b.size();
}

bool IsPathPrefix(const Path& a, const Path& b) {
  return a.size() <= b.size() && std::equal(a.begin(), a.end(), b.begin());
}

Result<Value*> Resolve(Draft* draft, const Path& path, Way way) {
  Object* object = &draft->fields;
  Array* array = nullptr;
  for (size_t i = 0;; ++i) {
    Value* next = nullptr;
    if (object != nullptr) {
      next = Member(object, path, i, way);
    } else {
      ASSIGN_OR_RETURN(next, Element(draft, array, path, i, way));
    }
    if (next == nullptr || i + 1 == path.size()) return next;
    object = next->if_object();
    array = next->if_array();
    if (object != nullptr || array != nullptr) continue;
    if (way == Way::kFind) return static_cast<Value*>(nullptr);
    return NotThrough(path, path[i]);
  }
}

void Remove(Draft* draft, const Path& path) {
  if (path.size() == 1) {
    RemoveMember(&draft->fields, path[0]);
    return;
  }
  auto parent = Resolve(draft, Path(path.begin(), path.end() - 1), Way::kFind);
  if (!parent.ok() || *parent == nullptr) return;
  if ((*parent)->is_object()) RemoveMember(&(*parent)->get_object(), path.back());
  // An element of an array becomes null: the others keep their places.
  if ((*parent)->is_array()) {
    auto index = AsIndex(path.back());
    if (index && *index < (*parent)->get_array().size()) (*parent)->get_array()[*index] = nullptr;
  }
}

}  // namespace parquedb
