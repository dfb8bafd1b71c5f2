#include "model/state_text.h"

#include <algorithm>
#include <charconv>

#include "core/limits.h"
#include "core/time_text.h"
#include "model/names.h"

namespace parquedb {
namespace {

void AppendActor(std::string* out, std::string_view name, const std::optional<std::string>& actor) {
  if (!actor) return;
  out->append(",\"").append(name).append("\":");
  AppendJsonString(out, *actor);
}

// The system members and the data, from $version on, without the opening brace.
void AppendBody(std::string* out, const Entity& entity) {
  out->append("\"$version\":").append(std::to_string(entity.version));
  out->append(",\"$createdAt\":\"").append(FormatTime(entity.created_at_ms)).push_back('"');
  AppendActor(out, "$createdBy", entity.created_by);
  out->append(",\"$updatedAt\":\"").append(FormatTime(entity.updated_at_ms)).push_back('"');
  AppendActor(out, "$updatedBy", entity.updated_by);
  if (entity.data.size() > 2)
    out->append(",").append(entity.data, 1);
  else
    out->push_back('}');
}

bool TakeText(std::string_view* text, std::string_view wanted) {
  if (!text->starts_with(wanted)) return false;
  text->remove_prefix(wanted.size());
  return true;
}

// A time in quotes, as FormatTime writes it: 24 characters.
bool TakeTime(std::string_view* text, int64_t* ts_ms) {
  if (text->size() < 26 || (*text)[0] != '"' || (*text)[25] != '"') return false;
  auto parsed = ParseRfc3339(text->substr(1, 24));
  if (!parsed) return false;
  *ts_ms = *parsed;
  text->remove_prefix(26);
  return true;
}

// A JSON string in stored form; plain ones without a parser.
bool TakeString(std::string_view* text, std::string* out) {
  if (text->empty() || text->front() != '"') return false;
  size_t end = 1;
  bool escaped = false;
  while (end < text->size() && (*text)[end] != '"') {
    if ((*text)[end] == '\\') {
      escaped = true;
      ++end;
    }
    ++end;
  }
  if (end >= text->size()) return false;
  if (escaped) {
    auto value = ParseJson(text->substr(0, end + 1));
    if (!value.ok() || !value->is_string()) return false;
    out->assign(value->get_string().data(), value->get_string().size());
  } else {
    out->assign(text->substr(1, end - 1));
  }
  text->remove_prefix(end + 1);
  return true;
}

bool TakeActor(std::string_view* text, std::string_view member, std::optional<std::string>* actor) {
  actor->reset();
  if (!TakeText(text, member)) return true;
  actor->emplace();
  return TakeString(text, &**actor);
}

// Length of the JSON value at the front of stored text; 0 when it does not end.
size_t ValueLength(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
      if (!in_string && depth == 0) return i + 1;
      continue;
    }
    if (c == '"')
      in_string = true;
    else if (c == '{' || c == '[')
      ++depth;
    else if (c == '}' || c == ']')
      --depth;
    if (!in_string && depth == 0 && (c == '}' || c == ']')) return i + 1;
  }
  return 0;
}

constexpr std::string_view kLinksHead = "{\"$links\":";

bool DecodeBody(std::string_view text, Entity* out) {
  if (!TakeText(&text, "{\"$version\":")) return false;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out->version);
  if (error != std::errc() || out->version < 1) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  if (!TakeText(&text, ",\"$createdAt\":") || !TakeTime(&text, &out->created_at_ms)) return false;
  if (!TakeActor(&text, ",\"$createdBy\":", &out->created_by)) return false;
  if (!TakeText(&text, ",\"$updatedAt\":") || !TakeTime(&text, &out->updated_at_ms)) return false;
  if (!TakeActor(&text, ",\"$updatedBy\":", &out->updated_by)) return false;
  if (text.empty() || text.back() != '}') return false;
  out->data.clear();
  if (text.size() == 1) {
    out->data = "{}";
    return true;
  }
  if (text.front() != ',') return false;
  out->data.reserve(text.size());
  out->data.push_back('{');
  out->data.append(text.substr(1));
  return true;
}

Status CheckOwnNames(const Object& document) {
  for (const auto& member : document) {
    std::string_view name(member.key().data(), member.key().size());
    if (name.starts_with('$'))
      return InvalidData("the name " + std::string(name) + " begins with $: such names are the system's");
  }
  return Status::Ok();
}

}  // namespace

void AppendState(std::string* out, const Entity& entity) {
  out->push_back('{');
  AppendBody(out, entity);
}

