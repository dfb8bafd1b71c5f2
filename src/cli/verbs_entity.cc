#include <fmt/format.h>
#include <unistd.h>

#include "cli/verbs.h"
#include "core/limits.h"
#include "core/shell_word.h"
#include "database/query_run.h"
#include "exchange/line_reader.h"
#include "model/layout.h"
#include "model/names.h"
#include "model/state_text.h"
#include "replay/state.h"
#include "restore/restore.h"

namespace parquedb {
namespace {

const std::vector<AnswerFormat> kEntityFormats = {AnswerFormat::kTable, AnswerFormat::kJson, AnswerFormat::kNdjson};

// One entity: its JSON, indented on a terminal.
Status PrintEntity(Session& session, const Call& call, const Entity& entity) {
  ASSIGN_OR_RETURN(AnswerFormat format, session.Format(call, kEntityFormats));
  (void)format;
  std::string text = EncodeEntityJson(entity);
  if (call.Has("--dry-run")) {
    session.Note("a dry run: nothing was changed");
    ASSIGN_OR_RETURN(Value value, EntityToValue(entity));
    if (!value.as_object().contains("dryRun")) text.insert(text.size() - 1, ",\"dryRun\":true");
  }
  if (::isatty(STDOUT_FILENO) && session.output_path.empty()) {
    ASSIGN_OR_RETURN(Value value, EntityToValue(entity));
    text = WritePrettyJson(value);
  }
  return session.Print(text + "\n");
}

// The text of --data; "-" is standard input.
Result<std::string> DataOf(const Call& call) {
  std::string data = call.Get("--data", "{}");
  if (data != "-") return data;
  ASSIGN_OR_RETURN(auto input, OpenInputFile("/dev/stdin"));
  std::string text;
  while (true) {
    ASSIGN_OR_RETURN(size_t got, input->Read(1 << 16, &text));
    if (got == 0) return text;
    if (text.size() > kMaxInputRecordBytes) return InvalidData("--data: standard input has more than 64 MiB");
  }
}

Result<Document> DocumentOf(const Call& call) {
  ASSIGN_OR_RETURN(std::string data, DataOf(call));
  auto document = Document::Parse(data);
  if (!document.ok()) return InvalidData("--data: " + document.status().message());
  return document;
}

Status RunLinking(Session& session, const Call& call, bool link) {
  ASSIGN_OR_RETURN(EntityName from, ParseEntityId(call.args[0]));
  RETURN_IF_ERROR(CheckNamePart("predicate", call.args[1]));
  RETURN_IF_ERROR(ParseEntityId(call.args[2]).status());
  ASSIGN_OR_RETURN(auto db, session.OpenWriter(call, session.Directory(call), false));
  Collection collection = db->collection(std::string(from.ns));
  auto entity = link ? collection.Link(from.local, call.args[1], call.args[2], call.Has("--allow-missing"))
                     : collection.Unlink(from.local, call.args[1], call.args[2]);
  if (!entity.ok()) return entity.status();
  return PrintEntity(session, call, *entity);
}

Status DeleteByFilter(Session& session, const Call& call, AnswerFormat format) {
  const std::string& ns = call.args[0];
  RETURN_IF_ERROR(CheckNamespace(ns));
  QueryRequest request;
  if (call.Get("--filter").empty())
    return InvalidArgument("--filter: an empty text is no JSON", "drop deletes all of a namespace");
  RETURN_IF_ERROR(ParseQuery(call.Get("--filter"), "", "", &request));
  RETURN_IF_ERROR(session.Confirm(call, "delete from " + ns + " what the filter selects"));
  std::string directory = session.Directory(call);
  ASSIGN_OR_RETURN(auto db, session.OpenWriter(call, directory, false));
  ASSIGN_OR_RETURN(DropPlan plan, DeleteWhere(db->state(), ns, *request.filter, call.Has("--dry-run")));
  Object answer{{"deleted", plan.deleted}};
  if (call.Has("--dry-run")) answer.emplace("dryRun", true);
  if (format == AnswerFormat::kTable)
    RETURN_IF_ERROR(session.Print(
        fmt::format("{}deleted {} from {}\n", call.Has("--dry-run") ? "would have " : "", plan.deleted, ns)));
  RETURN_IF_ERROR(AddUndo(session, format, plan.undo, directory, &answer));
  return format == AnswerFormat::kJson ? session.PrintJson(std::move(answer)) : Status::Ok();
}

}  // namespace

Status RunInit(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format, session.Format(call, {AnswerFormat::kTable, AnswerFormat::kJson}));
  std::string directory = call.args.empty() ? session.Directory(call) : call.args[0];
  if (call.Has("--name")) RETURN_IF_ERROR(CheckNamePart("name", call.Get("--name")));
  ASSIGN_OR_RETURN(auto storage, OpenDirectory(directory));
  ASSIGN_OR_RETURN(auto present, storage->Stat(kEventManifestPath));
  if (present) return Conflict(directory + " holds a database already");
  ASSIGN_OR_RETURN(bool taken, HoldsLayoutNames(directory));
  if (taken)
    return NotFound(directory + " has names of a database in it, but no events/manifest.json",
                    "parquedb verify " + directory);
  OpenOptions options{.path = directory,
                      .storage = {},
                      .create_if_missing = true,
                      .name = call.Get("--name", FolderName(directory)),
                      .actor = session.Operator(call),
                      .verb = "verb init"};
  bool dry_run = call.Has("--dry-run");
  if (dry_run) {
    ASSIGN_OR_RETURN(options.storage, OpenForDryRun(directory));
  }
  ASSIGN_OR_RETURN(auto db, ParqueDB::Open(options));
  const EventManifest& manifest = db->state().log().manifest();
  if (format == AnswerFormat::kTable) {
    return session.Print(fmt::format("{} the database {} ({}) in {}\n", dry_run ? "would have made" : "made",
                                     manifest.dataset, manifest.database_id, directory));
  }
  Object answer{{"directory", directory}, {"name", manifest.dataset}, {"databaseId", manifest.database_id}};
  if (dry_run) answer.emplace("dryRun", true);
  return session.PrintJson(std::move(answer));
}

