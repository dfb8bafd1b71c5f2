// File descriptors and the system calls of the directory backend, each with its error as a Status.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parquedb/status.h"

namespace parquedb {

// Owns a descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.Release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { Reset(); }
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release();
  void Reset();

 private:
  int fd_ = -1;
};

// `name` is for messages: the whole path.
Result<Descriptor> OpenFile(const std::string& name, int flags, int mode = 0666);
Status WriteAll(int fd, std::string_view bytes, uint64_t offset, const std::string& name);
Status SyncFile(int fd, const std::string& name);  // fdatasync
// fsync of the folder, so that names in it are durable.
Status SyncFolder(const std::string& folder);
// Makes the folders above a file, each durable in its parent.
Status MakeFolders(const std::string& root, std::string_view relative_file);
// The same, but not durable; folders that got a name are added to *changed.
Status MakeUnsyncedFolders(const std::string& root, std::string_view relative_file, std::vector<std::string>* changed);
std::string FolderOf(const std::string& path);

// The temporary files and folders that this process has now, for the one who ends it in the middle.
void NoteTemporaryFile(const std::string& name, bool is_there);
void RemoveTemporaryFiles();

}  // namespace parquedb
