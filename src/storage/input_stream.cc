#include "storage/input_stream.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/errno_status.h"
#include "storage/fs_file.h"

namespace parquedb {
namespace {

class DescriptorInput : public InputStream {
 public:
  DescriptorInput(Descriptor owned, int fd, std::string name, Progress* progress)
      : owned_(std::move(owned)), fd_(fd), name_(std::move(name)), progress_(progress) {}
  Result<size_t> Read(size_t bytes, std::string* out) override {
    size_t before = out->size();
    out->resize(before + bytes);
    ssize_t got;
    do {
      got = ::read(fd_, out->data() + before, bytes);
    } while (got < 0 && errno == EINTR);
    out->resize(before + (got > 0 ? static_cast<size_t>(got) : 0));
    if (got < 0) return ErrnoStatus(name_, "can't read");
    Advance(progress_, got, got);
    return static_cast<size_t>(got);
  }

 private:
  Descriptor owned_;  // of a file that was opened here
  int fd_;
  std::string name_;
  Progress* progress_;
};

}  // namespace

Result<std::unique_ptr<InputStream>> OpenInputFile(const std::string& path, Progress* progress) {
  int fd = path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) return NotFound("there is no file " + path);
  if (fd < 0) return ErrnoStatus(path, "can't open");
  Descriptor owned = path == "-" ? Descriptor() : Descriptor(fd);
  struct stat found;
  if (::fstat(fd, &found) == 0 && S_ISDIR(found.st_mode)) return InvalidArgument(InputName(path) + " is a folder");
  if (S_ISREG(found.st_mode)) Expect(progress, found.st_size);
  return std::unique_ptr<InputStream>(
      std::make_unique<DescriptorInput>(std::move(owned), fd, InputName(path), progress));
}

}  // namespace parquedb
