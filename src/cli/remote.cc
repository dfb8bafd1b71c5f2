#include "cli/remote.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "model/layout.h"
#include "model/names.h"

namespace parquedb {
namespace {

bool Exists(const std::string& path) {
  struct stat found;
  return ::stat(path.c_str(), &found) == 0;
}

bool IsRepository(const std::string& path) { return Exists(path + "/" + std::string(kRepositoryPath)); }

bool LooksLikePath(const std::string& text) {
  return text.starts_with("./") || text.starts_with("../") || text.starts_with("/") || text.starts_with("~") ||
         text == "." || text == ".." || text.find("://") != std::string::npos;
}

std::string TrimSlashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

// The longest prefix of the path that is a repository, and the rest of it as the slug.
struct Split {
  std::string repository, slug;
};
std::optional<Split> SplitRepository(const std::string& path) {
  for (std::string at = TrimSlashes(path); !at.empty();) {
    if (IsRepository(at))
      return Split{at, at.size() < path.size()
                           ? TrimSlashes(path).substr(std::min(path.size(), at == "/" ? 1 : at.size() + 1))
                           : ""};
    size_t slash = at.rfind('/');
    if (slash == std::string::npos) break;
    at = slash == 0 ? (at == "/" ? "" : "/") : at.substr(0, slash);
  }
  return std::nullopt;
}

Result<std::optional<ResolvedBackup>> Try(const std::string& repository_path, const std::string& slug) {
  if (!IsRepository(repository_path)) return std::optional<ResolvedBackup>();
  ASSIGN_OR_RETURN(auto storage, OpenDirectory(repository_path));
  ASSIGN_OR_RETURN(auto repository, Repository::Open(std::move(storage)));
  ASSIGN_OR_RETURN(auto newest, repository->Newest(slug));
  if (!newest) return std::optional<ResolvedBackup>();
  std::string name = repository_path + "/" + newest->slug;
  return std::optional<ResolvedBackup>(ResolvedBackup{std::move(repository), std::move(*newest), std::move(name)});
}

// Folders of a remote's root that are repositories, by name.
std::vector<std::string> OwnersIn(const std::string& root) {
  std::vector<std::string> owners;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(root, ignored)) {
    if (IsRepository(entry.path().string())) owners.push_back(entry.path().filename().string());
  }
  std::sort(owners.begin(), owners.end());
  return owners;
}

Result<ResolvedBackup> ResolvePath(const Call& call, const std::string& path) {
  if (auto split = SplitRepository(path)) {
    ASSIGN_OR_RETURN(auto found, Try(split->repository, split->slug));
    if (found) return std::move(*found);
    return NotFound(fmt::format("the repository {} has no backup {}", split->repository,
                                split->slug.empty() ? "at all" : split->slug),
                    "parquedb backups " + split->repository);
  }
  // A remote's root: the repository is the owner's in it.
  ASSIGN_OR_RETURN(std::string owner, OwnerOf(call));
  ASSIGN_OR_RETURN(auto found, Try(TrimSlashes(path) + "/" + owner, ""));
  if (found) return std::move(*found);
  std::vector<std::string> others = OwnersIn(TrimSlashes(path));
  return NotFound(fmt::format("there is no backup repository at {} or {}/{}", path, path, owner),
                  others.empty() ? "parquedb push --to " + path + " makes one"
                                 : fmt::format("add --owner: there {} {}", others.size() == 1 ? "is" : "are",
                                               fmt::join(others, ", ")));
}

// owner/slug or slug on the default remote.
Result<ResolvedBackup> ResolveName(const Call& call, const std::string& ref) {
  Status good = CheckSlug(ref);
  if (!good.ok())
    return NotFound(fmt::format("{} is neither a path nor the name of a backup", ref),
                    "a path begins with ./, ../ or /");
  auto remote = DefaultRemote(call);
  if (!remote.ok() && Exists(ref))
    return InvalidArgument(ref + " is neither a remote nor a backup's name", "./" + ref + " is a folder");
  if (!remote.ok()) return remote.status();
  ASSIGN_OR_RETURN(std::string root, RemotePath(call, *remote));
  ASSIGN_OR_RETURN(std::string owner, OwnerOf(call));
  if (IsRepository(root)) {
    ASSIGN_OR_RETURN(auto whole, Try(root, ref));
    if (whole) return std::move(*whole);
  }
  ASSIGN_OR_RETURN(auto own, Try(root + "/" + owner, ref));
  if (own) return std::move(*own);
  size_t slash = ref.find('/');
  std::string tried = owner + "/" + ref;
  if (slash != std::string::npos) {
    ASSIGN_OR_RETURN(auto named, Try(root + "/" + ref.substr(0, slash), ref.substr(slash + 1)));
    if (named) return std::move(*named);
    if (IsRepository(root)) {
      ASSIGN_OR_RETURN(auto whole, Try(root, ref.substr(slash + 1)));
      if (whole) return std::move(*whole);
    }
    tried += " and " + ref;
  } else {
    ASSIGN_OR_RETURN(auto named, Try(root + "/" + ref, ""));
    if (named) return std::move(*named);
  }
  return NotFound(fmt::format("{} has no backup {}", root, tried), "parquedb backups " + root);
}

}  // namespace

