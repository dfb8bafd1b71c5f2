#include "model/names.h"

#include <algorithm>

#include "core/limits.h"
#include "document/value.h"

namespace parquedb {
namespace {

bool IsAlpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

// For messages: short, and nothing in it disturbs a terminal.
std::string Quoted(std::string_view name) {
  std::string text;
  AppendJsonString(&text, name.substr(0, 80));
  return text;
}

bool IsNamePart(std::string_view part) {
  if (part.empty() || part.size() > 64 || (!IsAlpha(part[0]) && !IsDigit(part[0]))) return false;
  return std::all_of(part.begin(), part.end(),
                     [](char c) { return IsAlpha(c) || IsDigit(c) || c == '.' || c == '_' || c == '-'; });
}

}  // namespace

Status CheckNamespace(std::string_view ns) {
  bool good =
      !ns.empty() && ns.size() <= kMaxNamespaceBytes && (IsAlpha(ns[0]) || ns[0] == '_') &&
      std::all_of(ns.begin(), ns.end(), [](char c) { return IsAlpha(c) || IsDigit(c) || c == '_' || c == '-'; });
  if (good) return Status::Ok();
  return InvalidArgument("bad namespace " + Quoted(ns) +
                         ": it must begin with a letter or '_' and have at most 64 letters, digits, '_' or '-'");
}

Status CheckLocalId(std::string_view id) {
  if (id.empty()) return InvalidArgument("an id must not be empty");
  if (id.size() > kMaxIdBytes) {
    return InvalidArgument("the id " + Quoted(id) + "… has " + std::to_string(id.size()) +
                           " bytes; at most 512 are allowed");
  }
  if (HasControl(id)) return InvalidArgument("the id " + Quoted(id) + " has a control character");
  if (!IsValidUtf8(id)) return InvalidArgument("an id is not valid UTF-8");
  return Status::Ok();
}

Status CheckActor(std::string_view actor) {
  if (!actor.empty() && actor.size() <= kMaxActorBytes && !HasControl(actor) && IsValidUtf8(actor)) return Status::Ok();
  return InvalidArgument("bad actor " + Quoted(actor) + ": 1 to 256 bytes without control characters");
}

Status CheckNamePart(std::string_view kind, std::string_view name) {
  if (IsNamePart(name)) return Status::Ok();
  return InvalidArgument("bad " + std::string(kind) + " " + Quoted(name) +
                         ": it must begin with a letter or digit and have at most 64 letters, digits, '.', '_' or '-'");
}

Status CheckSlug(std::string_view slug) {
  Status bad = InvalidArgument("bad slug " + Quoted(slug) +
                               ": 1 to 8 parts of letters, digits, '.', '_' or '-', with '/' between; none of objects, "
                               "events, data, rels, indexes");
  int parts = 0;
  for (size_t begin = 0; begin <= slug.size();) {
    size_t end = std::min(slug.find('/', begin), slug.size());
    std::string_view part = slug.substr(begin, end - begin);
    if (!IsNamePart(part) || ++parts > 8) return bad;
    for (std::string_view word : {"objects", "events", "data", "rels", "indexes"}) {
      if (part == word) return bad;
    }
    begin = end + 1;
  }
  return Status::Ok();
}

Result<EntityName> ParseEntityId(std::string_view id) {
  size_t slash = id.find('/');
  if (slash == std::string_view::npos)
    return InvalidArgument("bad entity id " + Quoted(id) + ": it is written NS/ID", "for example posts/hello");
  EntityName name{id.substr(0, slash), id.substr(slash + 1)};
  RETURN_IF_ERROR(CheckNamespace(name.ns));
  RETURN_IF_ERROR(CheckLocalId(name.local));
  return name;
}

Result<EntityName> ParseTarget(std::string_view target) {
  size_t colon = target.find(':');
  if (colon == std::string_view::npos) return InvalidArgument("bad target " + Quoted(target) + ": it is written NS:ID");
  EntityName name{target.substr(0, colon), target.substr(colon + 1)};
  RETURN_IF_ERROR(CheckNamespace(name.ns));
  RETURN_IF_ERROR(CheckLocalId(name.local));
  return name;
}

std::string TargetToId(std::string_view target) {
  std::string id(target);
  if (size_t colon = id.find(':'); colon != std::string::npos) id[colon] = '/';
  return id;
}

std::string IdToTarget(std::string_view id) {
  std::string target(id);
  if (size_t slash = target.find('/'); slash != std::string::npos) target[slash] = ':';
  return target;
}

std::string_view NamespaceOfId(std::string_view id) { return id.substr(0, id.find('/')); }
std::string_view NamespaceOfTarget(std::string_view target) { return target.substr(0, target.find(':')); }

}  // namespace parquedb
