#include "storage/fs_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "core/errno_status.h"

namespace parquedb {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    Reset();
    fd_ = other.Release();
  }
  return *this;
}

int Descriptor::Release() { return std::exchange(fd_, -1); }

void Descriptor::Reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<Descriptor> OpenFile(const std::string& name, int flags, int mode) {
  int fd;
  do {
    fd = ::open(name.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  if (fd >= 0) return Descriptor(fd);
  if (errno == ENOENT || errno == ENOTDIR) return NotFound(name + " does not exist");
  if (errno == EEXIST) return Conflict(name + " exists");
  return ErrnoStatus(name, "can't open");
}

Status WriteAll(int fd, std::string_view bytes, uint64_t offset, const std::string& name) {
  while (!bytes.empty()) {
    ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoStatus(name, "can't write");
    bytes.remove_prefix(static_cast<size_t>(written));
    offset += static_cast<uint64_t>(written);
  }
  return Status::Ok();
}

Status SyncFile(int fd, const std::string& name) {
  if (::fdatasync(fd) != 0) return ErrnoStatus(name, "can't sync");
  return Status::Ok();
}

Status SyncFolder(const std::string& folder) {
  ASSIGN_OR_RETURN(Descriptor descriptor, OpenFile(folder, O_RDONLY | O_DIRECTORY));
  if (::fsync(descriptor.get()) != 0) return ErrnoStatus(folder, "can't sync the folder");
  return Status::Ok();
}

std::string FolderOf(const std::string& path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status MakeUnsyncedFolders(const std::string& root, std::string_view relative_file, std::vector<std::string>* changed) {
  std::string folder = FolderOf(root + "/" + std::string(relative_file));
  std::vector<std::string> missing;
  struct stat found;
  while (::stat(folder.c_str(), &found) != 0) {
    if (errno != ENOENT) return ErrnoStatus(folder, "can't make the folder");
    missing.push_back(folder);
    if (folder == "/" || folder == ".") break;
    folder = FolderOf(folder);
  }
  if (!missing.empty() || S_ISDIR(found.st_mode)) {
    for (; !missing.empty(); missing.pop_back()) {
      if (::mkdir(missing.back().c_str(), 0777) != 0 && errno != EEXIST) {
        return ErrnoStatus(missing.back(), "can't make the folder");
      }
      changed->push_back(FolderOf(missing.back()));
    }
    return Status::Ok();
  }
  return IoError(folder + ": a folder was expected, a file was found");
}

Status MakeFolders(const std::string& root, std::string_view relative_file) {
  std::vector<std::string> changed;
  RETURN_IF_ERROR(MakeUnsyncedFolders(root, relative_file, &changed));
  for (const std::string& folder : changed) RETURN_IF_ERROR(SyncFolder(folder));
  return Status::Ok();
}

namespace {

struct TemporaryNames {
  std::mutex mutex;
  std::set<std::string> names;
};

TemporaryNames& Temporary() {
  static auto* const temporary = new TemporaryNames;  // outlives every thread
  return *temporary;
}

}  // namespace

void NoteTemporaryFile(const std::string& name, bool is_there) {
  std::lock_guard turn(Temporary().mutex);
  if (is_there) {
    Temporary().names.insert(name);
  } else {
    Temporary().names.erase(name);
  }
}

void RemoveTemporaryFiles() {
  std::lock_guard turn(Temporary().mutex);
  std::error_code ignored;
  for (const std::string& name : Temporary().names) std::filesystem::remove_all(name, ignored);
}

}  // namespace parquedb
