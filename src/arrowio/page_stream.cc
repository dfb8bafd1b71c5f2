#include "arrowio/page_stream.h"

#include <algorithm>
#include <cstring>

#include "arrowio/arrow_io.h"

namespace parquedb {
namespace {

constexpr int64_t kPieceBytes = 512 * 1024;

}  // namespace

PageStream::PageStream(const ReadableFile& file, std::vector<Run> runs) : file_(file), runs_(std::move(runs)) {
  for (const Run& run : runs_) left_ += run.bytes;
}

arrow::Status PageStream::Hold(int64_t bytes) {
  if (held() >= bytes || left_ == 0) return arrow::Status::OK();
  const int64_t kept = held(), more = std::min(left_, std::max(bytes - kept, kPieceBytes));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> piece, arrow::AllocateBuffer(kept + more, ReadingPool()));
  char* at = reinterpret_cast<char*>(piece->mutable_data());
  if (kept > 0) std::memcpy(at, piece_->data() + in_piece_, static_cast<size_t>(kept));
  at += kept;
  for (int64_t wanted = more; wanted > 0;) {
    Run& run = runs_[run_];
    const int64_t part = std::min(run.bytes, wanted);
    Status read = file_.ReadAt(static_cast<uint64_t>(run.offset), {at, static_cast<size_t>(part)});
    if (!read.ok()) return arrow::Status::IOError(read.message());
    at += part;
    wanted -= part;
    run.offset += part;
    run.bytes -= part;
    if (run.bytes == 0) ++run_;
  }
  left_ -= more;
  piece_ = std::move(piece);
  in_piece_ = 0;
  return arrow::Status::OK();
}

arrow::Result<std::string_view> PageStream::Peek(int64_t bytes) {
  ARROW_RETURN_NOT_OK(Hold(bytes));
  if (piece_ == nullptr) return std::string_view();
  return std::string_view(reinterpret_cast<const char*>(piece_->data()) + in_piece_,
                          static_cast<size_t>(std::min(bytes, held())));
}

arrow::Result<std::shared_ptr<arrow::Buffer>> PageStream::Read(int64_t bytes) {
  if (bytes < 0) return arrow::Status::Invalid("a negative number of bytes");
  ARROW_RETURN_NOT_OK(Hold(bytes));
  bytes = std::min(bytes, held());
  if (piece_ == nullptr) return std::make_shared<arrow::Buffer>(nullptr, 0);
  auto part = arrow::SliceBuffer(piece_, in_piece_, bytes);
  in_piece_ += bytes;
  position_ += bytes;
  return part;
}

arrow::Result<int64_t> PageStream::Read(int64_t bytes, void* out) {
  ARROW_ASSIGN_OR_RAISE(auto part, Read(bytes));
  if (part->size() > 0) std::memcpy(out, part->data(), static_cast<size_t>(part->size()));
  return part->size();
}

}  // namespace parquedb
