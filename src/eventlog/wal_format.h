// _meta/wal/{first lsn}.wal: docs/format/wal.md. The only place that knows a frame.
//
//   header   "PQWAL\0" u16 version | u64 first lsn | 26 bytes database id | 26 bytes line | u32 crc32c of what is
//   before frame    u32 payload bytes | u32 crc32c of the rest of the frame and the length | u64 lsn | u64 synced | u8
//   flags | payload
//
// All integers are little-endian. A length of zero ends the file (reserved space behind the frames is zero).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parquedb/event.h"
#include "parquedb/status.h"

namespace parquedb {

struct WalHeader {
  int64_t first_lsn = 0;
  std::string database_id;  // ULID
  std::string line;         // ULID
};

constexpr size_t kWalHeaderBytes = 6 + 2 + 8 + 26 + 26 + 4;
constexpr size_t kFrameHeaderBytes = 4 + 4 + 8 + 8 + 1;

std::string EncodeWalHeader(const WalHeader& header);

// Appends the frame of one event. `synced` is the last lsn known to be durable now; `batch_goes_on`: more frames of the
// same atomic batch follow. kInvalidData for a frame above kMaxFrameBytes.
Status AppendFrame(std::string* out, const Event& event, int64_t synced, bool batch_goes_on);

struct WalContents {
  WalHeader header;
  std::vector<Event> events;  // complete batches only
  uint64_t valid_bytes = 0;   // length of the header and those frames
  bool torn = false;          // something that is not a frame, or an unfinished batch, lies behind them
};

// Reads a whole WAL file. What is unreadable at its end is a torn tail, unless a frame behind it shows that it had been
// acknowledged: kCorruption then. kUnsupported for a newer version.
Result<WalContents> DecodeWal(std::string_view bytes, const std::string& name);

}  // namespace parquedb
