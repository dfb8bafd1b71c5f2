// The derived files' content: rows, counts, links, bloom files.
#pragma once

#include "verify/derived_files.h"
#include "verify/fold.h"

namespace parquedb {

// Replay: every row of every data file against the folded log, in both directions, counts and links. The fold's cuts
// are files.CutsOf(subject).
Status CheckAgainstFold(Subject& subject, const DerivedFiles& files, Fold& fold);

// Full (or a log that is damaged): the files against each other; nothing is known of what the log says.
Status CheckFilesAlone(Subject& subject, const DerivedFiles& files);

// Quick and hash: footers against the record's counts.
void CheckCounts(Subject& subject, const DerivedFiles& files);

// The states at the heads of two views, entity by entity; differences are critical findings.
Status CompareStates(const Subject& subject, const StorageBackend& other, const View& other_view);

}  // namespace parquedb
