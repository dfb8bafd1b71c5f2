#include "storage/memory_backend.h"

#include <algorithm>

#include "core/check.h"
#include "storage/path_check.h"

namespace parquedb {
namespace {

constexpr size_t kSectorBytes = 512;

}  // namespace

void MemoryDisk::SetFaults(Faults faults) {
  std::lock_guard lock(mutex_);
  faults_ = std::move(faults);
}

int64_t MemoryDisk::operations() const {
  std::lock_guard lock(mutex_);
  return operations_;
}

bool MemoryDisk::crashed() const {
  std::lock_guard lock(mutex_);
  return faults_.crash_at >= 0 && operations_ > faults_.crash_at;
}

Status MemoryDisk::Step() {
  int64_t operation = operations_++;
  if (faults_.crash_at >= 0 && operation >= faults_.crash_at) return IoError("injected: the process is gone");
  if (faults_.fail_at >= 0 && (operation == faults_.fail_at || (faults_.sticky && operation > faults_.fail_at)))
    return faults_.error;
  return Status::Ok();
}

void MemoryDisk::EndProcess() {
  std::lock_guard lock(mutex_);
  locks_.clear();
  faults_ = {};
  operations_ = 0;
}

void MemoryDisk::CutPower(RandomSource& random) {
  std::lock_guard lock(mutex_);
  // Names first: each that differs from its durable state is old or new.
  std::map<std::string, InodePtr> names = durable_names_;
  std::set<std::string> changed;
  for (const auto& [name, inode] : names_) changed.insert(name);
  for (const auto& [name, inode] : durable_names_) changed.insert(name);
  for (const std::string& name : changed) {
    auto now = names_.find(name), then = durable_names_.find(name);
    bool same = now != names_.end() && then != durable_names_.end() && now->second == then->second;
    if (same || random.Next() % 2 == 0) continue;
    if (now == names_.end())
      names.erase(name);
    else
      names[name] = now->second;
  }
  for (auto& [name, inode] : names) {
    size_t size = inode->durable.size();
    if (inode->bytes.size() != size && random.Next() % 2 == 0) {
      size_t low = std::min(size, inode->bytes.size()), high = std::max(size, inode->bytes.size());
      size = random.Next() % 2 == 0 ? inode->bytes.size() : low + random.Next() % (high - low + 1);
    }
    std::string bytes = inode->durable;
    bytes.resize(size, '\0');
    for (size_t sector = 0; sector < size; sector += kSectorBytes) {
      if (random.Next() % 2 == 0) continue;  // this sector was written back
      size_t end = std::min({size, sector + kSectorBytes, inode->bytes.size()});
      for (size_t i = sector; i < end; ++i) bytes[i] = inode->bytes[i];
    }
    inode->bytes = inode->durable = bytes;
    inode->generation = ++generations_;
  }
  names_ = durable_names_ = std::move(names);
  locks_.clear();
  faults_ = {};
  operations_ = 0;
}

void MemoryDisk::Corrupt(const std::string& path, size_t offset, char xor_mask) {
  std::lock_guard lock(mutex_);
  auto fresh = std::make_shared<Inode>(*names_.at(path));
  fresh->bytes.at(offset) ^= xor_mask;
  fresh->durable = fresh->bytes;
  names_[path] = durable_names_[path] = fresh;
}

void MemoryDisk::Cut(const std::string& path, size_t size) {
  std::lock_guard lock(mutex_);
  auto fresh = std::make_shared<Inode>(*names_.at(path));
  fresh->bytes.resize(size);
  fresh->durable = fresh->bytes;
  names_[path] = durable_names_[path] = fresh;
}

std::vector<std::string> MemoryDisk::Paths() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> paths;
  for (const auto& [name, inode] : names_) paths.push_back(name);
  return paths;
}

std::string MemoryDisk::Content(const std::string& path) const {
  std::lock_guard lock(mutex_);
  auto found = names_.find(path);
  return found == names_.end() ? "" : found->second->bytes;
}

bool MemoryDisk::Has(const std::string& path) const {
  std::lock_guard lock(mutex_);
  return names_.contains(path);
}

class MemoryReadableFile : public ReadableFile {
 public:
  MemoryReadableFile(std::shared_ptr<MemoryDisk> disk, MemoryDisk::InodePtr inode, std::string name)
      : disk_(std::move(disk)),
        inode_(std::move(inode)),
        name_(std::move(name)),
        size_(inode_->bytes.size()),
        etag_(std::to_string(inode_->generation)) {}
  uint64_t size() const override { return size_; }
  std::string etag() const override { return etag_; }
  Status ReadAt(uint64_t offset, std::span<char> out) const override {
    std::lock_guard lock(disk_->mutex_);
    if (offset > size_ || out.size() > size_ - offset || offset + out.size() > inode_->bytes.size()) {
      return Corruption(name_ + ": " + std::to_string(out.size()) + " bytes at " + std::to_string(offset) +
                        " were expected, the file has " + std::to_string(size_));
    }
    std::copy_n(inode_->bytes.data() + offset, out.size(), out.data());
    return Status::Ok();
  }
  Status Sync() const override {
    std::lock_guard lock(disk_->mutex_);
    inode_->durable = inode_->bytes;
    return Status::Ok();
  }

