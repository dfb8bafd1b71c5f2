#include "cli/subject.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "core/time_text.h"
#include "model/layout.h"
#include "repository/snapshot_backend.h"

namespace parquedb {
namespace {

bool Exists(const std::string& path) {
  struct stat found;
  return ::stat(path.c_str(), &found) == 0;
}

bool IsDatabaseFolder(const std::string& text) {
  if (Exists(text + "/" + std::string(kEventManifestPath))) return true;
  if (LiesInRepository(text)) return false;
  // One that has lost its manifest is damaged, not absent.
  return Exists(text + "/events") || Exists(text + "/_meta") || Exists(text + "/data") || Exists(text + "/rels");
}

// A folder that is there is meant as one, also without ./ in front.
Result<ResolvedBackup> Resolve(const Call& call, const std::string& text) {
  bool is_name = text.find("://") == std::string::npos && text.find_first_of("/.~") != 0;
  auto resolved = ResolveBackup(call, is_name && Exists(text) ? "./" + text : text);
  if (resolved.ok()) return resolved;
  StatusCode code = resolved.status().code();
  bool missing = code == StatusCode::kNotFound || code == StatusCode::kInvalidArgument;
  if (!missing || text.find("://") != std::string::npos) return resolved.status();
  // Of a folder that is not there, nothing else is known than that.
  bool is_path = !is_name || Exists(text);
  return NotFound("there is neither a database nor a backup at " + text,
                  is_path && Exists(text) ? resolved.status().hint()
                                          : "name a folder that is there, or a backup: see parquedb help remotes");
}

Result<Source> SourceOf(const Session& session, const PullSource& backup, const ViewRequest& request) {
  Source source;
  source.name = backup.name;
  source.storage = session.Metered(std::make_shared<SnapshotBackend>(backup.repository, backup.snapshot, backup.name));
  ViewRequest checked = request;
  checked.check_segments = true;
  checked.pin_segments = false;
  ASSIGN_OR_RETURN(source.view, TakeView(*source.storage, backup.instant_ms, checked));
  source.view.is_backup = true;
  return source;
}

Window WindowOf(const FileManifest& snapshot, int64_t instant_ms) {
  return {snapshot.metadata ? snapshot.metadata->window_from_ms : instant_ms, instant_ms};
}

}  // namespace

bool NamesBackup(const std::string& text) { return !IsDatabaseFolder(text); }

Result<std::unique_ptr<StorageBackend>> OpenSubject(const Call& call, const std::string& text) {
  if (IsDatabaseFolder(text)) return OpenDirectory(text);
  ASSIGN_OR_RETURN(ResolvedBackup resolved, Resolve(call, text));
  ASSIGN_OR_RETURN(PullSource source, OpenBackup(resolved));
  return std::unique_ptr<StorageBackend>(
      std::make_unique<SnapshotBackend>(source.repository, source.snapshot, source.name));
}

Result<Source> OpenSubjectSource(const Session& session, const Call& call, const std::string& text,
                                 const ViewRequest& request) {
  if (IsDatabaseFolder(text)) return session.OpenSource(text, request);
  ASSIGN_OR_RETURN(ResolvedBackup resolved, Resolve(call, text));
  ASSIGN_OR_RETURN(PullSource source, OpenBackup(resolved));
  return SourceOf(session, source, request);
}

Result<Source> OpenBackupSource(Session& session, const Call& call, const std::string& ref,
                                const std::optional<std::string>& at) {
  ASSIGN_OR_RETURN(ResolvedBackup resolved, ResolveBackup(call, ref));
  std::optional<int64_t> ts_ms;
  if (at) ts_ms = ParseInstant(*at, SystemClock().NowMs());
  if (ts_ms) {
    ASSIGN_OR_RETURN(auto backups, resolved.repository->ListBackups());
    std::optional<BackupEntry> of_slug, of_database;
    for (const BackupEntry& backup : backups) {
      if (backup.database_id != resolved.backup.database_id) continue;
      ASSIGN_OR_RETURN(FileManifest snapshot, resolved.repository->ReadSnapshot(backup.snapshot));
      Window window = WindowOf(snapshot, backup.instant_ms);
      if (*ts_ms < window.from_ms || *ts_ms > window.to_ms) continue;
      of_database = backup;
      if (backup.slug == resolved.backup.slug) of_slug = backup;
    }
    if (of_slug || of_database) resolved.backup = of_slug ? *of_slug : *of_database;
  }
  session.Note(fmt::format("from {}, backup {} of {}", resolved.name, resolved.backup.snapshot,
                           FormatTime(resolved.backup.instant_ms)));
  ASSIGN_OR_RETURN(PullSource source, OpenBackup(resolved));
  return SourceOf(session, source, {.pin_all = true, .namespaces = {}});
}

Result<std::vector<Window>> BackupWindows(const Call& call, const std::string& ref) {
  ASSIGN_OR_RETURN(ResolvedBackup resolved, Resolve(call, ref));
  ASSIGN_OR_RETURN(auto backups, resolved.repository->ListBackups());
  std::vector<Window> windows;
  for (const BackupEntry& backup : backups) {
    if (backup.database_id != resolved.backup.database_id) continue;
    ASSIGN_OR_RETURN(FileManifest snapshot, resolved.repository->ReadSnapshot(backup.snapshot));
    windows.push_back(WindowOf(snapshot, backup.instant_ms));
  }
  std::sort(windows.begin(), windows.end(), [](const Window& a, const Window& b) { return a.from_ms < b.from_ms; });
  std::vector<Window> joined;
  for (const Window& window : windows) {
    if (!joined.empty() && window.from_ms <= joined.back().to_ms + 1) {
      joined.back().to_ms = std::max(joined.back().to_ms, window.to_ms);
    } else {
      joined.push_back(window);
    }
  }
  return joined;
}

}  // namespace parquedb
