// Proof that a database or a backup is whole: the guide's checklist, up to a replay of the log by code of its own that
// is compared with every row of every derived file, both ways.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "parquedb/status.h"
#include "parquedb/storage.h"

namespace parquedb {

class Progress;

// Each level does what the one before it does, and more.
enum class VerifyLevel {
  kQuick,   // manifests, presence and size of files, footers
  kHash,    // the bytes of every file against its hash
  kFull,    // every page and row is read; the log's order, links both ways, bloom files
  kReplay,  // the log is folded, and the whole state compared with it
};

// kCritical: the copy can't be trusted (verification fails). kWarning: worth to know.
enum class Severity { kCritical, kWarning };

// Inclusive.
struct LsnRange {
  int64_t from = 0, to = 0;
  bool operator==(const LsnRange&) const = default;
};

// One defect.
struct Finding {
  std::string check;  // name of the check that found it
  Severity severity = Severity::kCritical;
  std::string path;                   // of the file; "" for none
  std::string ns;                     // namespace; "" for none
  std::optional<LsnRange> lsn_range;  // events that say otherwise
  std::string message;
};

// One line of the guide's checklist. `severity` is the checklist's; the findings have their own.
struct VerificationCheck {
  std::string name;
  bool passed = true;  // no critical finding
  Severity severity = Severity::kCritical;
  std::optional<int64_t> expected, actual;  // files, entities
};

struct VerificationResult {
  bool passed = true;                         // no critical finding at all
  std::vector<VerificationCheck> checks;      // eight, in the guide's order
  std::vector<std::string> warnings, errors;  // messages of the findings
  std::vector<Finding> findings;              // at most 100 a check; one more says how many there are
};

struct VerifyOptions {
  VerifyLevel level = VerifyLevel::kReplay;
  int64_t now_ms = 0;                 // UTC; the instant of the view
  Progress* progress = nullptr;       // bytes of files
  StorageBackend* compare = nullptr;  // another database or backup; its state must be the same, entity by entity
};

// Verifies the database (a directory, or a backup through a SnapshotBackend) as a reader: beside a writer it judges one
// view; if files go while it reads, it begins again, from the third time on under the writer's lock if it is free.
// Defects are findings; a Status is what kept it from judging: kNotFound (no database), kUnsupported (a newer format),
// kIo, kBusy. Memory: 128 MiB and one row group, whatever the size (more goes through TMPDIR). Nothing is changed.
Result<VerificationResult> Verify(StorageBackend& storage, const VerifyOptions& options);

}  // namespace parquedb
