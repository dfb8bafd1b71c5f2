// A pending file that hashes what passes through, so that no file is read a second time for its hash.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "core/sha256.h"
#include "parquedb/storage.h"

namespace parquedb {

class HashingFile : public PendingFile {
 public:
  explicit HashingFile(std::unique_ptr<PendingFile> file) : file_(std::move(file)) {}
  const std::string& path() const override { return file_->path(); }
  uint64_t size() const override { return file_->size(); }
  Status Append(std::string_view bytes) override {
    hash_.Update(bytes);
    return file_->Append(bytes);
  }
  Status Close() override { return file_->Close(); }
  std::string Hash() { return ToHex(hash_.Finish()); }  // once, behind the last Append
  std::unique_ptr<PendingFile> Release() { return std::move(file_); }

 private:
  std::unique_ptr<PendingFile> file_;
  Sha256 hash_;
};

}  // namespace parquedb
