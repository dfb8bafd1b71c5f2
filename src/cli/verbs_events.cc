#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "cli/csv_text.h"
#include "cli/event_text.h"
#include "cli/subject.h"
#include "cli/verbs.h"
#include "core/time_text.h"
#include "model/layout.h"
#include "model/names.h"
#include "query/filter.h"
#include "replay/history.h"
#include "replay/state.h"

namespace parquedb {
namespace {

constexpr size_t kIdWidth = 28;  // of the table's target column; longer ones push the rest to the right, none is cut
constexpr std::chrono::milliseconds kFollowPause{100};

Result<HistoryRequest> HistoryOf(Session& session, const Call& call, const Source& source) {
  HistoryRequest request;
  int64_t now_ms = SystemClock().NowMs();
  auto instant = [&](std::string_view option, int64_t* ts_ms) -> Status {
    if (!call.Has(option)) return Status::Ok();
    std::string text = call.Get(option);
    auto parsed = ParseInstant(text, now_ms);
    if (!parsed) {
      auto cut = ResolveInstant(*source.storage, source.view, text, now_ms);
      if (!cut.ok())
        return cut.status().code() == StatusCode::kOutsideWindow
                   ? cut.status()
                   : InvalidArgument(std::string(option) + ": '" + text + "' is no time", "parquedb help time");
      parsed = cut->ts_ms;
    }
    *ts_ms = *parsed;
    session.Say(fmt::format("{} {}", option.substr(2), FormatTime(*parsed)));
    return Status::Ok();
  };
  RETURN_IF_ERROR(instant("--after", &request.after_ms));
  RETURN_IF_ERROR(instant("--before", &request.before_ms));
  request.to_lsn = source.view.head;
  request.newest_first = call.Has("--reverse");
  if (call.Has("--actor")) request.actor = call.Get("--actor");
  if (call.Has("--entity")) {
    RETURN_IF_ERROR(ParseEntityId(call.Get("--entity")).status());
    request.target = IdToTarget(call.Get("--entity"));
  }
  if (call.Has("--namespace")) {
    request.ns = call.Get("--namespace");
    RETURN_IF_ERROR(session.CheckNamespaceKnown(source, request.ns));
  }
  return request;
}

Result<std::optional<Filter>> EventFilter(const Call& call) {
  if (!call.Has("--filter")) return std::optional<Filter>();
  auto value = ParseJson(call.Get("--filter"));
  if (!value.ok())
    return InvalidArgument("--filter: " + value.status().message(),
                           "a filter is JSON, like '{\"op\":\"DELETE\"}'; see parquedb help filters");
  auto compiled = Filter::Compile(*value, {});
  if (!compiled.ok()) return InvalidArgument("--filter: " + compiled.status().message(), compiled.status().hint());
  return std::optional<Filter>(std::move(*compiled));
}

Status PrintEvent(Session& session, AnswerFormat format, const EventView& event, bool first) {
  switch (format) {
    case AnswerFormat::kJson:
      return session.Print((first ? "\n" : ",\n") + EventJson(event));
    case AnswerFormat::kNdjson:
      return session.Print(EventJson(event) + "\n");
    case AnswerFormat::kCsv:
      return session.Print(EventCsvRow(event));
    case AnswerFormat::kDetailed:
      return session.Print(DetailedEvent(event));
    default:
      return session.Print(fmt::format("{:>8}  {}  {:<6}  {:<{}}  {}\n", event.lsn, FormatTime(event.ts_ms),
                                       OpName(event.op), event.target, kIdWidth, event.actor.value_or("")));
  }
}

// Prints what the filter lets pass, up to the limit.
class EventPrinter {
 public:
  EventPrinter(Session& session, AnswerFormat format, std::optional<Filter> filter, int64_t limit)
      : session_(session), format_(format), filter_(std::move(filter)), limit_(limit) {}

  Status PrintAll(EventCursor& cursor) {
    EventView event;
    while (!full()) {
      ASSIGN_OR_RETURN(bool more, cursor.Next(&event));
      if (!more) return Status::Ok();
      if (filter_ && !filter_->matches_all()) {
        ASSIGN_OR_RETURN(Value value, EventValue(event));
        if (!filter_->Matches(value)) continue;
      }
      RETURN_IF_ERROR(Open());
      RETURN_IF_ERROR(PrintEvent(session_, format_, event, count_ == 0));
      ++count_;
    }
    return Status::Ok();
  }

