#include "storage/metered_backend.h"

namespace parquedb {
namespace {

class MeteredBackend : public StorageBackend {
 public:
  MeteredBackend(std::shared_ptr<StorageBackend> storage, ReadMeter& meter)
      : storage_(std::move(storage)), meter_(meter) {}

  Result<std::unique_ptr<ReadableFile>> Open(std::string_view path) const override {
    ASSIGN_OR_RETURN(auto file, storage_->Open(path));
    FileMeter& meter = meter_.Of(path, file->size());
    return std::unique_ptr<ReadableFile>(std::make_unique<MeteredFile>(std::move(file), meter));
  }

  std::string Describe() const override { return storage_->Describe(); }
  Capabilities capabilities() const override { return storage_->capabilities(); }
  Result<std::optional<FileEntry>> Stat(std::string_view path) const override { return storage_->Stat(path); }
  Result<std::vector<FileEntry>> List(std::string_view prefix) const override { return storage_->List(prefix); }
  Result<std::unique_ptr<PendingFile>> CreatePending(std::string_view path) override {
    return storage_->CreatePending(path);
  }
  Status Publish(std::vector<std::unique_ptr<PendingFile>> files) override {
    return storage_->Publish(std::move(files));
  }
  Status Write(std::string_view path, std::string_view bytes, const WriteCondition& condition) override {
    return storage_->Write(path, bytes, condition);
  }
  Result<std::unique_ptr<AppendFile>> CreateAppend(std::string_view path) override {
    return storage_->CreateAppend(path);
  }
  Result<std::unique_ptr<AppendFile>> OpenAppend(std::string_view path) override { return storage_->OpenAppend(path); }
  Status Remove(std::string_view path) override { return storage_->Remove(path); }
  Status SyncNames(std::string_view folder) const override { return storage_->SyncNames(folder); }
  Status Rename(std::string_view from, std::string_view to) override { return storage_->Rename(from, to); }
  Result<std::unique_ptr<FileLock>> Lock(std::string_view path, std::string_view holder) override {
    return storage_->Lock(path, holder);
  }

 private:
  std::shared_ptr<StorageBackend> storage_;
  ReadMeter& meter_;
};

}  // namespace

std::unique_ptr<StorageBackend> MeterReads(std::shared_ptr<StorageBackend> storage, ReadMeter& meter) {
  return std::make_unique<MeteredBackend>(std::move(storage), meter);
}

}  // namespace parquedb
