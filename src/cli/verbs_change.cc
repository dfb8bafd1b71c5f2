#include <fmt/format.h>

#include "cli/verbs.h"
#include "core/time_text.h"
#include "database/import.h"
#include "maintenance/checkpoint.h"
#include "model/names.h"
#include "restore/restore.h"

namespace parquedb {
namespace {

const std::vector<AnswerFormat> kPlainFormats = {AnswerFormat::kTable, AnswerFormat::kJson};

// What the file is, by --input-format, else by its name: a kind, and behind it .gz or .zst.
Status ReadInputFormat(const Call& call, ImportSource* source) {
  std::string spelling = call.Get("--input-format");
  if (source->file == "-" && spelling.empty())
    return InvalidArgument("the kind of standard input is not known", "add --input-format ndjson");
  source->compression = CompressionOf(spelling);
  if (source->compression == Compression::kNone) source->compression = CompressionOf(source->file);
  std::string_view kind = WithoutCompression(spelling);
  if (spelling.empty()) {
    kind = WithoutCompression(source->file);
    size_t dot = kind.rfind('.');
    kind = dot == std::string::npos ? "" : kind.substr(dot + 1);
  }
  if (kind == "ndjson" || kind == "jsonl")
    source->format = InputFormat::kNdjson;
  else if (kind == "json")
    source->format = InputFormat::kJson;
  else if (kind == "csv")
    source->format = InputFormat::kCsv;
  else if (kind == "parquet")
    source->format = InputFormat::kParquet;
  else
    return InvalidArgument(spelling.empty() ? "the kind of " + source->file + " is not known"
                                            : "--input-format: '" + spelling + "' is not known",
                           "names end with .ndjson, .json, .csv or .parquet, and perhaps .gz or .zst; or say "
                           "--input-format ndjson|json|csv|parquet");
  if (source->infer && source->format != InputFormat::kCsv)
    return InvalidArgument("--infer is for CSV: other formats have types of their own");
  return Status::Ok();
}

ConflictRule ConflictRuleOf(const Call& call) {
  std::string rule = call.Get("--on-conflict");
  if (rule == "replace") return ConflictRule::kReplace;
  if (rule == "skip") return ConflictRule::kSkip;
  return ConflictRule::kError;
}

Status CheckImport(const Call& call) {
  if (call.Has("--events") == call.Has("--file"))
    return InvalidArgument("import takes --file F or --events F", "parquedb help import");
  for (const char* option : {"--namespace", "--into"}) {
    if (call.Has(option)) RETURN_IF_ERROR(CheckNamespace(call.Get(option)));
  }
  if (!call.Has("--events")) return Status::Ok();
  for (const char* option : {"--namespace", "--into", "--id-field", "--input-format", "--on-conflict", "--infer"}) {
    if (call.Has(option))
      return InvalidArgument(std::string(option) + " goes with --file, not with --events", "parquedb help import");
  }
  return Status::Ok();
}

// The input is opened before the database: a missing or damaged file must not leave an empty database behind.
Result<ImportResult> ImportFile(Session& session, const Call& call, const std::string& directory) {
  ImportSource source{.file = call.Get("--file"),
                      .ns = call.Get("--namespace"),
                      .id_field = call.Get("--id-field"),
                      .into = call.Get("--into"),
                      .infer = call.Has("--infer")};
  source.progress = session.StartProgress(call);
  RETURN_IF_ERROR(ReadInputFormat(call, &source));
  ASSIGN_OR_RETURN(auto reader, OpenRecords(source));
  ASSIGN_OR_RETURN(auto db, session.OpenWriter(call, directory, true));
  return ImportRecords(db->state(), std::move(reader),
                       {.on_conflict = ConflictRuleOf(call), .dry_run = call.Has("--dry-run")});
}

Result<ImportResult> ImportHistory(Session& session, const Call& call, const std::string& directory) {
  ASSIGN_OR_RETURN(auto reader, EventReader::Open(call.Get("--events"), session.StartProgress(call)));
  ASSIGN_OR_RETURN(auto db, session.OpenWriter(call, directory, true));
  return ImportEvents(db->state(), std::move(reader), call.Has("--dry-run"));
}

std::string ImportText(const ImportResult& result, bool history) {
  if (history) return fmt::format("imported {} events\n", result.events);
  std::string text = fmt::format("created {}", result.created);
  if (result.updated > 0) text += fmt::format(", updated {}", result.updated);
  if (result.skipped > 0) text += fmt::format(", skipped {}", result.skipped);
  return text + "\n";
}

}  // namespace

Status RunImport(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format, session.Format(call, kPlainFormats));
  RETURN_IF_ERROR(CheckImport(call));
  std::string directory = session.Directory(call);
  bool dry_run = call.Has("--dry-run"), history = call.Has("--events");
  ASSIGN_OR_RETURN(ImportResult result,
                   history ? ImportHistory(session, call, directory) : ImportFile(session, call, directory));
  Object answer{{"created", result.created}, {"updated", result.updated}, {"skipped", result.skipped}};
  if (history) answer.emplace("events", result.events);
  if (dry_run) answer.emplace("dryRun", true);
  if (result.of_other_namespaces > 0)
    session.Note(fmt::format("skipped {} of other namespaces", result.of_other_namespaces));
  if (format == AnswerFormat::kTable)
    RETURN_IF_ERROR(session.Print((dry_run ? "would have " : "") + ImportText(result, history)));
  RETURN_IF_ERROR(AddUndo(session, format, result.undo, directory, &answer));
  return format == AnswerFormat::kJson ? session.PrintJson(std::move(answer)) : Status::Ok();
}

