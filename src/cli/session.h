// What every verb works with: the streams, the answer's format, the database that was named.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/progress_display.h"
#include "core/read_meter.h"
#include "database/database_state.h"
#include "document/value.h"
#include "eventlog/view.h"
#include "parquedb/database.h"
#include "parquedb/status.h"
#include "parquedb/storage.h"
#include "parquedb/sync.h"
#include "replay/instant.h"
#include "storage/compression.h"

namespace parquedb {

enum class AnswerFormat { kTable, kJson, kNdjson, kCsv, kPaths, kDetailed, kParquet };

// A database that is only read.
struct Source {
  std::shared_ptr<StorageBackend> storage;
  View view;
  std::string name;  // the directory, for messages
};

struct Session {
  // ---- the answer: standard output, or the file of --output, which appears whole or not at all; one whose name ends
  // with .gz or .zst is compressed
  Status Print(std::string_view text);
  Status PrintJson(Object answer);  // one document, with "schema" in front
  Status FinishOutput();
  Status Flush();  // what was printed so far reaches standard output
  // The pending file of --output, or standard output, for an answer that is no text. FinishOutput puts it in place.
  Result<PendingFile*> OpenOutput();

  // True where a person reads the answer: sizes are then human.
  bool OnTerminal() const;
  std::string SizeText(int64_t bytes) const;  // "12.3 MB" on a terminal, else "12345678 bytes"
  std::string SizeCell(int64_t bytes) const;  // the same in a column called bytes: "12345678"

  // ---- standard error
  void Note(std::string_view text);  // unless --quiet
  void Say(std::string_view text);   // always
  void Tell(std::string_view text);  // with --verbose

  // Shows from now on how far the verb is: a bar on a terminal, else lines, or as --progress says. The library counts
  // into what is returned.
  Progress* StartProgress(const Call& call);

  // kInvalidArgument names an unknown format, or one that is not among `allowed`.
  Result<AnswerFormat> Format(const Call& call, const std::vector<AnswerFormat>& allowed) const;

  // ---- databases
  std::string Directory(const Call& call) const;  // -d, PARQUEDB_PATH, "."
  std::string Operator(const Call& call) const;
  Result<Source> OpenSource(const std::string& directory, const ViewRequest& request) const;
  // Counts what is read of it, if that is wanted.
  std::shared_ptr<StorageBackend> Metered(std::shared_ptr<StorageBackend> storage) const;
  // With --dry-run what is written stays in memory. `create`: make the database when the folder is missing or has no
  // name of the layout in it.
  Result<std::unique_ptr<ParqueDB>> OpenWriter(const Call& call, const std::string& directory, bool create);
  // --at, resolved and echoed; without it the head.
  Result<Cut> ResolveAt(const Call& call, const Source& source, std::string_view option = "--at");
  // kNotFound, with a did-you-mean, unless an event names it.
  Status CheckNamespaceKnown(const Source& source, const std::string& ns) const;

  // Asks on a terminal, else demands --confirm.
  Status Confirm(const Call& call, const std::string& question);

  bool answers_failure = false;  // what was printed is a report of the failure itself: it is given to the user
  bool json_errors = false;
  bool quiet = false;
  bool verbose = false;
  std::string verb;
  std::string output_path;
  std::unique_ptr<ReadMeter> meter;  // of --explain: counts what is read of the databases that are opened from now on
  ProgressDisplay display;

 private:
  Status Drain();
  std::string buffer_;
  std::unique_ptr<StorageBackend> output_folder_;
  std::unique_ptr<PendingFile> output_file_;
  std::unique_ptr<PendingFile> standard_output_;
  std::unique_ptr<CompressingFile> compressing_;  // holds the file in its place when it is compressed
};

// True if the folder has names of the layout in it, other than what an init or a pull leaves that was cut off early:
// then only a database may be there.
Result<bool> HoldsLayoutNames(const std::string& directory);

// A folder in which a database may be made: it holds none, nor names of the layout (other than a restore or a pull that
// was cut off). kConflict, kNotFound.
Result<std::shared_ptr<StorageBackend>> OpenFreshFolder(const std::string& directory);

// Fills a folder that holds no database. Damage in the source is not left half restored: what was made goes, the folder
// too if it was not there. What an interruption leaves is taken up by the next run. Only names of the layout go: the
// folder may be somebody's home for other things.
Result<PullResult> FillFolder(const std::string& directory, const std::function<Result<PullResult>()>& fill);

// A whole database: not the beginnings of one under _meta/RESTORING.
Result<bool> HoldsDatabase(const std::string& directory);

// What a database in this folder is called when nobody says: as the folder.
std::string FolderName(const std::string& directory);

// The directory, over which everything can be done that a verb does: the changes stay in memory.
Result<std::shared_ptr<StorageBackend>> OpenForDryRun(const std::string& directory);

// The user's, for actors and owners.
std::string LoginName();

// Exit status of a failure.
int ExitCode(StatusCode code);
std::string_view KindOf(StatusCode code);

// The error for people, on standard error; with `json` a last line for machines.
void ReportError(const Status& status, bool json);

// The whole program.
int RunParqueDb(int argc, char** argv);

}  // namespace parquedb
