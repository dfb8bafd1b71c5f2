// From what people write for a remote to a repository and a slug in it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/session.h"
#include "model/file_manifest.h"
#include "parquedb/storage.h"
#include "repository/pull.h"
#include "repository/repository.h"

namespace parquedb {

// Owner: --owner, as the environment and config files fill it in, else the login name.
Result<std::string> OwnerOf(const Call& call);

// "file:///path" or a path, as a path; kInvalidArgument for an unknown scheme.
Result<std::string> PathOfUrl(const std::string& text);
// The same, or a named remote's.
Result<std::string> RemotePath(const Call& call, const std::string& text);

// "default" if there is one (PARQUEDB_REMOTE_URL, [remote.default]); kInvalidArgument when there is none.
Result<std::string> DefaultRemote(const Call& call);

// Where a push goes: the remote itself when it holds a repository, else `owner` inside it.
struct PushTarget {
  std::string remote;      // as written
  std::string repository;  // path
  std::string owner, slug;
  std::string ref() const { return owner + "/" + slug; }
};
// `remote`: a URL, a path, a named remote, or owner/slug on the default remote.
Result<PushTarget> ResolvePushTarget(const Call& call, const std::string& remote, const std::string& owner,
                                     const std::string& slug);

// A backup that a REF names: the newest of its slug, or of any slug when it names none.
struct ResolvedBackup {
  std::unique_ptr<Repository> repository;
  BackupEntry backup;
  std::string name;  // for messages
};
// kNotFound names what was tried.
Result<ResolvedBackup> ResolveBackup(const Call& call, const std::string& ref);

// The instant (UTC ms) of the newest backup of that name on the default remote; nullopt when there is none.
std::optional<int64_t> InstantOfBackup(const Call& call, const std::string& name);

// The backup as a source to pull from or to read in place.
Result<PullSource> OpenBackup(const ResolvedBackup& resolved);

// True if the path is a backup repository or lies in one (as the folder of a slug does).
bool LiesInRepository(const std::string& path);

// The repositories below a remote's root (one for each owner), or the one that the path is.
Result<std::vector<std::string>> RepositoriesOf(const Call& call, const std::string& remote);

}  // namespace parquedb
