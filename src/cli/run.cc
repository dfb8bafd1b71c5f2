#include <fmt/format.h>
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>

#include "cli/interrupt.h"
#include "cli/session.h"
#include "cli/settings.h"

namespace parquedb {
namespace {

bool WantsJson(const std::vector<std::string>& words) {
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--json" || words[i] == "--format=json") return true;
    if (words[i] == "--format" && i + 1 < words.size() && words[i + 1] == "json") return true;
  }
  return false;
}

// A view of a database opens a file for each namespace that it needs, and there may be thousands: the usual soft limit
// of 1024 files is raised as far as the system allows. Where it does not, the verb that needs more says so.
void RaiseFileLimit() {
  rlimit limit;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// Large blocks go back to the system when they are freed. By itself the C library keeps blocks of the size of one that
// was freed before: with documents of 15 MiB that doubles the memory of an import.
constexpr int kReturnedBlockBytes = 4 << 20;
// What is free at the end of the heap stays up to here: each page that is read needs a little for a short while, and to
// ask the system for it again takes longer than to read the page.
constexpr int kKeptHeapBytes = 16 << 20;

// What a message may say on a terminal and in JSON: other control characters than line ends, and bytes that are no
// UTF-8, are spelled as \x1b. They come from names and files that somebody else chose.
std::string Showable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    auto byte = static_cast<unsigned char>(text.front());
    size_t length = 1;
    while (byte >= 0x80 && length <= 4 && !IsValidUtf8(text.substr(0, length))) ++length;
    bool plain =
        byte >= 0x80 ? length <= std::min<size_t>(4, text.size()) : byte == '\n' || (byte >= 0x20 && byte != 0x7f);
    if (!plain) length = 1;
    out += plain ? std::string(text.substr(0, length)) : fmt::format("\\x{:02x}", byte);
    text.remove_prefix(length);
  }
  return out;
}

int64_t MsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

void ReportError(const Status& status, bool json) {
  const std::string message = Showable(status.message()), hint = Showable(status.hint());
  std::string text = "error: ";
  for (char c : message) {
    text.push_back(c);
    if (c == '\n') text += "  ";
  }
  fmt::print(stderr, "{}\n", text);
  if (!hint.empty()) fmt::print(stderr, "  try: {}\n", hint);
  if (!json) return;
  Object object{{"type", "exit_error"},
                {"code", ExitCode(status.code())},
                {"kind", std::string(KindOf(status.code()))},
                {"message", message},
                {"hint", hint}};
  fmt::print(stderr, "{}\n", WriteJson(object));
}

int RunParqueDb(int argc, char** argv) {
  const auto started = std::chrono::steady_clock::now();
  RaiseFileLimit();
  ::mallopt(M_MMAP_THRESHOLD, kReturnedBlockBytes);
  ::mallopt(M_TRIM_THRESHOLD, kKeptHeapBytes);
  ::signal(SIGPIPE, SIG_IGN);  // a closed standard output is an error of write, not a silent end
  ::signal(SIGXFSZ, SIG_IGN);  // so is a limit on the size of files
  std::vector<std::string> words(argv + 1, argv + argc);
  // Shared with the thread that waits for signals, which may run on while this function returns.
  auto shared = std::make_shared<Session>();
  Session& session = *shared;
  session.json_errors = WantsJson(words);
  WatchForInterrupt(shared, words);
  auto call = ParseCommandLine(words);
  if (!call.ok()) {
    ReportError(call.status(), session.json_errors);
    return ExitCode(call.status().code());
  }
  session.verb = std::string(call->command->name);
  if (call->Has("--explain")) session.meter = std::make_unique<ReadMeter>();
  Status filled = call->command->takes_settings ? FillFromSettings(&*call) : Status::Ok();
  if (!filled.ok()) {
    ReportError(filled, session.json_errors);
    return ExitCode(filled.code());
  }
  session.json_errors = session.json_errors || call->Has("--json") || call->Get("--format") == "json";
  session.quiet = call->Has("--quiet");
  session.verbose = call->Has("--verbose");
  session.output_path = call->Get("--output");
  if (session.output_path == "-") session.output_path.clear();
  Status status = call->command->run(session, *call);
  if (status.ok() && !session.output_path.empty() && !session.display.progress().BeginCommit()) WaitForInterrupt();
  if (status.ok() || session.answers_failure) {
    Status finished = session.FinishOutput();
    if (status.ok()) status = finished;
  }
  if (status.code() == StatusCode::kInterrupted && !session.display.progress().BeginCommit()) WaitForInterrupt();
  session.display.Finish(status.ok());
  session.Tell(fmt::format("{} took {} ms", session.verb, MsSince(started)));
  if (!status.ok()) ReportError(status, session.json_errors);
  return ExitCode(status.code());
}

}  // namespace parquedb
