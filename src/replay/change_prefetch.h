// Changes read ahead on a thread of their own: decompressing the log goes on while its reader writes.
#pragma once

#include <memory>

#include "replay/change_cursor.h"

namespace parquedb {

// The same changes in the same order. Holds at most four batches (two wait, one is read, one is made), each of 1 MiB or
// one change. A source that ends in the first batch starts no thread. The source is used by nobody else.
std::unique_ptr<ChangeCursor> ReadAhead(std::unique_ptr<ChangeCursor> source);

}  // namespace parquedb
