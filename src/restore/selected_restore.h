// Records that a filter or an id selects, brought back as they were at an instant, with those that they link to. One
// batch; no record is deleted.
#pragma once

#include <string>
#include <vector>

#include "restore/restore.h"

namespace parquedb {

struct Selection {
  std::string id;                       // "ns/id"; "": by the filter
  const Filter* filter = nullptr;       // over the records as they were at the cut; must outlive the call
  std::vector<std::string> namespaces;  // that the filter looks at; empty: all
  int with_links = 0;                   // also what they linked to at the cut, so many links away
};

// Each selected record becomes what it was at the cut; so do those that it linked to then. Of records that were absent
// at the cut nothing is written; links that lead to no record afterwards are told in `dangling`. kNotFound: the record
// with `id` was absent; a namespace that no event names. Memory: with links, the ids of what is selected.
Result<RestorePlan> RestoreSelected(DatabaseState& db, const Selection& selection, const Cut& cut, bool dry_run);

}  // namespace parquedb
