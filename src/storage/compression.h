// Files that are compressed as a whole: gzip (RFC 1952) and zstd (RFC 8878), read and written as streams.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "parquedb/status.h"
#include "parquedb/storage.h"
#include "storage/input_stream.h"

namespace parquedb {

enum class Compression { kNone, kGzip, kZstd };

// By the end of a file's name: ".gz", ".zst".
Compression CompressionOf(std::string_view name);
// The name without that end.
std::string_view WithoutCompression(std::string_view name);

// What `input` holds, of one gzip member or zstd frame, or of several behind each other; kNone gives `input` back.
// kInvalidData says where the stream is cut or damaged, in bytes of the input. Memory: the stream's window (zstd: at
// most 128 MiB) and some hundred KiB.
std::unique_ptr<InputStream> Decompress(Compression compression, std::unique_ptr<InputStream> input);

// A pending file whose bytes are compressed on their way into another one. size() counts plain bytes, so that a writer
// of Parquet finds its offsets.
class CompressingFile : public PendingFile {
 public:
  // `compression` is not kNone.
  static std::unique_ptr<CompressingFile> Open(Compression compression, std::unique_ptr<PendingFile> file);
  // Ends the stream; the file to publish. Nothing is called after it.
  virtual Result<std::unique_ptr<PendingFile>> Finish() = 0;
};

}  // namespace parquedb
