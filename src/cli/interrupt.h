// SIGINT and SIGTERM.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/session.h"

namespace parquedb {

// From now on a signal ends the program with status 130, unless what can't be taken back is being written: then the
// verb goes on to its end, and a second signal ends it. Temporary files are removed, and the message says the command
// that begins again (`words`). A process that was started with SIGINT ignored heeds only SIGTERM. To be called before
// there is another thread.
void WatchForInterrupt(std::shared_ptr<Session> session, std::vector<std::string> words);

// For who learnt that a signal came: that thread ends the program.
[[noreturn]] void WaitForInterrupt();

// The command as it can be typed into a shell again.
std::string AsTyped(const std::vector<std::string>& words);

}  // namespace parquedb