Result<std::string> OwnerOf(const Call& call) {
  std::string owner = call.Get("--owner", LoginName());
  RETURN_IF_ERROR(CheckNamePart("owner", owner));
  return owner;
}

Result<std::string> PathOfUrl(const std::string& text) {
  size_t scheme = text.find("://");
  std::string path = text;
  if (scheme != std::string::npos) {
    std::string name = text.substr(0, scheme);
    if (name != "file")
      return InvalidArgument("unknown scheme " + name + ":// in " + text, "a remote is a path or file:///path");
    path = text.substr(scheme + 3);
    if (!path.starts_with('/'))
      return InvalidArgument(text + " has no absolute path", "file:///path has three slashes");
  }
  if (path == "~" || path.starts_with("~/")) {
    const char* home = std::getenv("HOME");
    if (home != nullptr) path = home + path.substr(1);
  }
  if (path.empty()) return InvalidArgument("a remote is an empty text");
  return TrimSlashes(path);
}

Result<std::string> RemotePath(const Call& call, const std::string& text) {
  if (LooksLikePath(text)) return PathOfUrl(text);
  auto named = call.remotes.find(text);
  if (named == call.remotes.end()) return PathOfUrl(text);
  auto path = PathOfUrl(named->second.value);
  return path.ok() ? path : path.status().With("remote " + text + " of " + named->second.origin);
}

Result<std::string> DefaultRemote(const Call& call) {
  if (call.remotes.contains("default")) return std::string("default");
  std::string_view verb = call.command->name;
  std::string_view say = verb == "push" ? "say --to /path, " : verb == "sync" ? "say --with /path, " : "";
  return InvalidArgument("no remote is named",
                         fmt::format("{}set PARQUEDB_REMOTE_URL, or: parquedb remote add default /path", say));
}

Result<PushTarget> ResolvePushTarget(const Call& call, const std::string& remote, const std::string& owner,
                                     const std::string& slug) {
  PushTarget target{.remote = remote, .repository = {}, .owner = owner, .slug = slug};
  bool plain = !LooksLikePath(remote) && !call.remotes.contains(remote) && remote.find('/') != std::string::npos;
  if (plain && call.remotes.contains("default") && CheckSlug(remote).ok() && !Exists(remote)) {
    // owner/slug on the default remote.
    target.remote = "default";
    target.owner = remote.substr(0, remote.find('/'));
    target.slug = remote.substr(remote.find('/') + 1);
  }
  ASSIGN_OR_RETURN(std::string path, RemotePath(call, target.remote));
  // The default one is shown by its URL: nobody named it.
  if (auto url = call.remotes.find(target.remote); target.remote == "default" && url != call.remotes.end())
    target.remote = url->second.value;
  target.repository = IsRepository(path) ? path : path + "/" + target.owner;
  return target;
}

Result<ResolvedBackup> ResolveBackup(const Call& call, const std::string& ref) {
  if (!LooksLikePath(ref) && call.remotes.contains(ref)) {
    ASSIGN_OR_RETURN(std::string path, RemotePath(call, ref));
    return ResolvePath(call, path);
  }
  if (!LooksLikePath(ref)) return ResolveName(call, ref);
  ASSIGN_OR_RETURN(std::string path, PathOfUrl(ref));
  return ResolvePath(call, path);
}

std::optional<int64_t> InstantOfBackup(const Call& call, const std::string& name) {
  if (!call.remotes.contains("default") || !CheckSlug(name).ok()) return std::nullopt;
  auto found = ResolveName(call, name);
  if (!found.ok()) return std::nullopt;
  return found->backup.instant_ms;
}

Result<PullSource> OpenBackup(const ResolvedBackup& resolved) {
  ASSIGN_OR_RETURN(FileManifest snapshot, resolved.repository->ReadSnapshot(resolved.backup.snapshot));
  return PullSource{.repository = resolved.repository->shared_storage(),
                    .snapshot = std::move(snapshot),
                    .name = resolved.name,
                    .instant_ms = resolved.backup.instant_ms};
}

bool LiesInRepository(const std::string& path) { return SplitRepository(path).has_value(); }

Result<std::vector<std::string>> RepositoriesOf(const Call& call, const std::string& remote) {
  ASSIGN_OR_RETURN(std::string path, RemotePath(call, remote));
  if (auto split = SplitRepository(path)) return std::vector<std::string>{split->repository};
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    if (IsRepository(entry.path().string())) found.push_back(entry.path().string());
  }
  if (error || found.empty())
    return NotFound("there is no backup repository at " + path, "parquedb push --to " + path + " makes one");
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace parquedb
