// Every environment variable that exists for tests only. None changes what is on disk for a user who does not set it.
#pragma once

#include <cstdint>
#include <optional>

namespace parquedb {

constexpr char kTestClockVariable[] = "PARQUEDB_TEST_CLOCK_MS";   // a fixed clock, UTC ms
constexpr char kFlushEventsVariable[] = "PARQUEDB_FLUSH_EVENTS";  // flush after so many events in the WAL
constexpr char kDirectBatchVariable[] =
    "PARQUEDB_TEST_DIRECT_BATCH_BYTES";                            // a larger batch goes straight into segments
constexpr char kBaseBytesVariable[] = "PARQUEDB_TEST_BASE_BYTES";  // no base before so many; 0: behind every segment
constexpr char kSortBytesVariable[] = "PARQUEDB_TEST_SORT_BYTES";  // memory of a sorted query, before TMPDIR is used
constexpr char kKillAtVariable[] =
    "PARQUEDB_TEST_KILL_AT";  // "<point>[:n]": SIGKILL at the nth passing of a named point

// The variable as a whole number, if it is set to one.
std::optional<int64_t> TestNumber(const char* variable);

// A named point between two steps on disk. Kills the process (SIGKILL) when kKillAtVariable names it; else costs one
// load. Names: docs/ordering.md lists them.
void PassKillPoint(const char* name);

}  // namespace parquedb
