#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "cli/csv_text.h"
#include "cli/explain.h"
#include "cli/subject.h"
#include "cli/verbs.h"
#include "core/time_text.h"
#include "database/query_run.h"
#include "exchange/export_writer.h"
#include "model/names.h"
#include "model/state_text.h"
#include "replay/state.h"

namespace parquedb {
namespace {

constexpr int64_t kMostThreads = 1024;
constexpr size_t kIdWidth = 28;  // of the table's first column at least; longer ids push the rest to the right

Result<QueryRequest> RequestOf(const Call& call) {
  QueryRequest request;
  request.ns = call.args[0];
  RETURN_IF_ERROR(CheckNamespace(request.ns));
  RETURN_IF_ERROR(ParseQuery(call.Get("--filter"), call.Get("--sort"), call.Get("--fields"), &request));
  if (call.Has("--filter") && call.Get("--filter").empty())
    return InvalidArgument("--filter: an empty text is no JSON");
  ASSIGN_OR_RETURN(request.skip, call.Number("--skip", 0));
  ASSIGN_OR_RETURN(int64_t threads, call.Number("--threads", 0));
  if (call.Has("--threads") && threads == 0) return InvalidArgument("--threads: a query needs one at least");
  request.threads = static_cast<int>(std::min<int64_t>(threads, kMostThreads));
  if (call.Has("--limit")) {
    ASSIGN_OR_RETURN(request.limit, call.Number("--limit", 0));
  }
  if (call.Has("--id")) {
    request.id = call.Get("--id");
    if (request.id.find('/') == std::string::npos) request.id = request.ns + "/" + request.id;
    ASSIGN_OR_RETURN(EntityName name, ParseEntityId(request.id));
    if (name.ns != request.ns) return InvalidArgument("--id " + request.id + " is not of the namespace " + request.ns);
  }
  return request;
}

// Without --at the head; its event's id would be read from the log, and nobody asks for it.
Result<Cut> CutOf(Session& session, const Call& call, const Source& source) {
  if (call.Has("--at")) return session.ResolveAt(call, source);
  return Cut{.lsn = source.view.head, .ts_ms = source.view.taken_ms, .id = {}};
}

std::string TableHead(size_t width) { return fmt::format("{:<{}} {:>4}  {}\n", "$id", width, "ver", "document"); }

// One line of the table: id, version, and the document's own fields. The first one decides on the first column's width,
// and prints the head: the rows are not kept, and ids of one namespace are mostly of one length.
Status PrintRow(Session& session, std::string_view json, size_t* width) {
  ASSIGN_OR_RETURN(Value value, ParseJson(json));
  Object own;
  std::string id, version;
  for (const auto& member : value.get_object()) {
    std::string_view name(member.key().data(), member.key().size());
    if (name == "$id") id.assign(member.value().get_string().data(), member.value().get_string().size());
    if (name == "$version") version = WriteJson(member.value());
    if (!name.starts_with('$')) own.emplace(member.key(), member.value());
  }
  if (*width == 0) {
    *width = std::max(kIdWidth, id.size());
    RETURN_IF_ERROR(session.Print(TableHead(*width)));
  }
  return session.Print(fmt::format("{:<{}} {:>4}  {}\n", id, *width, version, WriteJson(own)));
}

Status PrintCount(Session& session, AnswerFormat format, const Cut& cut, const Source& source,
                  const QueryRequest& request) {
  HitPlan plan;
  ASSIGN_OR_RETURN(int64_t count, CountQuery(*source.storage, source.view, request, &plan));
  Object answer{{"at", FormatTime(cut.ts_ms)}, {"count", count}, {"items", Array()}};
  if (auto explain = Explain(session, source.view, request.id.empty() ? &plan : nullptr, request.filter.has_value()))
    answer.emplace("explain", std::move(*explain));
  if (format == AnswerFormat::kJson) return session.PrintJson(std::move(answer));
  if (format == AnswerFormat::kNdjson) return session.Print(fmt::format("{{\"count\":{}}}\n", count));
  if (format == AnswerFormat::kCsv) return session.Print(CsvTable({{"count"}, {std::to_string(count)}}));
  return session.Print(fmt::format("{}\n", count));
}

Status PrintItems(Session& session, AnswerFormat format, const Cut& cut, const Source& source,
                  const QueryRequest& request) {
  int64_t count = 0;
  EntityCsv csv(request.projection);
  if (format == AnswerFormat::kCsv) {
    RETURN_IF_ERROR(session.Print(csv.Header()));
  } else if (format == AnswerFormat::kJson) {
    RETURN_IF_ERROR(session.Print(
        fmt::format("{{\"schema\":\"parquedb.query/1\",\"at\":\"{}\",\"items\":[", FormatTime(cut.ts_ms))));
  }
  size_t width = 0;  // of the table's first column; 0 before its head is printed
  auto print = [&](std::string_view json) -> Status {
    ++count;
    if (format == AnswerFormat::kTable) return PrintRow(session, json, &width);
    if (format == AnswerFormat::kCsv) {
      ASSIGN_OR_RETURN(std::string row, csv.Row(json));
      return session.Print(row);
    }
    if (format == AnswerFormat::kJson) RETURN_IF_ERROR(session.Print(count > 1 ? ",\n" : "\n"));
    RETURN_IF_ERROR(session.Print(json));
    return format == AnswerFormat::kNdjson ? session.Print("\n") : Status::Ok();
  };
  HitPlan plan;
  RETURN_IF_ERROR(RunQuery(*source.storage, source.view, request, print, &plan));
  auto explain = Explain(session, source.view, request.id.empty() ? &plan : nullptr, request.filter.has_value());
  if (format == AnswerFormat::kJson) {
    return session.Print(
        fmt::format("],\"count\":{}{}}}\n", count, explain ? ",\"explain\":" + WriteJson(*explain) : ""));
  }
  if (format == AnswerFormat::kTable)
    return session.Print(
        fmt::format("{}({} {})\n", count == 0 ? TableHead(kIdWidth) : "", count, count == 1 ? "entity" : "entities"));
  return Status::Ok();
}

struct ExportTarget {
  ExportFormat format = ExportFormat::kNdjson;
  bool to_file = false;
};

// By the extension of --output, else by --format.
Result<ExportTarget> TargetOf(Session& session, const Call& call) {
  static const std::pair<std::string_view, ExportFormat> kEnds[] = {{".ndjson", ExportFormat::kNdjson},
                                                                    {".json", ExportFormat::kJson},
                                                                    {".csv", ExportFormat::kCsv},
                                                                    {".parquet", ExportFormat::kParquet}};
  ExportTarget target;
  target.to_file = !session.output_path.empty();
  for (auto [end, format] : kEnds) {
    target.format = format;
    if (WithoutCompression(session.output_path).ends_with(end)) return target;
  }
  if (target.to_file && !call.Has("--format")) {
    return InvalidArgument("--output: the kind of " + session.output_path + " is not known",
                           "names end with .parquet, .ndjson, .json or .csv, and perhaps .gz or .zst; or add --format");
  }
  ASSIGN_OR_RETURN(AnswerFormat format, session.Format(call, {AnswerFormat::kNdjson, AnswerFormat::kJson,
                                                              AnswerFormat::kCsv, AnswerFormat::kParquet}));
  target.format = format == AnswerFormat::kJson      ? ExportFormat::kJson
                  : format == AnswerFormat::kCsv     ? ExportFormat::kCsv
                  : format == AnswerFormat::kParquet ? ExportFormat::kParquet
                                                     : ExportFormat::kNdjson;
  return target;
}

// CSV and Parquet name their columns first, so the fields are counted in a pass of their own.
Status CountForExport(const Source& source, const StateRequest& state, Progress* progress, ParquetExport* counted) {
  Entity entity;
  Expect(progress, EstimateEntities(source.view, state.namespaces));  // a pass more
  ASSIGN_OR_RETURN(auto cursor, OpenState(*source.storage, source.view, state));
  while (true) {
    ASSIGN_OR_RETURN(bool more, cursor->Next(&entity));
    if (!more) return Status::Ok();
    Advance(progress, 1, static_cast<int64_t>(entity.data.size()));
    RETURN_IF_ERROR(CountFields(entity.data, &counted->counts));
    ++counted->rows;
  }
}

Result<std::unique_ptr<ExportWriter>> OpenExport(Session& session, const Source& source, const StateRequest& state,
                                                 ExportFormat format, Progress* progress) {
  auto print = [&session](std::string_view bytes) { return session.Print(bytes); };
  if (format == ExportFormat::kNdjson || format == ExportFormat::kJson) return ExportJsonLines(format, print);
  ParquetExport counted{.database_id = source.view.manifest.database_id, .through = state.cut, .counts = {}, .rows = 0};
  RETURN_IF_ERROR(CountForExport(source, state, progress, &counted));
  if (format == ExportFormat::kCsv) return ExportCsv(counted.counts, counted.rows, print);
  ASSIGN_OR_RETURN(PendingFile * file, session.OpenOutput());
  return ExportParquet(*file, counted);
}

Status WriteExport(Session& session, const Source& source, const StateRequest& state, ExportFormat format,
                   Progress* progress, int64_t* rows) {
  ASSIGN_OR_RETURN(auto writer, OpenExport(session, source, state, format, progress));
  ASSIGN_OR_RETURN(auto cursor, OpenState(*source.storage, source.view, state));
  Entity entity;
  while (true) {
    ASSIGN_OR_RETURN(bool more, cursor->Next(&entity));
    if (!more) return writer->Finish();
    RETURN_IF_ERROR(writer->Append(entity));
    Advance(progress, 1, static_cast<int64_t>(entity.data.size()));
    ++*rows;
  }
}

}  // namespace

Status RunQuery(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format, session.Format(call, {AnswerFormat::kTable, AnswerFormat::kJson,
                                                              AnswerFormat::kNdjson, AnswerFormat::kCsv}));
  ASSIGN_OR_RETURN(QueryRequest request, RequestOf(call));
  Source source;
  if (call.Has("--from")) {
    std::optional<std::string> at;
    if (call.Has("--at")) at = call.Get("--at");
    ASSIGN_OR_RETURN(source, OpenBackupSource(session, call, call.Get("--from"), at));
  } else {
    ASSIGN_OR_RETURN(source, session.OpenSource(session.Directory(call), {.namespaces = {request.ns}}));
  }
  ASSIGN_OR_RETURN(Cut cut, CutOf(session, call, source));
  request.cut = cut.lsn;
  RETURN_IF_ERROR(session.CheckNamespaceKnown(source, request.ns));
  if (!call.Has("--count")) return PrintItems(session, format, cut, source, request);
  return PrintCount(session, format, cut, source, request);
}

