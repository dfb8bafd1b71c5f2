#include "query/projection.h"

#include "query/filter.h"
#include "query/value_order.h"

namespace parquedb {
namespace {

Status AddKey(std::string_view name, bool descending, SortSpec* spec) {
  if (name.empty()) return InvalidArgument("a field to sort by has no name");
  if (name.starts_with('$') && !Filter::EntityFields().contains(name))
    return InvalidArgument("there is no field " + std::string(name));
  ASSIGN_OR_RETURN(Path path, ParsePathText(name));
  spec->keys.push_back({std::move(path), descending});
  return Status::Ok();
}

// Copies what the paths name, keeping the order of members.
Value Pick(const Value& value, const std::vector<const Path*>& paths, size_t part) {
  if (value.is_array()) {
    Array picked;
    for (const Value& element : value.get_array()) {
      if (element.is_object() || element.is_array()) picked.push_back(Pick(element, paths, part));
    }
    return picked;
  }
  if (!value.is_object()) return value;
  Object picked;
  for (const auto& member : value.get_object()) {
    std::vector<const Path*> below;
    bool whole = false;
    for (const Path* path : paths) {
      if ((*path)[part] != TextOf(member.key())) continue;
      if (path->size() == part + 1)
        whole = true;
      else
        below.push_back(path);
    }
    if (whole)
      picked.emplace(member.key(), member.value());
    else if (!below.empty() && (member.value().is_object() || member.value().is_array()))
      picked.emplace(member.key(), Pick(member.value(), below, part + 1));
  }
  return picked;
}

}  // namespace

Result<SortSpec> SortSpec::Parse(std::string_view text) {
  SortSpec spec;
  if (text.starts_with('{')) {
    auto value = ParseJson(text);
    if (!value.ok()) return InvalidArgument(value.status().message());
    for (const auto& member : value->get_object()) {
      bool up = member.value().is_int64() && member.value().get_int64() == 1,
           down = member.value().is_int64() && member.value().get_int64() == -1;
      if (!up && !down)
        return InvalidArgument("the direction of " + std::string(TextOf(member.key())) + " must be 1 or -1");
      RETURN_IF_ERROR(AddKey(TextOf(member.key()), down, &spec));
    }
  } else {
    for (size_t begin = 0; begin <= text.size();) {
      size_t end = std::min(text.find(',', begin), text.size());
      std::string_view name = text.substr(begin, end - begin);
      bool descending = name.starts_with('-');
      if (descending) name.remove_prefix(1);
      RETURN_IF_ERROR(AddKey(name, descending, &spec));
      begin = end + 1;
    }
  }
  if (spec.keys.empty()) return InvalidArgument("no field to sort by");
  return spec;
}

Result<Projection> Projection::Parse(std::string_view text) {
  Projection projection;
  projection.paths = {{"$id"}, {"$type"}, {"$version"}};
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find(',', begin), text.size());
    std::string_view name = text.substr(begin, end - begin);
    if (name.empty()) return InvalidArgument("a field has no name");
    if (name.starts_with('$') && !Filter::EntityFields().contains(name.substr(0, name.find('.'))))
      return InvalidArgument("there is no field " + std::string(name));
    ASSIGN_OR_RETURN(Path path, ParsePathText(name));
    projection.paths.push_back(std::move(path));
    begin = end + 1;
  }
  return projection;
}

Value Projection::Apply(const Value& entity) const {
  std::vector<const Path*> wanted;
  for (const Path& path : paths) wanted.push_back(&path);
  return Pick(entity, wanted, 0);
}

}  // namespace parquedb
