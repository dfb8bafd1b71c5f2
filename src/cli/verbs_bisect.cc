#include <fmt/format.h>

#include "cli/check_command.h"
#include "cli/event_text.h"
#include "cli/subject.h"
#include "cli/verbs.h"
#include "core/time_text.h"
#include "replay/bisect.h"
#include "replay/history.h"
#include "restore/whole_restore.h"
#include "storage/temporary_folder.h"

namespace parquedb {
namespace {

// The states in the middle, one after the other in the same folder: what a state shares with the one before stays.
class StateFolder {
 public:
  explicit StateFolder(const Source& source) : source_(source) {}

  // The folder that holds the state at `lsn` now.
  Result<std::string> Make(int64_t lsn) {
    if (folder_.path().empty()) RETURN_IF_ERROR(folder_.Make());
    const std::string directory = folder_.path() + "/state";
    ASSIGN_OR_RETURN(auto place, OpenDirectory(directory));
    ASSIGN_OR_RETURN(Cut cut, CutAtLsn(*source_.storage, source_.view, lsn));
    RETURN_IF_ERROR(
        ExecuteLogRestore(*source_.storage, source_.view, PlanLogRestore(source_.view, cut), *place, SystemClock()));
    return directory;
  }

 private:
  const Source& source_;
  TemporaryFolder folder_;
};

// Calls `use` with the event at `lsn`.
Status WithEvent(const Source& source, int64_t lsn, const std::function<Status(const EventView&)>& use) {
  HistoryRequest request;
  request.from_lsn = lsn - 1;
  request.to_lsn = lsn;
  ASSIGN_OR_RETURN(auto events, OpenHistory(*source.storage, source.view, request));
  EventView event;
  ASSIGN_OR_RETURN(bool found, events->Next(&event));
  if (!found) return Corruption(fmt::format("the log has no event at lsn {}", lsn), "parquedb verify");
  return use(event);
}

// What was not seen, the user has said; when that is wrong, so is the answer.
void NoteEnds(Session& session, const BisectResult& result, const Cut& good, const Cut& bad) {
  if (!result.saw_failure)
    session.Note(
        fmt::format("no check failed: the answer holds only if it fails at --bad ({})", FormatTime(bad.ts_ms)));
  if (!result.saw_pass)
    session.Note(
        fmt::format("no check passed: the answer holds only if it passes at --good ({})", FormatTime(good.ts_ms)));
}

}  // namespace

Status RunBisect(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format, session.Format(call, {AnswerFormat::kTable, AnswerFormat::kJson}));
  for (const char* option : {"--good", "--bad", "--check"}) {
    if (!call.Get(option).empty()) continue;
    return InvalidArgument(std::string(option) + " is missing",
                           "parquedb bisect --good lsn:1 --bad latest --check 'parquedb get posts/hello'");
  }
  ASSIGN_OR_RETURN(Source source, OpenSubjectSource(session, call, session.Directory(call), {.check_segments = true}));
  ASSIGN_OR_RETURN(Cut good, session.ResolveAt(call, source, "--good"));
  ASSIGN_OR_RETURN(Cut bad, session.ResolveAt(call, source, "--bad"));
  RETURN_IF_ERROR(CheckOrder(good, "--good", bad, "--bad"));
  if (good.lsn == bad.lsn)
    return InvalidArgument("no event lies between --good and --bad", "parquedb events --limit 10");
  StateFolder states(source);
  auto passes = [&](int64_t lsn) -> Result<bool> {
    ASSIGN_OR_RETURN(std::string directory, states.Make(lsn));
    ASSIGN_OR_RETURN(bool passed, RunCheckCommand(call.Get("--check"), directory));
    session.Note(fmt::format("lsn {}: {}", lsn, passed ? "good" : "bad"));
    return passed;
  };
  ASSIGN_OR_RETURN(BisectResult result, BisectLog(good.lsn, bad.lsn, passes));
  NoteEnds(session, result, good, bad);
  return WithEvent(source, result.lsn, [&](const EventView& event) -> Status {
    if (format == AnswerFormat::kTable)
      return session.Print(fmt::format("the first event after which the check fails, found with {}:\n{}",
                                       Counted(result.checks, "check"), DetailedEvent(event)));
    ASSIGN_OR_RETURN(Value value, ParseJson(EventJson(event)));
    return session.PrintJson({{"event", std::move(value)},
                              {"checks", result.checks},
                              {"sawPass", result.saw_pass},
                              {"sawFailure", result.saw_failure}});
  });
}

}  // namespace parquedb
