// Records brought back from the log, as new events that say where they come from. Plan first, then carry it out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "database/database_state.h"
#include "query/filter.h"
#include "replay/instant.h"

namespace parquedb {

struct RestorePlan {
  Cut cut;
  int64_t restored = 0, deleted = 0, unchanged = 0;
  std::vector<std::string> dangling;  // links of restored records to records that are not there; at most 100
  std::string undo;                   // arguments of the command that takes it back; "" when nothing is to be done
};

// Makes one record what it was at the cut. kNotFound when it was absent then.
Result<RestorePlan> PlanEntityRestore(DatabaseState& db, const std::string& id, const Cut& cut);
Result<RestorePlan> RestoreEntity(DatabaseState& db, const std::string& id, const Cut& cut);

// Makes namespaces what they were at the cut: absent ones are deleted. One batch. kNotFound for a namespace that no
// event names.
Result<RestorePlan> PlanNamespaceRestore(DatabaseState& db, const std::vector<std::string>& namespaces, const Cut& cut);
Result<RestorePlan> RestoreNamespaces(DatabaseState& db, const std::vector<std::string>& namespaces, const Cut& cut);

// Makes the whole state what a backup holds, by new events; one batch. Then the log is known to have seen the backup's
// (a merge in events/manifest.json). Nothing is rewritten: what was here stays in the past.
Result<RestorePlan> TakeBackupState(DatabaseState& db, const StorageBackend& backup, const View& theirs, bool dry_run);

// The same for some namespaces at a cut of the backup, which may be of another database; nothing else is touched, and
// no merge is recorded. kNotFound for a namespace that no event of the backup names.
Result<RestorePlan> TakeBackupNamespaces(DatabaseState& db, const StorageBackend& backup, const View& theirs,
                                         const Cut& cut, const std::vector<std::string>& namespaces, bool dry_run);

// kNotFound, with those that there are, for a namespace that no event of the view names.
Status RequireNamespaces(const StorageBackend& storage, const View& view, const std::vector<std::string>& namespaces);

// Deletes every entity of a namespace; one batch. kNotFound for a namespace that no event names.
struct DropPlan {
  int64_t deleted = 0;
  std::string undo;
};
Result<DropPlan> PlanDrop(DatabaseState& db, const std::string& ns);
Result<DropPlan> DropNamespace(DatabaseState& db, const std::string& ns);

// Deletes what a filter selects; one batch.
Result<DropPlan> DeleteWhere(DatabaseState& db, const std::string& ns, const Filter& filter, bool dry_run);

}  // namespace parquedb
