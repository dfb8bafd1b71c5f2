// A stream as a file that can be read anywhere: for formats that begin at their end.
#pragma once

#include <memory>

#include "parquedb/status.h"
#include "parquedb/storage.h"
#include "storage/input_stream.h"

namespace parquedb {

// Reads the stream to its end into a temporary file (TMPDIR), which goes with the handle.
Result<std::shared_ptr<const ReadableFile>> SpoolToFile(InputStream& input);

}  // namespace parquedb
