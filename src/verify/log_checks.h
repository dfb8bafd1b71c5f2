// The event log, event by event.
#pragma once

#include "verify/fold.h"
#include "verify/subject.h"

namespace parquedb {

// Quick and hash: footers of all segments against the manifest. Full: every row is read: lsn, ts and id ascend,
// targets, states and actors are well formed. Replay: events go into `fold` (else null), and the state digest is
// compared at the end of each segment and at the record's head. Returns false when damage kept it from reading all
// events.
Result<bool> CheckLog(Subject& subject, Fold* fold);

// All events of a view into a fold, unchecked.
Status FoldLog(const StorageBackend& storage, const View& view, Fold& fold);

}  // namespace parquedb
