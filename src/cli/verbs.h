// The verbs; each parses its call, calls the library, prints the answer.
#pragma once

#include "cli/session.h"
#include "parquedb/sync.h"

namespace parquedb {

Status RunInit(Session& session, const Call& call);
Status RunCreate(Session& session, const Call& call);
Status RunGet(Session& session, const Call& call);
Status RunUpdate(Session& session, const Call& call);
Status RunDelete(Session& session, const Call& call);
Status RunLink(Session& session, const Call& call);
Status RunUnlink(Session& session, const Call& call);
Status RunQuery(Session& session, const Call& call);
Status RunImport(Session& session, const Call& call);
Status RunExport(Session& session, const Call& call);
Status RunEvents(Session& session, const Call& call);
Status RunDiff(Session& session, const Call& call);
Status RunBisect(Session& session, const Call& call);
Status RunRestore(Session& session, const Call& call);
Status RunDrop(Session& session, const Call& call);
Status RunList(Session& session, const Call& call);
Status RunStats(Session& session, const Call& call);
Status RunWindow(Session& session, const Call& call);
Status RunFlush(Session& session, const Call& call);
Status RunCheckpoint(Session& session, const Call& call);
Status RunVerify(Session& session, const Call& call);
Status RunSync(Session& session, const Call& call);
Status RunPush(Session& session, const Call& call);
Status RunPull(Session& session, const Call& call);
Status RunBackups(Session& session, const Call& call);
Status RunTag(Session& session, const Call& call);
Status RunRemote(Session& session, const Call& call);
Status RunConfig(Session& session, const Call& call);
Status RunHelp(Session& session, const Call& call);
Status RunCompletion(Session& session, const Call& call);
Status RunGenerate(Session& session, const Call& call);
Status RunVersion(Session& session, const Call& call);

// "a,b" as its parts; empty ones too.
std::vector<std::string> SplitNames(std::string_view text);
// "1 file", "2 files": `one` is the word for a single one, whose plural has an s.
std::string Counted(int64_t count, std::string_view one);
// Rows of aligned columns; the first row is the head.
std::string TextTable(const std::vector<std::vector<std::string>>& rows);
// A command of ours as printed after `undo:`, with the directory.
std::string UndoCommand(const std::string& arguments, const std::string& directory);
// Adds the undo to a JSON answer, or prints its line.
Status AddUndo(Session& session, AnswerFormat format, const std::string& undo, const std::string& directory,
               Object* answer);
// kInvalidArgument unless `from` comes first.
Status CheckOrder(const Cut& from, std::string_view from_option, const Cut& to, std::string_view to_option);
// As [{path, size}].
Array FilesArray(const std::vector<TransferredFile>& files);
// --strategy, which the table of commands has checked; manual without it.
ConflictStrategy StrategyOf(const Call& call);

}  // namespace parquedb
