// Files into the database, each as one atomic batch.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "database/database_state.h"
#include "exchange/record_reader.h"

namespace parquedb {

struct ImportResult {
  int64_t created = 0, updated = 0, skipped = 0, events = 0;
  std::vector<std::string> namespaces;  // that got events, sorted
  std::string undo;                     // arguments of the command that takes it back; "" when nothing was written
};

// Every record becomes a CREATE. kInvalidData: bad records, an id twice in the file, nothing for the namespace;
// kConflict: an id that the database has. Nothing has changed then. Memory: one row group and 64 MiB of ids.
// With dry_run everything is read and checked, nothing written.
Result<ImportResult> ImportRecords(DatabaseState& db, const ImportSource& source, bool dry_run);

// A history: events keep ts, ids (where given) and order. kInvalidData: ts falls, an op that does not fit the state.
// Memory: 40 bytes an entity and 128 MiB of texts (more goes through TMPDIR).
Result<ImportResult> ImportEvents(DatabaseState& db, const std::string& file, bool dry_run);

}  // namespace parquedb
