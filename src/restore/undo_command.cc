#include "restore/undo_command.h"

#include <fmt/format.h>

#include "core/shell_word.h"
#include "core/time_text.h"

namespace parquedb {

Result<BatchResult> WriteOrCount(DatabaseState& db, DraftSource& drafts, bool dry_run) {
  if (!dry_run) return db.WriteBatch(drafts);
  BatchResult counted{.events = 0, .undo_point = db.UndoPoint(), .end_point = {}};
  EventDraft draft;
  while (true) {
    ASSIGN_OR_RETURN(bool more, drafts.Next({}, &draft));
    if (!more) return counted;
    ++counted.events;
  }
}

std::string UndoOfBatch(std::string_view actor, const BatchResult& batch) {
  if (batch.end_point.empty() || actor.empty()) return "";
  return fmt::format("restore --undo-actor {} --from {} --to {} --confirm", ShellWord(actor), batch.undo_point,
                     batch.end_point);
}

Status AbsentThen(const std::string& id, const Cut& cut) {
  return NotFound(fmt::format("{} did not exist at {}; nothing was written", id, FormatTime(cut.ts_ms)),
                  fmt::format("parquedb events --entity {}", ShellWord(id)));
}

}  // namespace parquedb
