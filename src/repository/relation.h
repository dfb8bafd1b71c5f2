// How two logs of one database stand to each other (docs/ordering.md, "Forks").
#pragma once

#include "eventlog/view.h"

namespace parquedb {

enum class Relation { kEqual, kBehind, kAhead, kDiverged };  // of the first to the second

// One side: its store and a view of it.
struct LogSide {
  const StorageBackend& storage;
  const View& view;
};

// kConflict when they belong to two databases, or when both hold events of one line and the ids at the smaller lsn
// differ: a copy by hand, or a rolled back machine, was written on.
Result<Relation> Compare(const LogSide& local, const LogSide& remote);

// How many events of a log the other side does not know: for each line, those behind what it knows of it.
int64_t CountMissing(const View& log, const Knows& other);

}  // namespace parquedb
