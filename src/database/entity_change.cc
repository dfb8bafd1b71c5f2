#include "database/entity_change.h"

#include <algorithm>

#include "exchange/import_record.h"
#include "model/names.h"
#include "model/state_text.h"

namespace parquedb {
namespace {

void Touch(Entity* entity, const Stamp& stamp) {
  ++entity->version;
  entity->updated_at_ms = stamp.ts_ms;
  entity->updated_by = stamp.actor.empty() ? std::nullopt : std::optional<std::string>(stamp.actor);
}

// `before` with another data text; nullopt when it is the same.
std::optional<Entity> WithData(const Entity& before, std::string data, const Stamp& stamp) {
  if (data == before.data) return std::nullopt;
  Entity after = before;
  after.data = std::move(data);
  Touch(&after, stamp);
  return after;
}

Result<std::optional<Entity>> WithLinks(const Entity& before, const Links& links, const Stamp& stamp) {
  ASSIGN_OR_RETURN(std::string_view fields, OwnFields(before.data));
  return WithData(before, JoinData(links, fields), stamp);
}

}  // namespace

Result<Entity> MakeEntity(std::string_view id, std::string_view json, const Stamp& stamp) {
  thread_local RecordNormalizer normalizer;
  NormalizedRecord normalized;
  ImportRecord record;
  RETURN_IF_ERROR(normalizer.Normalize(json, &normalized));
  for (const auto& member : normalized.system) {
    if (member.name == "$type" && member.text != "\"" + std::string(NamespaceOfId(id)) + "\"") {
      return InvalidData("$type is " + member.text + "; the namespace is " + std::string(NamespaceOfId(id)));
    }
  }
  RETURN_IF_ERROR(TakeRecord(std::move(normalized), &record));
  if (!record.id.empty() && record.id != id)
    return InvalidData("$id is " + record.id + "; the entity is " + std::string(id));
  record.id = std::string(id);
  return ToEntity(std::move(record), stamp.ts_ms, stamp.actor);
}

Result<std::optional<Entity>> ReplaceFields(const Entity& before, std::string_view json, const Stamp& stamp) {
  ASSIGN_OR_RETURN(Links links, ReadLinks(before.data));
  ASSIGN_OR_RETURN(Value document, ParseJson(json));
  if (!document.is_object()) return InvalidData("a document must be a JSON object");
  ASSIGN_OR_RETURN(std::string fields, FieldsFromValue(document.get_object()));
  return WithData(before, JoinData(links, fields), stamp);
}

Result<std::optional<Entity>> ApplyUpdate(const Entity& before, const Update& update, const Stamp& stamp) {
  ASSIGN_OR_RETURN(Links links, ReadLinks(before.data));
  ASSIGN_OR_RETURN(std::string_view fields, OwnFields(before.data));
  ASSIGN_OR_RETURN(Value own, ParseJson("{" + std::string(fields) + "}"));
  ASSIGN_OR_RETURN(Object after, update.Apply(own.as_object(), stamp.ts_ms));
  ASSIGN_OR_RETURN(std::string after_fields, FieldsFromValue(after));
  return WithData(before, JoinData(links, after_fields), stamp);
}

Result<std::optional<Entity>> AddLink(const Entity& before, std::string_view predicate, std::string_view to,
                                      const Stamp& stamp) {
  RETURN_IF_ERROR(CheckNamePart("predicate", predicate));
  ASSIGN_OR_RETURN(Links links, ReadLinks(before.data));
  std::vector<std::string>& targets = links[std::string(predicate)];
  auto place = std::lower_bound(targets.begin(), targets.end(), to);
  if (place != targets.end() && *place == to) return std::optional<Entity>();
  targets.insert(place, std::string(to));
  return WithLinks(before, links, stamp);
}

Result<std::optional<Entity>> RemoveLink(const Entity& before, std::string_view predicate, std::string_view to,
                                         const Stamp& stamp) {
  ASSIGN_OR_RETURN(Links links, ReadLinks(before.data));
  auto list = links.find(predicate);
  if (list == links.end()) return std::optional<Entity>();
  if (std::erase(list->second, to) == 0) return std::optional<Entity>();
  if (list->second.empty()) links.erase(list);
  return WithLinks(before, links, stamp);
}

}  // namespace parquedb
