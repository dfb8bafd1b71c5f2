// Ctrl-C. A command may end at any moment without loss, so an interruption removes temporary files and ends it.
#pragma once

namespace parquedb {

// From here on SIGINT or SIGTERM ends the process with exit status 130 and says how to go on; with `json` the last line
// on standard error is the error object. To be called once, before any other thread is started.
void WatchForInterrupt(bool json);

}  // namespace parquedb
