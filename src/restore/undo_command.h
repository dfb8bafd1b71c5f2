// The commands that take a restore back, and what all restores share in carrying drafts out.
#pragma once

#include <string>
#include <string_view>

#include "database/database_state.h"
#include "replay/instant.h"

namespace parquedb {

constexpr size_t kMaxDanglingNamed = 100;

// Writes the batch; or, in a dry run, only runs through its drafts.
Result<BatchResult> WriteOrCount(DatabaseState& db, DraftSource& drafts, bool dry_run);

// Arguments of the command that takes back what the batch wrote, and nothing else; "" when it wrote nothing. Without an
// actor there is no such command.
std::string UndoOfBatch(std::string_view actor, const BatchResult& batch);

// kNotFound: the record was absent at the cut.
Status AbsentThen(const std::string& id, const Cut& cut);

}  // namespace parquedb
