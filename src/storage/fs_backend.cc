#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <set>

#include "core/errno_status.h"
#include "core/limits.h"
#include "parquedb/storage.h"
#include "storage/fs_file.h"
#include "storage/path_check.h"

namespace parquedb {
namespace {

constexpr size_t kSyncEachUpTo = 8;              // from here on one syncfs is cheaper than a sync a file
constexpr size_t kPendingBufferBytes = 1 << 20;  // bytes of a pending file that are collected before a write

std::string EtagOf(const struct stat& found) {
  return std::to_string(found.st_ino) + "-" + std::to_string(found.st_size) + "-" +
         std::to_string(found.st_mtim.tv_sec) + "." + std::to_string(found.st_mtim.tv_nsec);
}

int64_t ModifiedMs(const struct stat& found) {
  return int64_t{found.st_mtim.tv_sec} * 1000 + found.st_mtim.tv_nsec / 1'000'000;
}

class FsReadableFile : public ReadableFile {
 public:
  FsReadableFile(Descriptor descriptor, const struct stat& found, std::string name)
      : descriptor_(std::move(descriptor)),
        size_(static_cast<uint64_t>(found.st_size)),
        etag_(EtagOf(found)),
        name_(std::move(name)) {}
  uint64_t size() const override { return size_; }
  std::string etag() const override { return etag_; }
  Status ReadAt(uint64_t offset, std::span<char> out) const override {
    if (offset > size_ || out.size() > size_ - offset) {
      return Corruption(name_ + ": " + std::to_string(out.size()) + " bytes at " + std::to_string(offset) +
                        " were expected, the file has " + std::to_string(size_));
    }
    while (!out.empty()) {
      ssize_t got = ::pread(descriptor_.get(), out.data(), out.size(), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return ErrnoStatus(name_, "can't read");
      if (got == 0) return Corruption(name_ + ": the file became shorter while it was read");
      out = out.subspan(static_cast<size_t>(got));
      offset += static_cast<uint64_t>(got);
    }
    return Status::Ok();
  }
  Status Sync() const override {
    // On a read-only mount there is nothing to sync.
    if (::fdatasync(descriptor_.get()) != 0 && errno != EROFS && errno != EINVAL)
      return ErrnoStatus(name_, "can't sync");
    return Status::Ok();
  }

 private:
  Descriptor descriptor_;
  uint64_t size_;
  std::string etag_, name_;
};

class FsPendingFile : public PendingFile {
 public:
  FsPendingFile(std::string path, std::string temporary, Descriptor descriptor)
      : path_(std::move(path)), temporary_(std::move(temporary)), descriptor_(std::move(descriptor)) {
    NoteTemporaryFile(temporary_, true);
  }
  ~FsPendingFile() override {
    if (!published_) ::unlink(temporary_.c_str());
    NoteTemporaryFile(temporary_, false);
  }
  const std::string& path() const override { return path_; }
  uint64_t size() const override { return written_ + buffer_.size(); }
  Status Append(std::string_view bytes) override {
    if (buffer_.empty() && bytes.size() >= kPendingBufferBytes) return Write(bytes);
    buffer_.append(bytes);
    return buffer_.size() >= kPendingBufferBytes ? WriteBuffer() : Status::Ok();
  }
  Status Close() override {
    if (!descriptor_.valid()) return Status::Ok();
    RETURN_IF_ERROR(WriteBuffer());
    std::string().swap(buffer_);
    descriptor_.Reset();
    return Status::Ok();
  }
  // What is written so far, durable.
  Status Sync() {
    if (descriptor_.valid()) {
      RETURN_IF_ERROR(WriteBuffer());
      return SyncFile(descriptor_.get(), temporary_);
    }
    ASSIGN_OR_RETURN(Descriptor again, OpenFile(temporary_, O_RDONLY));
    return SyncFile(again.get(), temporary_);
  }
  // Gives the file its name only if the name is free. The temporary name goes with the object.
  Status LinkTo(const std::string& place) {
    if (::link(temporary_.c_str(), place.c_str()) == 0) return Status::Ok();
    if (errno == EEXIST) return Conflict(place + " exists");
    return ErrnoStatus(place, "can't create");
  }
  Status MoveTo(const std::string& place) {
    if (::rename(temporary_.c_str(), place.c_str()) != 0) return ErrnoStatus(place, "can't put the file in place");
    published_ = true;
    return Status::Ok();
  }

