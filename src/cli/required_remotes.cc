#include "cli/required_remotes.h"

#include <fmt/format.h>

#include "core/clock.h"
#include "core/limits.h"
#include "eventlog/manifest_file.h"
#include "model/layout.h"
#include "model/push_note.h"

namespace parquedb {
namespace {

// What the newest backup of the slug has.
Result<PushNote> ReadPushed(const PushTarget& target) {
  ASSIGN_OR_RETURN(auto storage, OpenDirectory(target.repository));
  ASSIGN_OR_RETURN(auto repository, Repository::Open(std::move(storage)));
  ASSIGN_OR_RETURN(auto backups, repository->ListBackups());
  PushNote note;
  for (const BackupEntry& backup : backups) {
    if (backup.slug != target.slug) continue;
    ASSIGN_OR_RETURN(FileManifest snapshot, repository->ReadSnapshot(backup.snapshot));
    if (!snapshot.metadata) continue;
    note = {backup.database_id, backup.slug, snapshot.metadata->head, SystemClock().NowMs()};
  }
  if (note.database_id.empty()) return NotFound("there is no backup " + target.ref());
  return note;
}

// True if what is pushed to the target lies on the named remote.
bool IsAt(const Call& call, const std::string& name, const PushTarget& target) {
  auto path = RemotePath(call, name);
  return path.ok() && (target.repository == *path || target.repository.starts_with(*path + "/"));
}

}  // namespace

void NotePush(Session& session, const Call& call, StorageBackend& local, const PushTarget& target) {
  for (const std::string& name : call.required_remotes) {
    if (!IsAt(call, name, target)) continue;
    auto note = ReadPushed(target);
    Status noted = note.ok() ? local.Write(PushNotePath(name), EncodePushNote(*note)) : note.status();
    if (!noted.ok()) session.Say(fmt::format("warning: the push to {} is not noted: {}", name, noted.message()));
  }
}

Result<std::vector<RetentionLimit>> LimitsOfRequired(const Call& call, const StorageBackend& local) {
  std::vector<RetentionLimit> limits;
  if (call.required_remotes.empty()) return limits;
  ASSIGN_OR_RETURN(EventManifest manifest, ReadEventManifest(local));
  for (const std::string& name : call.required_remotes) {
    RetentionLimit limit{.lsn = 0, .reason = "what the required remote " + name + " has"};
    const std::string path = PushNotePath(name);
    auto text = ReadWhole(local, path, kMaxManifestBytes);
    if (!text.ok() && text.status().code() != StatusCode::kNotFound) return text.status();
    if (text.ok()) {
      // A damaged note is none: retirement waits for the next push.
      auto note = DecodePushNote(*text, path);
      if (note.ok() && note->database_id == manifest.database_id) limit.lsn = note->lsn;
    }
    limits.push_back(std::move(limit));
  }
  return limits;
}

}  // namespace parquedb
