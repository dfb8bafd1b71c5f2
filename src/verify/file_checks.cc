#include "verify/file_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/limits.h"
#include "core/sha256.h"
#include "model/layout.h"
#include "repository/snapshot_backend.h"
#include "storage/hash_file.h"

namespace parquedb {
namespace {

// What is known of a file that should be there.
struct Named {
  std::optional<uint64_t> size;
  std::string hash;  // sha256, "" when unknown
  bool in_record = false;
  bool in_log = false;        // named by events/manifest.json
  bool may_be_newer = false;  // the record does not know it as it is now
};

class FileChecker {
 public:
  explicit FileChecker(Subject& subject) : subject_(subject), report_(subject.report) {}

  Status Run() {
    NameByRecord();
    NameByLog();
    for (const auto& [path, named] : named_) {
      bool is_read = subject_.level != VerifyLevel::kQuick && !named.hash.empty() && !named.may_be_newer && named.size;
      if (is_read) Expect(subject_.progress, static_cast<int64_t>(*named.size));
    }
    int64_t expected = 0, found = 0;
    for (const auto& [path, named] : named_) {
      bool there = false;
      RETURN_IF_ERROR(CheckOne(path, named, &there));
      if (!there && !named.in_log && named.may_be_newer) continue;  // gone since the record was written
      ++expected;
      if (there) ++found;
    }
    report_.SetCounts(Check::kFileCount, expected, found);
    return subject_.is_backup ? Status::Ok() : FindStrays();
  }

 private:
  // Which segments there are, events/manifest.json alone says: one that it does not name any more was merged with
  // others or retired since the record was written. A log that lacks one for another reason has a hole, or ends too
  // early.
  bool IsGone(const std::string& path) const {
    auto name = ParsePath(path);
    if (subject_.is_backup || !name || name->kind != FileKind::kSegment) return false;
    const auto& segments = subject_.view.manifest.segments;
    return !subject_.view.manifest.database_id.empty() &&
           std::none_of(segments.begin(), segments.end(), [&](const auto& entry) { return entry.path == path; });
  }

  // Numbers ascend, so a greater one than those that the record knows was given later.
  bool IsNewer(const SegmentEntry& entry) const {
    if (!subject_.record || subject_.is_backup) return false;
    if (subject_.record->metadata && entry.max_lsn > subject_.record->metadata->head) return true;
    for (const auto& [path, file] : subject_.record->files) {
      auto name = ParsePath(path);
      if (name && name->kind == FileKind::kSegment && name->number >= entry.seq) return false;
    }
    return true;
  }

  bool RecordKnows(const std::string& path) const {
    if (!subject_.record_is_behind()) return true;
    if (!subject_.record || !subject_.record->metadata) return false;
    auto name = ParsePath(path);
    if (!name || name->kind == FileKind::kSegment) return true;  // immutable
    if (subject_.cut_off) return false;
    std::string through_of = name->kind == FileKind::kBloom ? DataPath(name->ns) : path;
    auto entry = subject_.view.manifest.files.find(through_of);
    return entry != subject_.view.manifest.files.end() && entry->second <= subject_.record->metadata->checkpoint;
  }

  void NameByRecord() {
    if (!subject_.record) return;
    for (const auto& [path, file] : subject_.record->files) {
      Named named{.size = static_cast<uint64_t>(file.size),
                  .hash = file.hash,
                  .in_record = true,
                  .in_log = false,
                  .may_be_newer = IsGone(path) || !RecordKnows(path)};
      if (file.hash_algorithm != "sha256") {
        report_.Warning(Check::kHashes, {path},
                        "its hash is " + file.hash_algorithm + " in the manifest: only sha256 is checked");
        named.hash.clear();
      }
      named_.emplace(path, std::move(named));
    }
  }

  void NameByLog() {
    const EventManifest& manifest = subject_.view.manifest;
    for (const SegmentEntry& entry : manifest.segments) {
      Named& named = named_[entry.path];
      if (named.in_record && (named.hash != entry.sha256 || named.size != static_cast<uint64_t>(entry.size_bytes))) {
        report_.Critical(
            Check::kHashes, {entry.path},
            fmt::format("_meta/manifest.json says {} bytes of sha256 {}, events/manifest.json {} bytes of {}",
                        *named.size, named.hash, entry.size_bytes, entry.sha256));
      }
      named.in_log = true;
      named.size = static_cast<uint64_t>(entry.size_bytes);
      named.hash = entry.sha256;
      NoteUnrecorded(entry.path, named, IsNewer(entry));
    }
    for (const auto& [path, through] : manifest.files) {
      Named& named = named_[path];
      named.in_log = true;
      NoteUnrecorded(path, named, !RecordKnows(path));
    }
  }

  void NoteUnrecorded(const std::string& path, const Named& named, bool newer) {
    if (named.in_record || !subject_.record) return;
    if (newer)
      return report_.Warning(Check::kFileCount, {path}, "the manifest is behind: it does not list this file yet");
    report_.Critical(Check::kFileCount, {path}, "events/manifest.json names it, _meta/manifest.json does not");
  }