 private:
  std::shared_ptr<MemoryDisk> disk_;
  MemoryDisk::InodePtr inode_;
  std::string name_;
  uint64_t size_;
  std::string etag_;
};

class MemoryPendingFile : public PendingFile {
 public:
  MemoryPendingFile(std::shared_ptr<MemoryDisk> disk, std::string path)
      : disk_(std::move(disk)), path_(std::move(path)) {}
  const std::string& path() const override { return path_; }
  uint64_t size() const override { return bytes_.size(); }
  Status Append(std::string_view bytes) override {
    std::lock_guard lock(disk_->mutex_);
    RETURN_IF_ERROR(disk_->Step());
    bytes_.append(bytes);
    return Status::Ok();
  }
  Status Close() override { return Status::Ok(); }
  std::string bytes_;

 private:
  std::shared_ptr<MemoryDisk> disk_;
  std::string path_;
};

class MemoryAppendFile : public AppendFile {
 public:
  MemoryAppendFile(std::shared_ptr<MemoryDisk> disk, MemoryDisk::InodePtr inode)
      : disk_(std::move(disk)), inode_(std::move(inode)), size_(inode_->bytes.size()) {}
  uint64_t size() const override { return size_; }
  Status Append(std::string_view bytes) override {
    std::lock_guard lock(disk_->mutex_);
    Status allowed = disk_->Step();
    // A write that fails may have happened in part.
    size_t done = allowed.ok() ? bytes.size() : bytes.size() / 2;
    if (inode_->bytes.size() < size_ + done) inode_->bytes.resize(size_ + done);
    std::copy_n(bytes.data(), done, inode_->bytes.data() + size_);
    inode_->generation = ++disk_->generations_;
    if (allowed.ok()) size_ += done;
    return allowed;
  }
  Status Sync() override {
    std::lock_guard lock(disk_->mutex_);
    RETURN_IF_ERROR(disk_->Step());
    inode_->durable = inode_->bytes;
    return Status::Ok();
  }
  Status Truncate(uint64_t size) override {
    std::lock_guard lock(disk_->mutex_);
    RETURN_IF_ERROR(disk_->Step());
    inode_->bytes.resize(size);
    inode_->durable = inode_->bytes;
    inode_->generation = ++disk_->generations_;
    size_ = size;
    return Status::Ok();
  }
  Status Reserve(uint64_t bytes) override {
    std::lock_guard lock(disk_->mutex_);
    RETURN_IF_ERROR(disk_->Step());
    inode_->bytes.resize(std::max<size_t>(inode_->bytes.size(), size_ + bytes), '\0');
    return Status::Ok();
  }

 private:
  std::shared_ptr<MemoryDisk> disk_;
  MemoryDisk::InodePtr inode_;
  uint64_t size_;
};

class MemoryLock : public FileLock {
 public:
  MemoryLock(std::shared_ptr<MemoryDisk> disk, std::string path) : disk_(std::move(disk)), path_(std::move(path)) {}
  ~MemoryLock() override {
    std::lock_guard lock(disk_->mutex_);
    disk_->locks_.erase(path_);
  }

 private:
  std::shared_ptr<MemoryDisk> disk_;
  std::string path_;
};

MemoryBackend::MemoryBackend(std::shared_ptr<MemoryDisk> disk, Capabilities capabilities)
    : disk_(std::move(disk)), capabilities_(capabilities) {}

Result<std::unique_ptr<ReadableFile>> MemoryBackend::Open(std::string_view path) const {
  RETURN_IF_ERROR(CheckStoragePath(path));
  std::lock_guard lock(disk_->mutex_);
  auto found = disk_->names_.find(std::string(path));
  if (found == disk_->names_.end()) return NotFound(std::string(path) + " does not exist");
  return std::unique_ptr<ReadableFile>(std::make_unique<MemoryReadableFile>(disk_, found->second, std::string(path)));
}

Result<std::optional<FileEntry>> MemoryBackend::Stat(std::string_view path) const {
  RETURN_IF_ERROR(CheckStoragePath(path));
  std::lock_guard lock(disk_->mutex_);
  auto found = disk_->names_.find(std::string(path));
  if (found == disk_->names_.end()) return std::optional<FileEntry>();
  return std::optional<FileEntry>(
      {std::string(path), found->second->bytes.size(), static_cast<int64_t>(found->second->generation)});
}

Result<std::vector<FileEntry>> MemoryBackend::List(std::string_view prefix) const {
  std::lock_guard lock(disk_->mutex_);
  std::vector<FileEntry> entries;
  for (const auto& [name, inode] : disk_->names_) {
    if (name.starts_with(prefix))
      entries.push_back({name, inode->bytes.size(), static_cast<int64_t>(inode->generation)});
  }
  return entries;
}

Result<std::unique_ptr<PendingFile>> MemoryBackend::CreatePending(std::string_view path) {
  RETURN_IF_ERROR(CheckStoragePath(path));
  return std::unique_ptr<PendingFile>(std::make_unique<MemoryPendingFile>(disk_, std::string(path)));
}

