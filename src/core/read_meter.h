// What was read of which file, for reports (--explain). Files are counted where they are opened (storage), row groups
// and pages where they are understood (columnar).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "parquedb/storage.h"

namespace parquedb {

// Of one file. Counts are sums over all columns; a page that is read twice counts twice.
struct FileReads {
  std::string path;
  uint64_t file_bytes = 0;
  uint64_t bytes_read = 0;
  int64_t reads = 0;
  int64_t row_groups = 0;  // in the file; 0 if it is none of Parquet, or its footer was not needed
  int64_t row_groups_read = 0;
  int64_t rows_read = 0;  // in these
  int64_t pages_read = 0;
  int64_t pages_pruned = 0;  // of the columns that were read, in the row groups that were
};

// Any thread.
class FileMeter {
 public:
  FileMeter(std::string_view path, uint64_t file_bytes);
  void AddRead(uint64_t bytes);
  void SetRowGroups(int64_t count);
  void AddRowGroup(int number, int64_t rows);  // the same again counts once
  void AddPages(int64_t read, int64_t pruned);
  FileReads reads() const;

 private:
  mutable std::mutex mutex_;
  FileReads reads_;
  std::set<int> row_groups_;
};

// Any thread.
class ReadMeter {
 public:
  // The same meter for the same path. Holds as long as this.
  FileMeter& Of(std::string_view path, uint64_t file_bytes);
  // In the order in which they were opened first.
  std::vector<FileReads> Files() const;

 private:
  mutable std::mutex mutex_;
  std::deque<FileMeter> files_;
  std::map<std::string, FileMeter*, std::less<>> by_path_;
};

// A file whose reads are counted.
class MeteredFile : public ReadableFile {
 public:
  MeteredFile(std::unique_ptr<ReadableFile> file, FileMeter& meter) : file_(std::move(file)), meter_(meter) {}
  uint64_t size() const override { return file_->size(); }
  std::string etag() const override { return file_->etag(); }
  Status ReadAt(uint64_t offset, std::span<char> out) const override {
    meter_.AddRead(out.size());
    return file_->ReadAt(offset, out);
  }
  Status Sync() const override { return file_->Sync(); }
  FileMeter& meter() const { return meter_; }

 private:
  std::unique_ptr<ReadableFile> file_;
  FileMeter& meter_;
};

}  // namespace parquedb
