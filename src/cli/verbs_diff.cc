#include <fmt/format.h>

#include "cli/subject.h"
#include "cli/verbs.h"
#include "core/time_text.h"
#include "document/value.h"
#include "model/names.h"
#include "query/value_diff.h"
#include "replay/diff.h"

namespace parquedb {
namespace {

struct DiffCounts {
  int64_t added = 0, removed = 0, changed = 0;
};

Result<Object> DocumentOf(const std::optional<Entity>& entity) {
  if (!entity) return Object();
  ASSIGN_OR_RETURN(Value value, ParseJson(entity->data));
  return value.is_object() ? value.get_object() : Object();
}

// nullopt: nothing but the system's own fields differs.
Result<std::optional<Object>> ItemOf(const Difference& difference, DiffCounts* counts) {
  ASSIGN_OR_RETURN(Object before, DocumentOf(difference.before));
  ASSIGN_OR_RETURN(Object after, DocumentOf(difference.after));
  ValueDiff diff = DiffObjects(before, after);
  const char* change = "changed";
  if (!difference.before) {
    change = "added";
    diff.patch = {Object{{"op", "add"}, {"path", ""}, {"value", after}}};
  } else if (!difference.after) {
    change = "removed";
    diff.patch = {Object{{"op", "remove"}, {"path", ""}}};
  }
  if (!difference.before && !difference.after) return std::optional<Object>();  // it came and went between
  if (difference.before && difference.after && diff.fields.empty()) return std::optional<Object>();
  ++(!difference.before ? counts->added : !difference.after ? counts->removed : counts->changed);
  return std::optional<Object>({{"$id", difference.id},
                                {"change", change},
                                {"fields", Array(diff.fields.begin(), diff.fields.end())},
                                {"actors", Array(difference.actors.begin(), difference.actors.end())},
                                {"patch", std::move(diff.patch)}});
}

std::string Joined(const Value& texts) {
  std::string joined;
  for (const Value& text : texts.get_array())
    joined += (joined.empty() ? "" : ", ") + std::string(TextOf(text.get_string()));
  return joined;
}

Status PrintItem(Session& session, AnswerFormat format, const Object& item, bool first) {
  if (format == AnswerFormat::kJson) return session.Print((first ? "\n" : ",\n") + WriteJson(item));
  if (format == AnswerFormat::kNdjson) return session.Print(WriteJson(item) + "\n");
  return session.Print(fmt::format("{:<8} {:<28} {}  (by {})\n", TextOf(item.at("change").get_string()),
                                   TextOf(item.at("$id").get_string()), Joined(item.at("fields")),
                                   Joined(item.at("actors"))));
}

}  // namespace

Status CheckOrder(const Cut& from, std::string_view from_option, const Cut& to, std::string_view to_option) {
  if (from.lsn <= to.lsn && from.ts_ms <= to.ts_ms) return Status::Ok();
  return InvalidArgument(
      fmt::format("{} ({}) is after {} ({})", from_option, FormatTime(from.ts_ms), to_option, FormatTime(to.ts_ms)),
      "change them round");
}

Status RunDiff(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format,
                   session.Format(call, {AnswerFormat::kTable, AnswerFormat::kJson, AnswerFormat::kNdjson}));
  for (const char* option : {"--from", "--to"}) {
    if (!call.Has(option))
      return InvalidArgument(std::string(option) + " is missing: which instant?",
                             "parquedb diff --from yesterday --to latest");
  }
  ASSIGN_OR_RETURN(Source source, OpenSubjectSource(session, call, session.Directory(call), {}));
  ASSIGN_OR_RETURN(Cut from, session.ResolveAt(call, source, "--from"));
  ASSIGN_OR_RETURN(Cut to, session.ResolveAt(call, source, "--to"));
  RETURN_IF_ERROR(CheckOrder(from, "--from", to, "--to"));
  DiffRequest request{.from_lsn = from.lsn, .to_lsn = to.lsn, .ns = call.Get("--namespace")};
  if (call.Has("--namespace")) RETURN_IF_ERROR(session.CheckNamespaceKnown(source, request.ns));
  ASSIGN_OR_RETURN(auto cursor, OpenDiff(*source.storage, source.view, request));
  if (format == AnswerFormat::kJson) {
    RETURN_IF_ERROR(session.Print(fmt::format(R"({{"schema":"parquedb.diff/1","from":"{}","to":"{}","items":[)",
                                              FormatTime(from.ts_ms), FormatTime(to.ts_ms))));
  }
  DiffCounts counts;
  bool first = true;
  Difference difference;
  while (true) {
    ASSIGN_OR_RETURN(bool more, cursor->Next(&difference));
    if (!more) break;
    ASSIGN_OR_RETURN(auto item, ItemOf(difference, &counts));
    if (!item) continue;
    RETURN_IF_ERROR(PrintItem(session, format, *item, first));
    first = false;
  }
  if (format == AnswerFormat::kJson)
    return session.Print(
        fmt::format("],\"added\":{},\"removed\":{},\"changed\":{}}}\n", counts.added, counts.removed, counts.changed));
  if (format != AnswerFormat::kTable) return Status::Ok();
  return session.Print(
      fmt::format("({} added, {} removed, {} changed)\n", counts.added, counts.removed, counts.changed));
}

}  // namespace parquedb
