// Manifests, files and bytes: what can be told without reading rows.
#pragma once

#include "verify/subject.h"

namespace parquedb {

// Reads the record into the subject.
Status ReadRecord(Subject& subject);
// The two manifests against each other.
void CheckRecord(Subject& subject);
// Every file that a manifest names is there with its size, and (from kHash on) with its bytes. Files of the layout that
// nothing names are warnings.
Status CheckFiles(Subject& subject);

}  // namespace parquedb
