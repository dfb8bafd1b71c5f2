// Stretches of a file as one stream, read piece by piece. Inside this folder only.
#pragma once

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>

#include <memory>
#include <string_view>
#include <vector>

#include "parquedb/storage.h"

namespace parquedb {

class PageStream : public arrow::io::InputStream {
 public:
  struct Run {
    int64_t offset, bytes;
  };
  // `file` must outlive it; the runs lie inside the file.
  PageStream(const ReadableFile& file, std::vector<Run> runs);

  arrow::Status Close() override { return arrow::Status::OK(); }
  bool closed() const override { return false; }
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Result<std::string_view> Peek(int64_t bytes) override;
  arrow::Result<int64_t> Read(int64_t bytes, void* out) override;
  // A part of the piece that is held, not a copy.
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t bytes) override;

 private:
  int64_t held() const { return piece_ == nullptr ? 0 : piece_->size() - in_piece_; }
  // Holds so many bytes in one piece, or as many as there are.
  arrow::Status Hold(int64_t bytes);
  const ReadableFile& file_;
  std::vector<Run> runs_;
  size_t run_ = 0;
  int64_t left_ = 0;      // bytes of the runs that are not yet in a piece
  int64_t position_ = 0;  // of the reader
  std::shared_ptr<arrow::Buffer> piece_;
  int64_t in_piece_ = 0;
};

}  // namespace parquedb
