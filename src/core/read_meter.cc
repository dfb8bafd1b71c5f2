#include "core/read_meter.h"

namespace parquedb {

FileMeter::FileMeter(std::string_view path, uint64_t file_bytes) {
  reads_.path = path;
  reads_.file_bytes = file_bytes;
}

void FileMeter::AddRead(uint64_t bytes) {
  std::lock_guard lock(mutex_);
  reads_.bytes_read += bytes;
  ++reads_.reads;
}

void FileMeter::SetRowGroups(int64_t count) {
  std::lock_guard lock(mutex_);
  reads_.row_groups = count;
}

void FileMeter::AddRowGroup(int number, int64_t rows) {
  std::lock_guard lock(mutex_);
  if (!row_groups_.insert(number).second) return;
  ++reads_.row_groups_read;
  reads_.rows_read += rows;
}

void FileMeter::AddPages(int64_t read, int64_t pruned) {
  std::lock_guard lock(mutex_);
  reads_.pages_read += read;
  reads_.pages_pruned += pruned;
}

FileReads FileMeter::reads() const {
  std::lock_guard lock(mutex_);
  return reads_;
}

FileMeter& ReadMeter::Of(std::string_view path, uint64_t file_bytes) {
  std::lock_guard lock(mutex_);
  auto known = by_path_.find(path);
  if (known != by_path_.end()) return *known->second;
  FileMeter& file = files_.emplace_back(path, file_bytes);
  by_path_.emplace(path, &file);
  return file;
}

std::vector<FileReads> ReadMeter::Files() const {
  std::lock_guard lock(mutex_);
  std::vector<FileReads> files;
  for (const FileMeter& file : files_) files.push_back(file.reads());
  return files;
}

}  // namespace parquedb
