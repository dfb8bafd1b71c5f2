#include "parquedb/verify.h"

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

constexpr int kAttempts = 3;  // the last under the writer's lock

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

// One attempt. `manifest`: what was judged.
Result<VerificationResult> VerifyOnce(const StorageBackend& storage, const VerifyOptions& options,
                                      EventManifest* manifest) {
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
    *manifest = subject.view.manifest;
    bool has_log = !subject.view.manifest.database_id.empty();
    if (has_log) CheckRecord(subject);
    if (has_log || subject.record) RETURN_IF_ERROR(CheckFiles(subject));
    if (has_log) RETURN_IF_ERROR(CheckContent(subject, taken));
    if (options.compare != nullptr && taken) RETURN_IF_ERROR(CompareWith(subject, *options.compare, options.now_ms));
  }
  return report.Finish();
}

// True if a writer has put other files in place since, or is about to.
bool HasMoved(const StorageBackend& storage, const EventManifest& judged) {
  auto now = ReadEventManifest(storage);
  auto marker = ReadCheckpointMarker(storage);
  return (now.ok() && !(*now == judged)) || (marker.ok() && *marker == CheckpointMarker::kReplacing);
}

}  // namespace

Result<VerificationResult> Verify(StorageBackend& storage, const VerifyOptions& options) {
  for (int attempt = 1;; ++attempt) {
    std::unique_ptr<FileLock> lock;
    if (attempt == kAttempts && storage.capabilities().lock) {
      // Another holder, or a folder that can't be written to: this attempt stands without it.
      if (auto taken = storage.Lock(kLockPath, "verify"); taken.ok()) lock = std::move(*taken);
    }
    EventManifest judged;
    auto result = VerifyOnce(storage, options, &judged);
    bool good = result.ok() && result->passed;
    if (good || attempt == kAttempts || !HasMoved(storage, judged)) return result;
  }
}

}  // namespace parquedb