Status RunDrop(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format, session.Format(call, kPlainFormats));
  const std::string& ns = call.args[0];
  RETURN_IF_ERROR(CheckNamespace(ns));
  RETURN_IF_ERROR(session.Confirm(call, "drop the namespace " + ns));
  std::string directory = session.Directory(call);
  ASSIGN_OR_RETURN(auto db, session.OpenWriter(call, directory, false));
  auto plan = call.Has("--dry-run") ? PlanDrop(db->state(), ns) : DropNamespace(db->state(), ns);
  if (!plan.ok()) return plan.status();
  Object answer{{"deleted", plan->deleted}};
  if (call.Has("--dry-run")) answer.emplace("dryRun", true);
  if (format == AnswerFormat::kTable)
    RETURN_IF_ERROR(session.Print(
        fmt::format("{}deleted {} from {}\n", call.Has("--dry-run") ? "would have " : "", plan->deleted, ns)));
  RETURN_IF_ERROR(AddUndo(session, format, plan->undo, directory, &answer));
  return format == AnswerFormat::kJson ? session.PrintJson(std::move(answer)) : Status::Ok();
}

Status RunFlush(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format, session.Format(call, kPlainFormats));
  ASSIGN_OR_RETURN(auto db, session.OpenWriter(call, session.Directory(call), false));
  int64_t events = static_cast<int64_t>(db->state().log().tail().size());
  bool dry_run = call.Has("--dry-run");
  RETURN_IF_ERROR(db->Flush());  // in a dry run, in memory
  if (format == AnswerFormat::kTable)
    return session.Print(fmt::format("{}flushed {} events\n", dry_run ? "would have " : "", events));
  Object answer{{"events", events}, {"segments", static_cast<int64_t>(db->state().log().manifest().segments.size())}};
  if (dry_run) answer.emplace("dryRun", true);
  return session.PrintJson(std::move(answer));
}

Status RunCheckpoint(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format, session.Format(call, kPlainFormats));
  session.StartProgress(call);
  ASSIGN_OR_RETURN(auto db, session.OpenWriter(call, session.Directory(call), false));
  int64_t behind = db->state().log().head() - db->state().log().manifest().checkpoint;
  bool dry_run = call.Has("--dry-run");
  if (!dry_run) RETURN_IF_ERROR(db->Checkpoint());
  int64_t checkpoint = dry_run ? db->state().log().head() : db->state().log().manifest().checkpoint;
  if (format == AnswerFormat::kTable)
    return session.Print(fmt::format("{}checkpointed {} events, through lsn {}\n", dry_run ? "would have " : "", behind,
                                     db->state().log().head()));
  Object answer{{"events", behind}, {"checkpoint", checkpoint}};
  if (dry_run) answer.emplace("dryRun", true);
  return session.PrintJson(std::move(answer));
}

}  // namespace parquedb
