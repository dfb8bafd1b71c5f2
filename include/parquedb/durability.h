#pragma once

namespace parquedb {

// What an acknowledged write survives.
enum class Durability {
  kSync,     // a power cut: the WAL is synced before the call returns
  kProcess,  // the end of the process: the WAL is written, the system syncs it when it likes
};

}  // namespace parquedb