 private:
  Status WriteBuffer() {
    std::string bytes = std::move(buffer_);
    buffer_.clear();
    RETURN_IF_ERROR(Write(bytes));
    bytes.clear();
    buffer_ = std::move(bytes);  // keeps its memory
    return Status::Ok();
  }
  Status Write(std::string_view bytes) {
    RETURN_IF_ERROR(WriteAll(descriptor_.get(), bytes, written_, temporary_));
    written_ += bytes.size();
    return Status::Ok();
  }

  std::string path_, temporary_;
  Descriptor descriptor_;
  std::string buffer_;
  uint64_t written_ = 0;
  bool published_ = false;
};

class FsAppendFile : public AppendFile {
 public:
  FsAppendFile(Descriptor descriptor, uint64_t size, std::string name)
      : descriptor_(std::move(descriptor)), size_(size), name_(std::move(name)) {}
  uint64_t size() const override { return size_; }
  Status Append(std::string_view bytes) override {
    RETURN_IF_ERROR(WriteAll(descriptor_.get(), bytes, size_, name_));
    size_ += bytes.size();
    return Status::Ok();
  }
  Status Sync() override { return SyncFile(descriptor_.get(), name_); }
  Status Truncate(uint64_t size) override {
    if (::ftruncate(descriptor_.get(), static_cast<off_t>(size)) != 0) return ErrnoStatus(name_, "can't cut the file");
    size_ = size;
    return Sync();
  }
  Status Reserve(uint64_t bytes) override {
    static const std::string zeros(1 << 20, '\0');
    for (uint64_t done = 0; done < bytes; done += zeros.size()) {
      uint64_t part = std::min<uint64_t>(bytes - done, zeros.size());
      RETURN_IF_ERROR(WriteAll(descriptor_.get(), std::string_view(zeros).substr(0, part), size_ + done, name_));
    }
    return Status::Ok();
  }

 private:
  Descriptor descriptor_;
  uint64_t size_;
  std::string name_;
};

class FsLock : public FileLock {
 public:
  explicit FsLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  Descriptor descriptor_;
};

class DirectoryBackend : public StorageBackend {
 public:
  explicit DirectoryBackend(std::string root) : root_(std::move(root)) {}

  std::string Describe() const override { return "directory " + root_; }
  Capabilities capabilities() const override {
    return {.append = true, .lock = true, .create_only = true, .replace_if = false};
  }

  Result<std::unique_ptr<ReadableFile>> Open(std::string_view path) const override {
    RETURN_IF_ERROR(CheckStoragePath(path));
    std::string name = Full(path);
    ASSIGN_OR_RETURN(Descriptor descriptor, OpenFile(name, O_RDONLY));
    struct stat found;
    if (::fstat(descriptor.get(), &found) != 0) return ErrnoStatus(name, "can't look at the file");
    if (!S_ISREG(found.st_mode)) return IoError(name + ": a file was expected, something else was found");
    return std::unique_ptr<ReadableFile>(std::make_unique<FsReadableFile>(std::move(descriptor), found, name));
  }

  Result<std::optional<FileEntry>> Stat(std::string_view path) const override {
    RETURN_IF_ERROR(CheckStoragePath(path));
    struct stat found;
    if (::stat(Full(path).c_str(), &found) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return std::optional<FileEntry>();
      return ErrnoStatus(Full(path), "can't look at the file");
    }
    if (!S_ISREG(found.st_mode)) return std::optional<FileEntry>();
    return std::optional<FileEntry>({std::string(path), static_cast<uint64_t>(found.st_size), ModifiedMs(found)});
  }

