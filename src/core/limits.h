// Every bound on what comes from outside: input, files, manifests. A length read from a file is compared with one of
// these before it is used.
#pragma once

#include <cstddef>
#include <cstdint>

namespace parquedb {

constexpr uint64_t kKiB = 1024;
constexpr uint64_t kMiB = 1024 * kKiB;

constexpr size_t kMaxDocumentBytes = 16 * kMiB;  // counted on the compact text
constexpr int kMaxDocumentDepth = 100;           // the document itself is level 1
constexpr size_t kMaxIdBytes = 512;
constexpr size_t kMaxNamespaceBytes = 64;
constexpr size_t kMaxActorBytes = 256;
constexpr uint64_t kMaxFrameBytes = 40 * kMiB;        // before and after of the largest document, and room
constexpr uint64_t kMaxManifestBytes = 512 * kMiB;    // a manifest of a million files is about 300 MB
constexpr uint64_t kPlainSnapshotBytes = kMiB;        // a larger snapshot is stored compressed
constexpr uint64_t kMaxInputRecordBytes = 64 * kMiB;  // raw text of one record: 16 MiB compact, with escapes and blanks

constexpr uint64_t kFlushBytes = 8 * kMiB;         // WAL size at which a flush follows
constexpr int64_t kFlushEvents = 20'000;           // WAL events, likewise
constexpr uint64_t kDirectBatchBytes = 64 * kMiB;  // a larger batch goes straight into segments
constexpr uint64_t kRowGroupBytes = 64 * kMiB;     // raw bytes after which a row group ends
constexpr int64_t kRowGroupRows = 65'536;          // rows, likewise
constexpr int64_t kMaxClockRegressionMs = 60'000;  // a clock further behind the last event refuses writes
constexpr int64_t kMaxEventAheadMs = 60'000;       // an imported event may be this far ahead of the clock

}  // namespace parquedb
