#include <fmt/format.h>

#include "cli/required_remotes.h"
#include "cli/verbs.h"
#include "core/time_text.h"
#include "maintenance/compaction.h"
#include "replay/instant.h"

namespace parquedb {
namespace {

// The instant of --before; nothing when it lies before the window: there is no history in front of it.
Result<std::optional<int64_t>> FloorOf(Session& session, const Call& call, const Source& source) {
  const std::string text = call.Get("--before");
  auto ts_ms = ParseInstant(text, SystemClock().NowMs());
  if (ts_ms && *ts_ms < RestorableWindow(source.view).from_ms) return std::optional<int64_t>();
  ASSIGN_OR_RETURN(Cut cut, session.ResolveAt(call, source, "--before"));
  return std::optional<int64_t>(cut.ts_ms);
}

Object ToObject(const CompactionPlan& plan) {
  Array merged, bases;
  for (const LogPiece& piece : plan.pieces) {
    if (piece.parts.size() < 2) continue;
    Array segments;
    int64_t events = 0;
    for (const SegmentEntry& part : piece.parts) {
      segments.emplace_back(part.path);
      events += part.count;
    }
    merged.push_back(Object{{"segments", std::move(segments)}, {"events", events}, {"bytes", piece.bytes()}});
  }
  for (int64_t cut : plan.bases) bases.emplace_back(cut);
  std::vector<std::string> removed = plan.removed();
  int64_t retired_bytes = 0;
  for (const SegmentEntry& entry : plan.retired) retired_bytes += entry.size_bytes;
  return {{"merged", std::move(merged)},
          {"bases", std::move(bases)},
          {"removed", Array(removed.begin(), removed.end())},
          {"retired", Object{{"through", plan.cut}, {"events", plan.retired_events()}, {"bytes", retired_bytes}}},
          {"heldBy", plan.held_by},
          {"window", Object{{"from", FormatTime(plan.window_from_ms)}, {"to", FormatTime(SystemClock().NowMs())}}}};
}

std::string ToText(const Session& session, const CompactionPlan& plan, bool dry_run) {
  const std::string_view would = dry_run ? "would have " : "";
  std::string text;
  for (const LogPiece& piece : plan.pieces) {
    if (piece.parts.size() < 2) continue;
    text += fmt::format("{}merged {} to {}: {} segments, {}\n", would, piece.parts.front().path,
                        piece.parts.back().path, piece.parts.size(), session.SizeText(piece.bytes()));
  }
  for (int64_t cut : plan.bases) text += fmt::format("{}added a base at lsn {}\n", would, cut);
  if (!plan.superfluous.empty())
    text += fmt::format("{}removed {}\n", would, Counted(static_cast<int64_t>(plan.superfluous.size()), "base"));
  if (plan.cut > 0) {
    text += fmt::format("{}retired {} through lsn {}; restorable from {}\n", would,
                        Counted(plan.retired_events(), "event"), plan.cut, FormatTime(plan.window_from_ms));
  }
  if (!text.empty()) return text;
  return dry_run ? "would have nothing to compact\n" : "nothing to compact\n";
}

}  // namespace

Status RunCompact(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format, session.Format(call, {AnswerFormat::kTable, AnswerFormat::kJson}));
  const std::string directory = session.Directory(call);
  const bool dry_run = call.Has("--dry-run"), retires = call.Has("--before");
  if (retires)
    RETURN_IF_ERROR(session.Confirm(call, "retire the history before " + call.Get("--before") + " for good"));
  session.StartProgress(call);
  ASSIGN_OR_RETURN(auto db, session.OpenWriter(call, directory, false));
  CompactionRequest request;
  if (retires) {
    Source source{.storage = nullptr, .view = {}, .name = directory};
    ASSIGN_OR_RETURN(source.view, db->state().TakeReaderView());
    ASSIGN_OR_RETURN(source.storage, OpenDirectory(directory));
    ASSIGN_OR_RETURN(request.floor_ms, FloorOf(session, call, source));
    ASSIGN_OR_RETURN(request.limits, LimitsOfRequired(call, *source.storage));
  }
  ASSIGN_OR_RETURN(CompactionPlan plan, db->state().Compact(request, dry_run));
  if (!plan.held_by.empty()) {
    session.Note("history is retired no further than " + plan.held_by +
                 (plan.held_by.starts_with("the checkpoint") ? "; parquedb checkpoint moves it on"
                                                             : "; parquedb push moves it on"));
  }
  if (format == AnswerFormat::kTable) return session.Print(ToText(session, plan, dry_run));
  Object answer = ToObject(plan);
  if (dry_run) answer.emplace("dryRun", true);
  return session.PrintJson(std::move(answer));
}

}  // namespace parquedb
