// Files into the database, each as one atomic batch.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "database/database_state.h"
#include "exchange/record_reader.h"

namespace parquedb {

// What happens to a record whose id the database has.
enum class ConflictRule {
  kError,    // kConflict
  kReplace,  // one UPDATE, or nothing when it says what is there
  kSkip,     // nothing
};

struct ImportOptions {
  ConflictRule on_conflict = ConflictRule::kError;
  bool dry_run = false;  // everything is read and checked, nothing written
};

struct ImportResult {
  int64_t created = 0, updated = 0, events = 0;
  int64_t skipped = 0;  // records that wrote nothing: of other namespaces, of kSkip, or without effect
  int64_t of_other_namespaces = 0;
  std::vector<std::string> namespaces;  // that got events, sorted
  std::string undo;                     // arguments of the command that takes it back; "" when nothing was written
};

// Every record becomes a CREATE, or what the rule says where its id is there. A replacing UPDATE keeps $createdAt and
// $createdBy and raises $version unless the record has them; a record without $links has none. kInvalidData: bad
// records, an id twice in the file, nothing for the namespace; kConflict: an id that the database has (kError). Nothing
// has changed then. Memory: one row group and 64 MiB of ids; with another rule than kError 160 MiB of records (more
// goes through TMPDIR).
Result<ImportResult> ImportRecords(DatabaseState& db, std::unique_ptr<RecordReader> reader,
                                   const ImportOptions& options);
// kInvalidData when all that was read is of other namespaces than the one wanted.
Status CheckAnyTaken(const RecordReader& reader, bool any);

// A history: events keep ts, ids (where given) and order. kInvalidData: ts falls, an op that does not fit the state.
// Memory: 40 bytes an entity and 128 MiB of texts (more goes through TMPDIR).
Result<ImportResult> ImportEvents(DatabaseState& db, std::unique_ptr<EventReader> reader, bool dry_run);

}  // namespace parquedb
