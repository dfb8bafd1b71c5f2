#include "arrowio/arrow_io.h"

#include <algorithm>

namespace parquedb {
namespace {

constexpr int64_t kReadingPoolBytes = int64_t{2} << 30;  // the largest column chunk is a row group of 64 MiB documents

}  // namespace

arrow::Result<int64_t> ReadableSource::ReadAt(int64_t position, int64_t bytes, void* out) {
  int64_t size = static_cast<int64_t>(file_->size());
  if (position < 0 || bytes < 0 || position > size) return arrow::Status::IOError("a read lies outside the file");
  bytes = std::min(bytes, size - position);
  Status read = file_->ReadAt(static_cast<uint64_t>(position), {static_cast<char*>(out), static_cast<size_t>(bytes)});
  if (!read.ok()) return arrow::Status::IOError(read.message());
  return bytes;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ReadableSource::ReadAt(int64_t position, int64_t bytes) {
  int64_t size = static_cast<int64_t>(file_->size());
  if (position < 0 || bytes < 0 || position > size) return arrow::Status::IOError("a read lies outside the file");
  bytes = std::min(bytes, size - position);
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(bytes, ReadingPool()));
  ARROW_ASSIGN_OR_RAISE(int64_t got, ReadAt(position, bytes, buffer->mutable_data()));
  ARROW_RETURN_NOT_OK(buffer->Resize(got));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

arrow::Result<int64_t> ReadableSource::Read(int64_t bytes, void* out) {
  ARROW_ASSIGN_OR_RAISE(int64_t got, ReadAt(position_, bytes, out));
  position_ += got;
  return got;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ReadableSource::Read(int64_t bytes) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, bytes));
  position_ += buffer->size();
  return buffer;
}

arrow::MemoryPool* ReadingPool() {
  // The system's own allocator: the library's takes huge pages, and a short process would spend its time clearing them.
  static arrow::CappedMemoryPool pool(arrow::system_memory_pool(), kReadingPoolBytes);
  return &pool;
}

}  // namespace parquedb
