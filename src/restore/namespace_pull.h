// Some namespaces of a backup as a new database of their own. (Into one that is there: TakeBackupNamespaces.)
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "eventlog/view.h"
#include "maintenance/base.h"
#include "parquedb/sync.h"
#include "replay/instant.h"

namespace parquedb {

struct NamespacePullPlan {
  Cut cut;
  std::vector<std::string> namespaces;
  BasePlan base;  // with the entities of each namespace at the cut

  PullResult transfer() const;  // the segments that are read
};

// Reads the keys of the source's log. kNotFound for a namespace that no event of the source names.
Result<NamespacePullPlan> PlanNamespacePull(const StorageBackend& source, const View& view, const Cut& cut,
                                            const std::vector<std::string>& namespaces);

// Into a folder that holds no database, or one in which this was cut off: a new database `name` with an id of its own,
// whose log begins with a base at the cut; it knows where it comes from (forkedFrom). Then the derived files are made
// from it: reverse links only where the source was pulled. Durable when it returns. kCorruption: a damaged segment of
// the source (named).
Result<PullResult> ExecuteNamespacePull(const StorageBackend& source, const View& view, const NamespacePullPlan& plan,
                                        std::shared_ptr<StorageBackend> target, const std::string& name, Clock& clock);

}  // namespace parquedb