  Status CheckOne(const std::string& path, const Named& named, bool* there) {
    auto file = subject_.storage.Open(path);
    if (!file.ok() && file.status().code() == StatusCode::kNotFound) {
      if (named.in_log || !named.may_be_newer)
        report_.Critical(Check::kFileCount, {path}, "it is missing; the manifest names it");
      return Status::Ok();
    }
    if (!file.ok()) return report_.Judge(Check::kFileCount, {path}, file.status());
    *there = true;
    if (named.may_be_newer) {
      if (subject_.record)
        report_.Warning(Check::kHashes, {path}, "the manifest is behind: this file is judged by the log");
      return Status::Ok();
    }
    if (named.size && (*file)->size() != *named.size) {
      report_.Critical(
          Check::kHashes, {path},
          fmt::format("it has {} bytes; the manifest says {}, of sha256 {}", (*file)->size(), *named.size, named.hash));
      return Status::Ok();
    }
    if (named.hash.empty() || subject_.level == VerifyLevel::kQuick) return Status::Ok();
    auto hash = HashFile(**file, [this](std::string_view block) {
      Advance(subject_.progress, static_cast<int64_t>(block.size()), static_cast<int64_t>(block.size()));
      return Status::Ok();
    });
    if (!hash.ok()) return report_.Judge(Check::kHashes, {path}, hash.status());
    if (*hash != named.hash)
      report_.Critical(Check::kHashes, {path},
                       fmt::format("its sha256 is {}; the manifest says {}", *hash, named.hash));
    return Status::Ok();
  }

  Status FindStrays() {
    ASSIGN_OR_RETURN(auto entries, subject_.storage.List(""));
    for (const FileEntry& entry : entries) {
      auto name = ParsePath(entry.path);
      if (!name || named_.contains(entry.path)) continue;
      bool expected = name->kind == FileKind::kWal || name->kind == FileKind::kEventManifest ||
                      name->kind == FileKind::kFileManifest;
      // A bloom file belongs to its data file, recorded or not.
      if (name->kind == FileKind::kBloom && named_.contains(DataPath(name->ns))) expected = true;
      if (!expected) report_.Warning(Check::kFileCount, {entry.path}, "no manifest names it");
    }
    return Status::Ok();
  }

  Subject& subject_;
  Report& report_;
  std::map<std::string, Named> named_;
};

}  // namespace

Status ReadRecord(Subject& subject) {
  if (const auto* backup = dynamic_cast<const SnapshotBackend*>(&subject.storage)) {
    subject.is_backup = true;
    subject.record = backup->snapshot();
    return Status::Ok();
  }
  auto text = ReadWhole(subject.storage, kFileManifestPath, kMaxManifestBytes);
  if (!text.ok() && text.status().code() == StatusCode::kNotFound) {
    subject.report.Critical(Check::kManifest, {std::string(kFileManifestPath)},
                            "it is missing: the next flush or checkpoint writes it anew");
    return Status::Ok();
  }
  if (!text.ok()) return subject.report.Judge(Check::kManifest, {std::string(kFileManifestPath)}, text.status());
  auto record = DecodeFileManifest(*text);
  if (!record.ok()) return subject.report.Judge(Check::kManifest, {std::string(kFileManifestPath)}, record.status());
  subject.record = std::move(*record);
  return Status::Ok();
}

void CheckRecord(Subject& subject) {
  if (!subject.record) return;
  Report& report = subject.report;
  const FileManifest& record = *subject.record;
  const EventManifest& events = subject.view.manifest;
  FindingPlace place{std::string(kFileManifestPath)};
  if (record.database_id != events.database_id) {
    report.Critical(
        Check::kManifest, place,
        fmt::format("it is of database {}, events/manifest.json of {}", record.database_id, events.database_id));
  }
  if (!subject.is_backup && record.name != events.dataset) {
    report.Critical(Check::kManifest, place,
                    fmt::format("it calls the database '{}', events/manifest.json '{}'", record.name, events.dataset));
  }
  if (!record.metadata)
    return report.Warning(Check::kManifest, place, "it has no metadata: counts and digest are judged by the log alone");
  int64_t head = subject.view.head;
  if (record.metadata->head > head) {
    report.Critical(Check::kEventLog, place,
                    fmt::format("it knows the log through lsn {}, the log ends at {}: events are missing",
                                record.metadata->head, head));
  } else if (subject.is_backup && record.metadata->head < head) {
    report.Critical(Check::kEventLog, place,
                    fmt::format("the backup goes through lsn {}, its log ends at {}", record.metadata->head, head));
  }
  if (record.metadata->checkpoint > events.checkpoint) {
    report.Critical(Check::kManifest, place,
                    fmt::format("its checkpoint is lsn {}, that of events/manifest.json {}",
                                record.metadata->checkpoint, events.checkpoint));
  } else if (subject.record_is_behind()) {
    report.Warning(Check::kManifest, place,
                   subject.cut_off ? "a checkpoint did not end: `parquedb checkpoint` makes the derived files anew"
                                   : "the manifest is behind the log");
  }
}

Status CheckFiles(Subject& subject) { return FileChecker(subject).Run(); }

}  // namespace parquedb
