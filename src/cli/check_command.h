// A user's command that says by its exit status whether a state is right.
#pragma once

#include <string>

#include "parquedb/status.h"

namespace parquedb {

// Runs `command` in the shell with PARQUEDB_PATH set to `directory`; what it prints goes to standard error, it reads
// nothing. True for exit status 0, false for another or a signal. kInvalidArgument: the shell could not run it (126,
// 127). kInterrupted: it was ended by SIGINT.
Result<bool> RunCheckCommand(const std::string& command, const std::string& directory);

}  // namespace parquedb