  Result<std::vector<FileEntry>> List(std::string_view prefix) const override {
    std::vector<FileEntry> entries;
    // Only the folder that the prefix names needs to be walked.
    size_t slash = prefix.rfind('/');
    std::string start = root_ + (slash == std::string_view::npos ? "" : "/" + std::string(prefix.substr(0, slash)));
    std::error_code error;
    std::filesystem::recursive_directory_iterator at(start, error), end;
    if (error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory) return entries;
    for (; !error && at != end; at.increment(error)) {
      std::error_code ignored;  // a file that goes while it is listed is not listed
      if (!at->is_regular_file(ignored)) continue;
      std::string path = at->path().string().substr(root_.size() + 1);
      if (!path.starts_with(prefix)) continue;
      auto entry = Stat(path);
      if (entry.ok() && *entry) entries.push_back(**entry);
    }
    if (error) return ErrnoStatus(start, "can't list the folder", error.value());
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    return entries;
  }

  Result<std::unique_ptr<PendingFile>> CreatePending(std::string_view path) override {
    // Folders become durable with the files in them: 10,000 new folders must not cost as many syncs.
    RETURN_IF_ERROR(CheckStoragePath(path));
    std::vector<std::string> changed;
    RETURN_IF_ERROR(MakeUnsyncedFolders(root_, path, &changed));
    ASSIGN_OR_RETURN(auto file, Pending(path));
    return std::unique_ptr<PendingFile>(std::move(file));
  }

  Status Publish(std::vector<std::unique_ptr<PendingFile>> files) override {
    if (files.empty()) return Status::Ok();
    bool each = files.size() <= kSyncEachUpTo;
    std::set<std::string> folders;
    for (auto& file : files) {
      auto& own = static_cast<FsPendingFile&>(*file);
      RETURN_IF_ERROR(each ? own.Sync() : own.Close());
      // Up to the root: who made a folder above the file may have ended before it was durable.
      for (std::string folder = FolderOf(own.path()); folder != "."; folder = FolderOf(folder))
        folders.insert(Full(folder));
      folders.insert(root_);
    }
    if (!each) RETURN_IF_ERROR(SyncAll());
    for (auto& file : files) {
      auto& own = static_cast<FsPendingFile&>(*file);
      RETURN_IF_ERROR(own.MoveTo(Full(own.path())));
    }
    if (!each) return SyncAll();
    for (const std::string& folder : folders) RETURN_IF_ERROR(SyncFolder(folder));
    return Status::Ok();
  }

  Status Write(std::string_view path, std::string_view bytes, const WriteCondition& condition) override {
    if (condition.kind == WriteCondition::kIfMatch) {
      return Unsupported(Describe() + " can't replace a file only if it is unchanged");
    }
    RETURN_IF_ERROR(CheckStoragePath(path));
    RETURN_IF_ERROR(MakeFolders(root_, path));
    ASSIGN_OR_RETURN(auto file, Pending(path));
    RETURN_IF_ERROR(file->Append(bytes));
    RETURN_IF_ERROR(file->Sync());
    std::string place = Full(path);
    if (condition.kind == WriteCondition::kCreateOnly) {
      RETURN_IF_ERROR(file->LinkTo(place));
    } else {
      RETURN_IF_ERROR(file->MoveTo(place));
    }
    return SyncFolder(FolderOf(place));
  }

  Result<std::unique_ptr<AppendFile>> CreateAppend(std::string_view path) override {
    RETURN_IF_ERROR(CheckStoragePath(path));
    RETURN_IF_ERROR(MakeFolders(root_, path));
    std::string name = Full(path);
    ASSIGN_OR_RETURN(Descriptor descriptor, OpenFile(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW));
    RETURN_IF_ERROR(SyncFolder(FolderOf(name)));
    return std::unique_ptr<AppendFile>(std::make_unique<FsAppendFile>(std::move(descriptor), 0, name));
  }

  Result<std::unique_ptr<AppendFile>> OpenAppend(std::string_view path) override {
    RETURN_IF_ERROR(CheckStoragePath(path));
    std::string name = Full(path);
    ASSIGN_OR_RETURN(Descriptor descriptor, OpenFile(name, O_RDWR | O_NOFOLLOW));
    struct stat found;
    if (::fstat(descriptor.get(), &found) != 0) return ErrnoStatus(name, "can't look at the file");
    return std::unique_ptr<AppendFile>(
        std::make_unique<FsAppendFile>(std::move(descriptor), static_cast<uint64_t>(found.st_size), name));
  }

  Status Remove(std::string_view path) override {
    RETURN_IF_ERROR(CheckStoragePath(path));
    if (::unlink(Full(path).c_str()) != 0 && errno != ENOENT && errno != ENOTDIR)
      return ErrnoStatus(Full(path), "can't remove");
    return Status::Ok();
  }

