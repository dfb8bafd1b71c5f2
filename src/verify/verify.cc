#include "parquedb/verify.h"

#include <fmt/format.h>

#include "eventlog/checkpoint_marker.h"
#include "eventlog/manifest_file.h"
#include "model/layout.h"
#include "verify/derived_files.h"
#include "verify/file_checks.h"
#include "verify/log_checks.h"
#include "verify/state_checks.h"
#include "verify/subject.h"

namespace parquedb {
namespace {

constexpr int kAttemptsWithoutLock = 2;  // then under the writer's lock, where it can be had
constexpr int kAttempts = 10;

// A view of a log that may be damaged: what can't be taken is a finding, and the manifest alone is judged.
Status TakeSubjectView(Subject& subject, int64_t now_ms, bool* taken) {
  auto manifest = ReadEventManifest(subject.storage);
  if (!manifest.ok()) {
    // A folder with other files of the layout is a database that lost its manifest, not an empty place.
    bool lost = manifest.status().code() == StatusCode::kNotFound && !subject.record;
    if (lost) {
      ASSIGN_OR_RETURN(auto entries, subject.storage.List(""));
      for (const FileEntry& entry : entries) lost = lost && !ParsePath(entry.path);
    }
    if (lost) return manifest.status();
    FindingPlace place{std::string(kEventManifestPath)};
    if (manifest.status().code() == StatusCode::kNotFound) {
      subject.report.Critical(Check::kEventLog, place, "it is missing, and other files of a database are here");
      return Status::Ok();
    }
    return subject.report.Judge(Check::kEventLog, place, manifest.status());
  }
  auto view = TakeView(subject.storage, now_ms, {.pin_all = true, .namespaces = {}});
  if (view.ok()) {
    subject.view = std::move(*view);
    *taken = true;
    return Status::Ok();
  }
  RETURN_IF_ERROR(subject.report.Judge(Check::kEventLog, {}, view.status()));
  subject.view.manifest = std::move(*manifest);
  subject.view.head = subject.view.manifest.last_lsn();
  return Status::Ok();
}

Status CheckContent(Subject& subject, bool log_is_whole_in_view) {
  ASSIGN_OR_RETURN(DerivedFiles files, OpenDerivedFiles(subject));
  if (subject.level >= VerifyLevel::kFull) {
    for (const SegmentEntry& entry : subject.view.manifest.segments) Expect(subject.progress, entry.size_bytes);
    for (const auto& [ns, data] : files.data) Expect(subject.progress, data.size);
  }
  Fold fold(files.CutsOf(subject));
  bool replays = subject.level == VerifyLevel::kReplay;
  ASSIGN_OR_RETURN(bool whole, CheckLog(subject, replays ? &fold : nullptr));
  if (subject.level < VerifyLevel::kFull) {
    CheckCounts(subject, files);
    return Status::Ok();
  }
  if (replays && whole && log_is_whole_in_view) return CheckAgainstFold(subject, files, fold);
  return CheckFilesAlone(subject, files);
}

Status CompareWith(const Subject& subject, StorageBackend& other, int64_t now_ms) {
  auto view = TakeView(other, now_ms, {.pin_all = false, .namespaces = {}});
  if (!view.ok()) return view.status().With(other.Describe());
  Status compared = CompareStates(subject, other, *view);
  return compared.ok() ? compared : compared.With("compare");
}

// What an attempt looked at.
struct Judged {
  EventManifest manifest;
  bool together = true;  // its derived files are of one checkpoint, the one that the manifest names
};

Result<VerificationResult> VerifyOnce(const StorageBackend& storage, const VerifyOptions& options, Judged* judged) {
  Report report;
  Subject subject{.storage = storage, .level = options.level, .report = report};
  ASSIGN_OR_RETURN(auto restoring, storage.Stat(kRestoringPath));
  if (restoring)
    report.Critical(Check::kManifest, {std::string(kRestoringPath)},
                    "a restore into this directory has not ended: run the same pull or restore again");
  ASSIGN_OR_RETURN(CheckpointMarker marker, ReadCheckpointMarker(storage));
  subject.progress = options.progress;
  subject.cut_off = marker == CheckpointMarker::kReplacing;
  if (!restoring) {
    bool taken = false;
    RETURN_IF_ERROR(ReadRecord(subject));
    RETURN_IF_ERROR(TakeSubjectView(subject, options.now_ms, &taken));
    judged->manifest = subject.view.manifest;
    judged->together = !taken || subject.view.derived_together;
    bool has_log = !subject.view.manifest.database_id.empty();
    if (has_log) CheckRecord(subject);
    if (has_log || subject.record) RETURN_IF_ERROR(CheckFiles(subject));
    if (has_log) RETURN_IF_ERROR(CheckContent(subject, taken));
    if (options.compare != nullptr && taken) RETURN_IF_ERROR(CompareWith(subject, *options.compare, options.now_ms));
  }
  return report.Finish();
}

// True if a writer has committed since, or while the view was taken: a bloom file may then be newer than its data file.
bool HasMoved(const StorageBackend& storage, const Judged& judged, bool is_replacing) {
  auto now = ReadEventManifest(storage);
  return (now.ok() && !(*now == judged.manifest)) || (!judged.together && !is_replacing);
}

// True if a writer puts files in place now, or one ended while it did.
bool IsReplacing(const StorageBackend& storage) {
  auto marker = ReadCheckpointMarker(storage);
  return marker.ok() && *marker == CheckpointMarker::kReplacing;
}

}  // namespace

Result<VerificationResult> Verify(StorageBackend& storage, const VerifyOptions& options) {
  for (int attempt = 1;; ++attempt) {
    std::unique_ptr<FileLock> lock;
    bool asks_for_lock = attempt > kAttemptsWithoutLock;
    if (asks_for_lock && storage.capabilities().lock) {
      // Not to be had from a writer that stays, or in a folder that can't be written to.
      if (auto taken = storage.Lock(kLockPath, "verify"); taken.ok()) lock = std::move(*taken);
    }
    Judged judged;
    auto result = VerifyOnce(storage, options, &judged);
    if ((result.ok() && result->passed) || lock != nullptr) return result;
    bool is_replacing = IsReplacing(storage), moved = HasMoved(storage, judged, is_replacing);
    if (!moved && (asks_for_lock || !is_replacing)) return result;
    // What was found may be the writer's doing: nothing is called damaged that was not seen to stand still.
    if (moved && attempt == kAttempts) {
      return parquedb::Status(StatusCode::kBusy,
                              fmt::format("the database changed {} times while it was verified", kAttempts),
                              "verify again when less is written, or verify a backup of it");
    }
  }
}

}  // namespace parquedb