  // The head of the answer; once, and not before anything is known to be right.
  Status Open() {
    if (opened_) return Status::Ok();
    opened_ = true;
    if (format_ == AnswerFormat::kJson) return session_.Print("{\"schema\":\"parquedb.events/1\",\"events\":[");
    if (format_ == AnswerFormat::kCsv) return session_.Print(EventCsvHeader());
    if (format_ == AnswerFormat::kTable)
      return session_.Print(
          fmt::format("{:>8}  {:<24}  {:<6}  {:<{}}  {}\n", "lsn", "time", "op", "target", kIdWidth, "actor"));
    return Status::Ok();
  }

  Status Finish() {
    RETURN_IF_ERROR(Open());
    if (format_ == AnswerFormat::kJson) return session_.Print(fmt::format("],\"count\":{}}}\n", count_));
    if (format_ == AnswerFormat::kTable)
      return session_.Print(fmt::format("({} {})\n", count_, count_ == 1 ? "event" : "events"));
    return Status::Ok();
  }

  bool full() const { return count_ >= limit_; }

 private:
  Session& session_;
  const AnswerFormat format_;
  const std::optional<Filter> filter_;
  const int64_t limit_;
  int64_t count_ = 0;
  bool opened_ = false;
};

Status CheckFollow(const Session& session, const Call& call, AnswerFormat format) {
  for (const char* option : {"--reverse", "--before", "--from"}) {
    if (call.Has(option)) return InvalidArgument(fmt::format("--follow does not go with {}", option));
  }
  if (format == AnswerFormat::kJson)
    return InvalidArgument("--follow has no end, and one JSON document has one", "--format ndjson");
  if (!session.output_path.empty())
    return InvalidArgument("--follow has no end: a file would never be whole", "parquedb events --follow > FILE");
  return Status::Ok();
}

// What changes when the log does.
Result<std::string> LogMark(const StorageBackend& storage) {
  ASSIGN_OR_RETURN(auto manifest, storage.Stat(kEventManifestPath));
  if (!manifest) return NotFound("the database is gone: events/manifest.json is missing");
  std::string mark = fmt::format("{} {}", manifest->modified_ms, manifest->size);
  ASSIGN_OR_RETURN(auto files, storage.List("_meta/wal/"));
  for (const FileEntry& file : files) mark += fmt::format(" {} {}", file.path, file.size);
  return mark;
}

// Goes on with what is written from now on, until the limit or an interruption.
Status Follow(Session& session, Source& source, HistoryRequest request, EventPrinter& printer) {
  std::string seen;
  RETURN_IF_ERROR(printer.Open());
  while (!printer.full()) {
    RETURN_IF_ERROR(session.Flush());
    ASSIGN_OR_RETURN(std::string mark, LogMark(*source.storage));
    if (mark == seen) {
      std::this_thread::sleep_for(kFollowPause);
      continue;
    }
    seen = std::move(mark);
    auto view = TakeView(*source.storage, SystemClock().NowMs());
    if (!view.ok() && view.status().code() == StatusCode::kBusy) continue;
    if (!view.ok()) return view.status();
    request.from_lsn = request.to_lsn;
    request.to_lsn = view->head;
    source.view = std::move(*view);
    if (request.to_lsn <= request.from_lsn) continue;
    ASSIGN_OR_RETURN(auto cursor, OpenHistory(*source.storage, source.view, request));
    RETURN_IF_ERROR(printer.PrintAll(*cursor));
  }
  return session.Flush();
}

}  // namespace

Status RunEvents(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format,
                   session.Format(call, {AnswerFormat::kTable, AnswerFormat::kJson, AnswerFormat::kNdjson,
                                         AnswerFormat::kCsv, AnswerFormat::kDetailed}));
  bool follows = call.Has("--follow");
  if (follows) RETURN_IF_ERROR(CheckFollow(session, call, format));
  ASSIGN_OR_RETURN(auto filter, EventFilter(call));
  ASSIGN_OR_RETURN(int64_t limit, call.Number("--limit", INT64_MAX));
  Source source;
  if (call.Has("--from")) {
    ASSIGN_OR_RETURN(source, OpenBackupSource(session, call, call.Get("--from"), std::nullopt));
  } else {
    ASSIGN_OR_RETURN(source, session.OpenSource(session.Directory(call), {}));
  }
  ASSIGN_OR_RETURN(HistoryRequest request, HistoryOf(session, call, source));
  ASSIGN_OR_RETURN(auto cursor, OpenHistory(*source.storage, source.view, request));
  EventPrinter printer(session, format, std::move(filter), limit);
  RETURN_IF_ERROR(printer.PrintAll(*cursor));
  return follows ? Follow(session, source, std::move(request), printer) : printer.Finish();
}

}  // namespace parquedb