  Status SyncNames(std::string_view folder) const override {
    std::string name = folder.empty() ? root_ : Full(folder);
    auto descriptor = OpenFile(name, O_RDONLY | O_DIRECTORY);
    if (!descriptor.ok())
      return descriptor.status().code() == StatusCode::kNotFound ? Status::Ok() : descriptor.status();
    // On a read-only mount there is nothing to sync.
    if (::fsync(descriptor->get()) != 0 && errno != EROFS && errno != EINVAL)
      return ErrnoStatus(name, "can't sync the folder");
    return Status::Ok();
  }

  Status Rename(std::string_view from, std::string_view to) override {
    RETURN_IF_ERROR(CheckStoragePath(from));
    RETURN_IF_ERROR(CheckStoragePath(to));
    RETURN_IF_ERROR(MakeFolders(root_, to));
    std::string source = Full(from), target = Full(to);
    if (::rename(source.c_str(), target.c_str()) != 0) return ErrnoStatus(source, "can't rename");
    RETURN_IF_ERROR(SyncFolder(FolderOf(target)));
    return FolderOf(source) == FolderOf(target) ? Status::Ok() : SyncFolder(FolderOf(source));
  }

  Result<std::unique_ptr<FileLock>> Lock(std::string_view path, std::string_view holder) override {
    RETURN_IF_ERROR(MakeFolders(root_, path));
    std::string name = Full(path);
    ASSIGN_OR_RETURN(Descriptor descriptor, OpenFile(name, O_RDWR | O_CREAT | O_NOFOLLOW));
    if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return ErrnoStatus(name, "can't lock");
      char text[512];
      ssize_t got = ::pread(descriptor.get(), text, sizeof text, 0);
      std::string who = got > 0 ? std::string(text, static_cast<size_t>(got)) : "another process";
      while (!who.empty() && who.back() == '\n') who.pop_back();
      return Status(StatusCode::kLocked, root_ + " is locked by " + who,
                    "try again when it has ended, or wait longer with --lock-timeout");
    }
    // A note for those who wait; the lock itself is the kernel's.
    if (holder.empty()) return std::unique_ptr<FileLock>(std::make_unique<FsLock>(std::move(descriptor)));
    std::string note = std::string(holder) + "\n";
    if (::ftruncate(descriptor.get(), 0) != 0) return ErrnoStatus(name, "can't write");
    RETURN_IF_ERROR(WriteAll(descriptor.get(), note, 0, name));
    return std::unique_ptr<FileLock>(std::make_unique<FsLock>(std::move(descriptor)));
  }

 private:
  std::string Full(std::string_view path) const { return root_ + "/" + std::string(path); }

  // In a folder that exists.
  Result<std::unique_ptr<FsPendingFile>> Pending(std::string_view path) {
    static std::atomic<uint64_t> counter = 0;
    std::string temporary = Full(path) + "." + std::to_string(::getpid()) + "-" + std::to_string(++counter) + ".tmp";
    ASSIGN_OR_RETURN(Descriptor descriptor, OpenFile(temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW));
    return std::make_unique<FsPendingFile>(std::string(path), temporary, std::move(descriptor));
  }

  Status SyncAll() const {
    ASSIGN_OR_RETURN(Descriptor descriptor, OpenFile(root_, O_RDONLY | O_DIRECTORY));
    if (::syncfs(descriptor.get()) != 0) return ErrnoStatus(root_, "can't sync the file system");
    return Status::Ok();
  }

  std::string root_;
};

}  // namespace

Result<std::unique_ptr<StorageBackend>> OpenDirectory(std::string directory) {
  while (directory.size() > 1 && directory.ends_with('/')) directory.pop_back();
  if (directory.empty()) return InvalidArgument("a directory has no name");
  struct stat found;
  if (::stat(directory.c_str(), &found) == 0 && !S_ISDIR(found.st_mode)) {
    return NotFound(directory + ": a directory was expected, a file was found");
  }
  return std::unique_ptr<StorageBackend>(std::make_unique<DirectoryBackend>(std::move(directory)));
}

}  // namespace parquedb
