// A WAL file: what is read of it ascends without a hole, and written again it is read as the same.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/check.h"
#include "eventlog/wal_format.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace parquedb;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  auto wal = DecodeWal(bytes, "fuzz.wal");
  if (!wal.ok()) {
    PARQUEDB_CHECK(!wal.status().message().empty());
    return 0;
  }
  PARQUEDB_CHECK(wal->valid_bytes <= size);
  int64_t lsn = wal->header.first_lsn;
  std::string again = EncodeWalHeader(wal->header);
  for (const Event& event : wal->events) {
    PARQUEDB_CHECK(event.lsn == lsn++);
    PARQUEDB_CHECK(AppendFrame(&again, event, 0, false).ok());
  }
  auto reread = DecodeWal(again, "again.wal");
  PARQUEDB_CHECK(reread.ok() && reread->events.size() == wal->events.size() && !reread->torn);
  std::string third = EncodeWalHeader(reread->header);
  for (const Event& event : reread->events) PARQUEDB_CHECK(AppendFrame(&third, event, 0, false).ok());
  PARQUEDB_CHECK(third == again);
  return 0;
}
