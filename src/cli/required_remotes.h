// Remotes that are marked required: retirement leaves alone what they do not have yet.
#pragma once

#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/remote.h"
#include "cli/session.h"
#include "maintenance/compaction.h"

namespace parquedb {

// Behind a push: notes in the directory how far each required remote at this place has the log. Where that fails,
// standard error says so, and nothing else: retirement then only waits.
void NotePush(Session& session, const Call& call, StorageBackend& local, const PushTarget& target);

// How far retirement may go: through what every required remote has.
Result<std::vector<RetentionLimit>> LimitsOfRequired(const Call& call, const StorageBackend& local);

}  // namespace parquedb
