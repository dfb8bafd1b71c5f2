#include "repository/repository.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/limits.h"
#include "model/layout.h"
#include "storage/zstd_text.h"

namespace parquedb {
namespace {

constexpr int kCommitAttempts = 10;
constexpr uint64_t kMaxCommitBytes = 64 * kMiB;

}  // namespace

Result<std::unique_ptr<Repository>> Repository::Open(std::shared_ptr<StorageBackend> storage) {
  auto text = ReadWhole(*storage, kRepositoryPath, kMaxCommitBytes);
  if (!text.ok() && text.status().code() == StatusCode::kNotFound)
    return NotFound(storage->Describe() + " holds no backup repository");
  if (!text.ok()) return text.status();
  ASSIGN_OR_RETURN(RepositoryFormat format, DecodeRepositoryFormat(*text));
  (void)format;
  return std::unique_ptr<Repository>(new Repository(std::move(storage)));
}

Result<std::unique_ptr<Repository>> Repository::OpenOrCreate(std::shared_ptr<StorageBackend> storage, Clock& clock) {
  Capabilities can = storage->capabilities();
  if (!can.create_only)
    return Status(StatusCode::kUnsupportedStore, storage->Describe() + " can't create a file only if it is new");
  ASSIGN_OR_RETURN(auto present, storage->Stat(kRepositoryPath));
  if (!present) {
    Status made =
        storage->Write(kRepositoryPath, EncodeRepositoryFormat({clock.NowMs(), can.create_only, can.replace_if}),
                       WriteCondition::CreateOnly());
    if (!made.ok() && made.code() != StatusCode::kConflict) return made;
  }
  return Open(std::move(storage));
}

Result<std::vector<Commit>> Repository::ListCommits() const {
  ASSIGN_OR_RETURN(auto entries, storage_->List("_meta/commits/"));
  std::vector<Commit> commits;
  for (const FileEntry& entry : entries) {
    auto number = ParseCommitPath(entry.path);
    if (!number) continue;  // a temporary file of a push that is under way
    ASSIGN_OR_RETURN(std::string text, ReadWhole(*storage_, entry.path, kMaxCommitBytes));
    auto commit = DecodeCommit(text);
    if (!commit.ok()) return commit.status().With(entry.path);
    bool dense = *number == static_cast<int64_t>(commits.size()) + 1;
    if (!dense || commit->number != *number) {
      return Corruption(
          fmt::format("{}: commit {} was found, {} was expected", entry.path, commit->number, commits.size() + 1));
    }
    commits.push_back(std::move(*commit));
  }
  return commits;
}

std::vector<BackupEntry> BackupsOf(const std::vector<Commit>& commits) {
  std::vector<BackupEntry> backups;
  for (const Commit& commit : commits) {
    for (const std::string& gone : commit.expired) {
      std::erase_if(backups, [&](const BackupEntry& backup) { return backup.snapshot == gone; });
    }
    if (commit.snapshot.empty() || (commit.kind != "push" && commit.kind != "ship")) continue;
    std::erase_if(backups, [&](const BackupEntry& backup) { return backup.snapshot == commit.snapshot; });
    backups.push_back({commit.snapshot, commit.database_id, commit.slug, commit.instant_ms, commit});
  }
  return backups;
}

Result<std::vector<BackupEntry>> Repository::ListBackups() const {
  ASSIGN_OR_RETURN(auto commits, ListCommits());
  return BackupsOf(commits);
}

Result<std::optional<BackupEntry>> Repository::Newest(const std::string& slug) const {
  ASSIGN_OR_RETURN(auto backups, ListBackups());
  for (auto backup = backups.rbegin(); backup != backups.rend(); ++backup) {
    if (slug.empty() || backup->slug == slug) return std::optional<BackupEntry>(*backup);
  }
  return std::optional<BackupEntry>();
}

Result<FileManifest> Repository::ReadSnapshot(const std::string& id) const {
  std::string path = SnapshotPath(id);
  auto text = ReadWhole(*storage_, path, kMaxManifestBytes);
  if (!text.ok() && text.status().code() == StatusCode::kNotFound) {
    path = CompressedSnapshotPath(id);
    text = ReadWhole(*storage_, path, kMaxManifestBytes);
    if (text.ok()) text = DecompressText(*text, kMaxManifestBytes);
  }
  if (!text.ok() && text.status().code() == StatusCode::kNotFound) {
    return Corruption("the snapshot " + id + " is missing; a commit names it");
  }
  if (!text.ok()) return text.status().With(path);
  auto manifest = DecodeFileManifest(*text);
  if (!manifest.ok()) return manifest.status().With(path);
  return manifest;
}

Status Repository::WriteSnapshot(const std::string& id, const FileManifest& snapshot) {
  std::string text = EncodeFileManifest(snapshot);
  bool plain = text.size() <= kPlainSnapshotBytes;
  return storage_->Write(plain ? SnapshotPath(id) : CompressedSnapshotPath(id), plain ? text : CompressText(text),
                         WriteCondition::CreateOnly());
}

Result<Commit> Repository::AppendCommit(Commit commit, const std::function<Status(const std::vector<Commit>&)>& check) {
  for (int attempt = 0; attempt < kCommitAttempts; ++attempt) {
    ASSIGN_OR_RETURN(auto commits, ListCommits());
    RETURN_IF_ERROR(check(commits));
    commit.number = static_cast<int64_t>(commits.size()) + 1;
    Status written = storage_->Write(CommitPath(commit.number), EncodeCommit(commit), WriteCondition::CreateOnly());
    if (written.ok()) return commit;
    if (written.code() != StatusCode::kConflict) return written;
  }
  return Status(StatusCode::kBusy, "ten other commits came first", "try again");
}

}  // namespace parquedb
