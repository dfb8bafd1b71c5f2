#include "storage/spooled_file.h"

#include "core/limits.h"
#include "core/temporary_file.h"

namespace parquedb {
namespace {

class SpooledFile : public ReadableFile {
 public:
  Status Fill(InputStream& input) {
    RETURN_IF_ERROR(file_.Open());
    std::string block;
    while (true) {
      block.clear();
      ASSIGN_OR_RETURN(size_t got, input.Read(kMiB, &block));
      if (got == 0) return Status::Ok();
      RETURN_IF_ERROR(file_.Append(block));
    }
  }
  uint64_t size() const override { return file_.size(); }
  std::string etag() const override { return "spooled"; }
  Status ReadAt(uint64_t offset, std::span<char> out) const override {
    if (offset > size() || out.size() > size() - offset) {
      return Corruption(std::to_string(out.size()) + " bytes at " + std::to_string(offset) +
                        " were expected, the input has " + std::to_string(size()));
    }
    return file_.ReadAt(offset, out.data(), out.size());
  }
  Status Sync() const override { return Status::Ok(); }

 private:
  TemporaryFile file_;
};

}  // namespace

Result<std::shared_ptr<const ReadableFile>> SpoolToFile(InputStream& input) {
  auto file = std::make_shared<SpooledFile>();
  RETURN_IF_ERROR(file->Fill(input));
  return std::shared_ptr<const ReadableFile>(std::move(file));
}

}  // namespace parquedb
