// Our files as Arrow streams, and Arrow's failures as our Status. Inside this folder only.
#pragma once

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <parquet/exception.h>

#include <memory>
#include <string>

#include "parquedb/storage.h"

namespace parquedb {

// A pending file as a sink.
class PendingSink : public arrow::io::OutputStream {
 public:
  explicit PendingSink(PendingFile& file) : file_(file) {}
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return static_cast<int64_t>(file_.size()); }
  arrow::Status Write(const void* data, int64_t bytes) override {
    status_ = file_.Append({static_cast<const char*>(data), static_cast<size_t>(bytes)});
    return status_.ok() ? arrow::Status::OK() : arrow::Status::IOError(status_.message());
  }
  using arrow::io::OutputStream::Write;
  // What the file said; better than what Parquet makes of it.
  const Status& status() const { return status_; }

 private:
  PendingFile& file_;
  bool closed_ = false;
  Status status_;
};

// A readable file as a source.
class ReadableSource : public arrow::io::RandomAccessFile {
 public:
  explicit ReadableSource(std::shared_ptr<const ReadableFile> file) : file_(std::move(file)) {}
  arrow::Status Close() override { return arrow::Status::OK(); }
  bool closed() const override { return false; }
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Seek(int64_t position) override {
    position_ = position;
    return arrow::Status::OK();
  }
  arrow::Result<int64_t> GetSize() override { return static_cast<int64_t>(file_->size()); }
  arrow::Result<int64_t> ReadAt(int64_t position, int64_t bytes, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t bytes) override;
  arrow::Result<int64_t> Read(int64_t bytes, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t bytes) override;

 private:
  std::shared_ptr<const ReadableFile> file_;
  int64_t position_ = 0;
};

// Memory for one file from outside: a page that lies about its size runs into the cap, not into the machine.
arrow::MemoryPool* ReadingPool();

}  // namespace parquedb