Status RunCreate(Session& session, const Call& call) {
  RETURN_IF_ERROR(session.Format(call, kEntityFormats).status());
  RETURN_IF_ERROR(CheckNamespace(call.args[0]));
  if (call.Has("--id")) RETURN_IF_ERROR(CheckLocalId(call.Get("--id")));
  ASSIGN_OR_RETURN(Document document, DocumentOf(call));
  // A document that can't be taken must not leave an empty database behind.
  if (!call.Has("--id")) {
    auto made = MakeEntity(call.args[0] + "/new", document.json(), {});
    if (!made.ok() && made.status().message().find("$id is") != 0) return made.status();
  } else {
    RETURN_IF_ERROR(MakeEntity(call.args[0] + "/" + call.Get("--id"), document.json(), {}).status());
  }
  ASSIGN_OR_RETURN(auto db, session.OpenWriter(call, session.Directory(call), true));
  ASSIGN_OR_RETURN(Entity entity, db->collection(call.args[0]).Create(document, {.id = call.Get("--id")}));
  return PrintEntity(session, call, entity);
}

Status RunGet(Session& session, const Call& call) {
  RETURN_IF_ERROR(session.Format(call, kEntityFormats).status());
  ASSIGN_OR_RETURN(EntityName name, ParseEntityId(call.args[0]));
  ASSIGN_OR_RETURN(Source source, session.OpenSource(session.Directory(call), {.namespaces = {std::string(name.ns)}}));
  Cut cut{.lsn = source.view.head, .ts_ms = source.view.taken_ms, .id = {}};
  if (call.Has("--at")) {
    ASSIGN_OR_RETURN(cut, session.ResolveAt(call, source));
  }
  ASSIGN_OR_RETURN(auto entity, FindEntity(*source.storage, source.view, call.args[0], cut.lsn));
  if (!entity) RETURN_IF_ERROR(session.CheckNamespaceKnown(source, std::string(name.ns)));
  if (!entity)
    return NotFound("there is no entity " + call.args[0] + (call.Has("--at") ? " at that instant" : ""),
                    "parquedb events --entity " + call.args[0]);
  return PrintEntity(session, call, *entity);
}

Status RunUpdate(Session& session, const Call& call) {
  RETURN_IF_ERROR(session.Format(call, kEntityFormats).status());
  ASSIGN_OR_RETURN(EntityName name, ParseEntityId(call.args[0]));
  if (!call.Has("--data")) return InvalidArgument("--data is missing: what to change?", "parquedb help update");
  ASSIGN_OR_RETURN(Document update, DocumentOf(call));
  UpdateOptions options;
  if (call.Has("--if-version")) {
    ASSIGN_OR_RETURN(options.if_version, call.Number("--if-version", 0));
  }
  ASSIGN_OR_RETURN(auto db, session.OpenWriter(call, session.Directory(call), false));
  ASSIGN_OR_RETURN(Entity entity, db->collection(std::string(name.ns)).Update(name.local, update, options));
  return PrintEntity(session, call, entity);
}

Status RunDelete(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format, session.Format(call, {AnswerFormat::kTable, AnswerFormat::kJson}));
  if (call.Has("--filter")) return DeleteByFilter(session, call, format);
  if (call.args[0].find('/') == std::string::npos) {
    return InvalidArgument("delete takes NS/ID, or NS with --filter",
                           "parquedb drop " + call.args[0] + " --confirm empties a namespace");
  }
  ASSIGN_OR_RETURN(EntityName name, ParseEntityId(call.args[0]));
  std::string directory = session.Directory(call);
  ASSIGN_OR_RETURN(auto db, session.OpenWriter(call, directory, false));
  std::string undo = fmt::format("restore --entity {} --at {}", ShellWord(call.args[0]), db->state().UndoPoint());
  RETURN_IF_ERROR(db->collection(std::string(name.ns)).Delete(name.local));
  Object answer{{"deleted", 1}};
  if (call.Has("--dry-run")) answer.emplace("dryRun", true);
  if (format == AnswerFormat::kTable)
    RETURN_IF_ERROR(session.Print((call.Has("--dry-run") ? "would have deleted " : "deleted ") + call.args[0] + "\n"));
  RETURN_IF_ERROR(AddUndo(session, format, undo, directory, &answer));
  return format == AnswerFormat::kJson ? session.PrintJson(std::move(answer)) : Status::Ok();
}

Status RunLink(Session& session, const Call& call) { return RunLinking(session, call, true); }
Status RunUnlink(Session& session, const Call& call) { return RunLinking(session, call, false); }

}  // namespace parquedb
