#include "cli/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <thread>

#include "core/shell_word.h"
#include "storage/fs_file.h"

namespace parquedb {
namespace {

void Watch(const sigset_t& interrupts, Session& session, const std::vector<std::string>& words) {
  int signal = 0;
  if (::sigwait(&interrupts, &signal) != 0) return;
  bool nothing_written = session.display.progress().Stop();
  if (!nothing_written) {
    session.Note("interrupted while it is written: it goes on to its end; once more to stop at once");
    if (::sigwait(&interrupts, &signal) != 0) return;
  }
  RemoveTemporaryFiles();
  session.display.Finish(false);
  ReportError({StatusCode::kInterrupted,
               nothing_written ? "interrupted; what was acknowledged before is kept"
                               : "interrupted while it was written: it may be there or not",
               AsTyped(words)},
              session.json_errors);
  ::_exit(ExitCode(StatusCode::kInterrupted));
}

}  // namespace

std::string AsTyped(const std::vector<std::string>& words) {
  std::string command = "parquedb";
  for (const std::string& word : words) command += " " + ShellWord(word);
  return command;
}

void WatchForInterrupt(std::shared_ptr<Session> session, std::vector<std::string> words) {
  sigset_t interrupts;
  ::sigemptyset(&interrupts);
  ::sigaddset(&interrupts, SIGTERM);
  struct sigaction now;
  // Who starts a command in the background with SIGINT ignored wants it so.
  bool ignored = ::sigaction(SIGINT, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
  if (!ignored) ::sigaddset(&interrupts, SIGINT);
  if (::pthread_sigmask(SIG_BLOCK, &interrupts, nullptr) != 0) return;
  std::thread([interrupts, session = std::move(session), words = std::move(words)] {
    Watch(interrupts, *session, words);
  }).detach();
}

void WaitForInterrupt() {
  while (true) ::pause();
}

}  // namespace parquedb
