#include "cli/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <thread>

#include "cli/session.h"
#include "storage/fs_file.h"

namespace parquedb {

void WatchForInterrupt(bool json) {
  sigset_t interrupts;
  ::sigemptyset(&interrupts);
  ::sigaddset(&interrupts, SIGINT);
  ::sigaddset(&interrupts, SIGTERM);
  struct sigaction now;
  // Who starts a command in the background with SIGINT ignored wants it so.
  if (::sigaction(SIGINT, nullptr, &now) == 0 && now.sa_handler == SIG_IGN) return;
  if (::pthread_sigmask(SIG_BLOCK, &interrupts, nullptr) != 0) return;
  std::thread([interrupts, json] {
    int signal = 0;
    if (::sigwait(&interrupts, &signal) != 0) return;
    RemoveTemporaryFiles();
    ReportError({StatusCode::kInterrupted, "interrupted; what was acknowledged is kept", "run the same command again"},
                json);
    ::_exit(ExitCode(StatusCode::kInterrupted));
  }).detach();
}

}  // namespace parquedb