Status RunExport(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(ExportTarget target, TargetOf(session, call));
  StateRequest state;
  if (call.Has("--namespace")) {
    state.namespaces = {call.Get("--namespace")};
    RETURN_IF_ERROR(CheckNamespace(state.namespaces[0]));
  }
  ASSIGN_OR_RETURN(Source source, session.OpenSource(session.Directory(call), {.pin_all = true}));
  ASSIGN_OR_RETURN(Cut cut, CutOf(session, call, source));
  state.cut = cut.lsn;
  if (!state.namespaces.empty()) RETURN_IF_ERROR(session.CheckNamespaceKnown(source, state.namespaces[0]));
  int64_t rows = 0;
  if (target.to_file) RETURN_IF_ERROR(session.OpenOutput().status());  // without an entity it is a file, too
  // A bar between the lines of an answer on the same terminal would help nobody.
  Progress* progress = target.to_file || !::isatty(STDOUT_FILENO) ? session.StartProgress(call) : nullptr;
  Expect(progress, EstimateEntities(source.view, state.namespaces));
  RETURN_IF_ERROR(WriteExport(session, source, state, target.format, progress, &rows));
  Object answer{{"file", session.output_path}, {"entities", rows}, {"at", FormatTime(cut.ts_ms)}, {"lsn", cut.lsn}};
  AddExplain(session, source.view, &answer);
  if (!target.to_file) return Status::Ok();
  std::string file = session.output_path;
  RETURN_IF_ERROR(session.FinishOutput());
  session.output_path.clear();  // the answer is about the file
  if (call.Has("--json")) return session.PrintJson(std::move(answer));
  session.Note(fmt::format("wrote {} {} to {}", rows, rows == 1 ? "entity" : "entities", file));
  return Status::Ok();
}

}  // namespace parquedb