Status MemoryBackend::Publish(std::vector<std::unique_ptr<PendingFile>> files) {
  std::lock_guard lock(disk_->mutex_);
  RETURN_IF_ERROR(disk_->Step());  // the sync of the contents
  for (auto& file : files) {
    RETURN_IF_ERROR(disk_->Step());  // one rename
    auto inode = std::make_shared<MemoryDisk::Inode>();
    inode->bytes = inode->durable = static_cast<MemoryPendingFile&>(*file).bytes_;
    inode->generation = ++disk_->generations_;
    disk_->names_[file->path()] = inode;
  }
  RETURN_IF_ERROR(disk_->Step());  // the sync of the folders
  for (auto& file : files) disk_->durable_names_[file->path()] = disk_->names_[file->path()];
  return Status::Ok();
}

Status MemoryBackend::Write(std::string_view path, std::string_view bytes, const WriteCondition& condition) {
  RETURN_IF_ERROR(CheckStoragePath(path));
  std::lock_guard lock(disk_->mutex_);
  std::string name(path);
  auto found = disk_->names_.find(name);
  if (condition.kind == WriteCondition::kCreateOnly && found != disk_->names_.end()) return Conflict(name + " exists");
  if (condition.kind == WriteCondition::kIfMatch &&
      (found == disk_->names_.end() || std::to_string(found->second->generation) != condition.etag)) {
    return Conflict(name + " was changed by somebody else");
  }
  RETURN_IF_ERROR(disk_->Step());
  auto inode = std::make_shared<MemoryDisk::Inode>();
  inode->bytes = inode->durable = std::string(bytes);
  inode->generation = ++disk_->generations_;
  disk_->names_[name] = inode;
  RETURN_IF_ERROR(disk_->Step());
  disk_->durable_names_[name] = inode;
  return Status::Ok();
}

Result<std::unique_ptr<AppendFile>> MemoryBackend::CreateAppend(std::string_view path) {
  RETURN_IF_ERROR(CheckStoragePath(path));
  std::lock_guard lock(disk_->mutex_);
  std::string name(path);
  if (disk_->names_.contains(name)) return Conflict(name + " exists");
  RETURN_IF_ERROR(disk_->Step());
  auto inode = std::make_shared<MemoryDisk::Inode>();
  disk_->names_[name] = inode;
  RETURN_IF_ERROR(disk_->Step());
  disk_->durable_names_[name] = inode;
  return std::unique_ptr<AppendFile>(std::make_unique<MemoryAppendFile>(disk_, inode));
}

Result<std::unique_ptr<AppendFile>> MemoryBackend::OpenAppend(std::string_view path) {
  RETURN_IF_ERROR(CheckStoragePath(path));
  std::lock_guard lock(disk_->mutex_);
  auto found = disk_->names_.find(std::string(path));
  if (found == disk_->names_.end()) return NotFound(std::string(path) + " does not exist");
  return std::unique_ptr<AppendFile>(std::make_unique<MemoryAppendFile>(disk_, found->second));
}

Status MemoryBackend::Remove(std::string_view path) {
  RETURN_IF_ERROR(CheckStoragePath(path));
  std::lock_guard lock(disk_->mutex_);
  RETURN_IF_ERROR(disk_->Step());
  disk_->names_.erase(std::string(path));
  return Status::Ok();
}

Status MemoryBackend::SyncNames(std::string_view folder) const {
  std::lock_guard lock(disk_->mutex_);
  RETURN_IF_ERROR(disk_->Step());
  auto in_folder = [&](const std::string& name) {
    size_t slash = name.rfind('/');
    return (slash == std::string::npos ? std::string_view() : std::string_view(name).substr(0, slash)) == folder;
  };
  std::erase_if(disk_->durable_names_, [&](const auto& entry) { return in_folder(entry.first); });
  for (const auto& entry : disk_->names_) {
    if (in_folder(entry.first)) disk_->durable_names_.insert(entry);
  }
  return Status::Ok();
}

Status MemoryBackend::Rename(std::string_view from, std::string_view to) {
  std::lock_guard lock(disk_->mutex_);
  auto found = disk_->names_.find(std::string(from));
  if (found == disk_->names_.end()) return NotFound(std::string(from) + " does not exist");
  RETURN_IF_ERROR(disk_->Step());
  auto inode = found->second;
  disk_->names_.erase(found);
  disk_->names_[std::string(to)] = inode;
  RETURN_IF_ERROR(disk_->Step());
  disk_->durable_names_.erase(std::string(from));
  disk_->durable_names_[std::string(to)] = inode;
  return Status::Ok();
}

Result<std::unique_ptr<FileLock>> MemoryBackend::Lock(std::string_view path, std::string_view holder) {
  std::lock_guard lock(disk_->mutex_);
  if (!disk_->locks_.insert(std::string(path)).second) {
    return Status(StatusCode::kLocked, "memory is locked by another writer");
  }
  (void)holder;
  return std::unique_ptr<FileLock>(std::make_unique<MemoryLock>(disk_, std::string(path)));
}

}  // namespace parquedb