std::string EncodeState(const Entity& entity) {
  std::string out;
  out.reserve(entity.data.size() + 160);
  AppendState(&out, entity);
  return out;
}

Status DecodeState(std::string_view id, std::string_view state, Entity* out) {
  out->id.assign(id);
  if (DecodeBody(state, out)) return Status::Ok();
  return Corruption("the state of " + std::string(id) + " is not of the form that the log writes");
}

void AppendEntityJson(std::string* out, const Entity& entity) {
  out->append("{\"$id\":");
  AppendJsonString(out, entity.id);
  out->append(",\"$type\":\"").append(NamespaceOfId(entity.id)).append("\",");
  AppendBody(out, entity);
}

std::string EncodeEntityJson(const Entity& entity) {
  std::string out;
  out.reserve(entity.data.size() + 240);
  AppendEntityJson(&out, entity);
  return out;
}

std::string_view LinksText(std::string_view data) {
  if (!data.starts_with(kLinksHead)) return {};
  std::string_view rest = data.substr(kLinksHead.size());
  return rest.substr(0, ValueLength(rest));
}

Result<Links> ReadLinks(std::string_view data) {
  if (!data.starts_with(kLinksHead)) return Links();
  ASSIGN_OR_RETURN(Value value, ParseJson(LinksText(data)));
  return LinksFromValue(value);
}

Result<Links> LinksFromValue(const Value& value) {
  if (!value.is_object()) return InvalidData("$links is not an object");
  Links links;
  for (const auto& member : value.get_object()) {
    std::string predicate(member.key().data(), member.key().size());
    Status good = CheckNamePart("predicate", predicate);
    if (!good.ok()) return InvalidData(good.message());
    if (!member.value().is_array()) return InvalidData("$links." + predicate + " is not an array");
    std::vector<std::string> targets;
    for (const Value& target : member.value().get_array()) {
      if (!target.is_string()) return InvalidData("$links." + predicate + " holds something that is no entity id");
      targets.emplace_back(target.get_string().data(), target.get_string().size());
      auto name = ParseEntityId(targets.back());
      if (!name.ok()) return InvalidData("$links." + predicate + ": " + name.status().message());
    }
    std::sort(targets.begin(), targets.end());
    targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
    if (!targets.empty()) links.emplace(std::move(predicate), std::move(targets));
  }
  return links;
}

std::string JoinData(const Links& links, std::string_view fields) {
  if (links.empty()) {
    std::string data = "{";
    data.append(fields).push_back('}');
    return data;
  }
  std::string data(kLinksHead);
  char separator = '{';
  for (const auto& [predicate, targets] : links) {
    data.push_back(separator);
    separator = ',';
    AppendJsonString(&data, predicate);
    data.append(":[");
    for (size_t i = 0; i < targets.size(); ++i) {
      if (i > 0) data.push_back(',');
      AppendJsonString(&data, targets[i]);
    }
    data.push_back(']');
  }
  data.push_back('}');
  if (!fields.empty()) data.append(",").append(fields);
  data.push_back('}');
  return data;
}

Result<std::string_view> OwnFields(std::string_view data) {
  if (data.size() < 2) return Corruption("a data text is too short");
  if (!data.starts_with(kLinksHead)) return data.substr(1, data.size() - 2);
  std::string_view rest = data.substr(kLinksHead.size());
  size_t length = ValueLength(rest);
  if (length == 0 || length >= rest.size()) return Corruption("the links of a data text do not end");
  rest.remove_prefix(length);
  if (rest.front() == ',') rest.remove_prefix(1);
  rest.remove_suffix(1);
  return rest;
}

Result<Value> EntityToValue(const Entity& entity) {
  // The system members and $links come on top of the document's 100 levels by one.
  auto value = ParseJson(EncodeEntityJson(entity));
  if (!value.ok()) return Corruption("the document of " + entity.id + " can't be read: " + value.status().message());
  return value;
}

Result<std::string> FieldsFromValue(const Object& document) {
  RETURN_IF_ERROR(CheckOwnNames(document));
  std::string text;
  AppendJson(&text, Value(document));
  if (text.size() > kMaxDocumentBytes) {
    return InvalidData("the document has " + std::to_string(text.size()) + " bytes; at most 16 MiB are allowed");
  }
  auto again = ParseJson(text);  // counts the levels
  if (!again.ok()) return again.status();
  return text.substr(1, text.size() - 2);
}

}  // namespace parquedb
