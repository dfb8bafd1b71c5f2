#include "exchange/import_record.h"

#include <algorithm>

#include "core/limits.h"
#include "core/time_text.h"
#include "model/names.h"

namespace parquedb {
namespace {

Status TakeTime(const std::string& name, const Value& value, std::optional<int64_t>* ts_ms) {
  if (value.is_string()) *ts_ms = ParseRfc3339({value.get_string().data(), value.get_string().size()});
  return *ts_ms ? Status::Ok() : InvalidData(name + " is no time like 2026-02-01T12:00:00Z");
}

Status TakeActor(const std::string& name, const Value& value, std::optional<std::string>* actor) {
  if (value.is_null()) return Status::Ok();
  if (!value.is_string()) return InvalidData(name + " is not a string");
  actor->emplace(value.get_string().data(), value.get_string().size());
  Status good = CheckActor(**actor);
  return good.ok() ? good : InvalidData(name + ": " + good.message());
}

Status TakeMember(const std::string& name, const std::string& text, ImportRecord* record) {
  ASSIGN_OR_RETURN(Value value, ParseJson(text));
  auto string = [&]() -> Result<std::string> {
    if (!value.is_string()) return InvalidData(name + " is not a string");
    return std::string(value.get_string().data(), value.get_string().size());
  };
  if (name == "$id") {
    ASSIGN_OR_RETURN(record->id, string());
    auto parsed = ParseEntityId(record->id);
    return parsed.ok() ? Status::Ok() : InvalidData("$id: " + parsed.status().message());
  }
  if (name == "$type") {
    ASSIGN_OR_RETURN(record->type, string());
    return Status::Ok();
  }
  if (name == "$version") {
    if (!value.is_int64() || value.get_int64() < 1) return InvalidData("$version is no whole number from 1 on");
    record->version = value.get_int64();
    return Status::Ok();
  }
  if (name == "$createdAt") return TakeTime(name, value, &record->created_at_ms);
  if (name == "$updatedAt") return TakeTime(name, value, &record->updated_at_ms);
  if (name == "$createdBy") return TakeActor(name, value, &record->created_by);
  if (name == "$updatedBy") return TakeActor(name, value, &record->updated_by);
  if (name == "$links") {
    ASSIGN_OR_RETURN(record->links, LinksFromValue(value));
    return Status::Ok();
  }
  return InvalidData("the name " + name + " begins with $: such names are the system's");
}

}  // namespace

Status TakeRecord(NormalizedRecord&& normalized, ImportRecord* record) {
  record->id.clear();
  record->version = record->created_at_ms = record->updated_at_ms = std::nullopt;
  record->created_by = record->updated_by = std::nullopt;
  record->links.clear();
  record->type.clear();
  for (const auto& member : normalized.system) RETURN_IF_ERROR(TakeMember(member.name, member.text, record));
  if (!record->type.empty() && !record->id.empty() && record->type != NamespaceOfId(record->id)) {
    return InvalidData("$type is " + record->type + ", $id is " + record->id);
  }
  std::swap(record->fields, normalized.fields);  // each keeps some memory for the next record
  record->id_text = normalized.has_id_text ? std::move(normalized.id_text) : "";
  // What is stored as one text: the links lie in it, and log frames are bounded for it.
  size_t bytes = record->fields.size() + 2;
  if (!record->links.empty()) bytes += JoinData(record->links, "").size();
  if (bytes > kMaxDocumentBytes) {
    return InvalidData("the document has " + std::to_string(bytes) + " bytes; at most 16 MiB are allowed");
  }
  return Status::Ok();
}

DraftMaker::DraftMaker(RecordStamp stamp) : stamp_(std::move(stamp)) {
  ImportRecord empty;
  plain_head_ = EncodeState(ToEntity(std::move(empty), stamp_.ts_ms, stamp_.actor));
  plain_head_.pop_back();  // the brace
}

ImportDraft DraftMaker::Make(ImportRecord* record, std::string* texts) const {
  ImportDraft draft{.id = record->id, .state = {}, .hash = {}, .line = record->line, .texts = {}};
  bool plain = !record->version && !record->created_at_ms && !record->updated_at_ms && !record->created_by &&
               !record->updated_by && record->links.empty();
  size_t begin = texts->size();
  if (plain) {
    texts->append(plain_head_);
    if (!record->fields.empty()) texts->append(1, ',').append(record->fields);
    texts->push_back('}');
  } else {
    AppendState(texts, ToEntity(std::move(*record), stamp_.ts_ms, stamp_.actor));
  }
  if (!draft.id.empty()) {
    draft.hash = StateDigest::HashOf(IdToTarget(draft.id), std::string_view(*texts).substr(begin));
  }
  return draft;
}

void MoveTo(std::string_view ns, ImportRecord* record) {
  const std::string before = std::string(NamespaceOfId(record->id)) + "/";
  auto move = [&](std::string* id) { id->replace(0, before.size() - 1, ns); };
  for (auto& [predicate, targets] : record->links) {
    for (std::string& target : targets) {
      if (target.starts_with(before)) move(&target);
    }
    std::sort(targets.begin(), targets.end());
    targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
  }
  move(&record->id);
  if (!record->type.empty()) record->type = std::string(ns);
}

void InheritFrom(const Entity& before, ImportRecord* record) {
  if (!record->version) record->version = before.version + 1;
  if (record->created_at_ms) return;
  record->created_at_ms = before.created_at_ms;
  if (!record->created_by) record->created_by = before.created_by;
}

Entity ToEntity(ImportRecord&& record, int64_t ts_ms, const std::string& actor) {
  auto nobody_or = [](const std::string& name) {
    return name.empty() ? std::nullopt : std::optional<std::string>(name);
  };
  Entity entity;
  entity.id = std::move(record.id);
  entity.version = record.version.value_or(1);
  entity.created_at_ms = record.created_at_ms.value_or(ts_ms);
  entity.updated_at_ms = record.updated_at_ms.value_or(ts_ms);
  entity.created_by = record.created_by || record.created_at_ms ? std::move(record.created_by) : nobody_or(actor);
  entity.updated_by = record.updated_by || record.updated_at_ms ? std::move(record.updated_by) : nobody_or(actor);
  entity.data = JoinData(record.links, record.fields);
  return entity;
}

}  // namespace parquedb
