#include "core/temporary_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "core/errno_status.h"

namespace parquedb {

std::string TemporaryDirectory() {
  const char* chosen = std::getenv("TMPDIR");
  return chosen != nullptr && *chosen != '\0' ? chosen : "/tmp";
}

TemporaryFile::~TemporaryFile() {
  if (fd_ >= 0) ::close(fd_);
}

Status TemporaryFile::Open() {
  if (fd_ >= 0) return Status::Ok();
  directory_ = TemporaryDirectory();
  fd_ = ::open(directory_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd_ < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
    std::string name = directory_ + "/parquedb-XXXXXX";
    fd_ = ::mkostemp(name.data(), O_CLOEXEC);
    if (fd_ >= 0) ::unlink(name.c_str());
  }
  return fd_ >= 0 ? Status::Ok() : Fail("can't make a temporary file");
}

Status TemporaryFile::Fail(std::string_view what) const {
  return ErrnoStatus(directory_, std::string(what)).WithHint("set TMPDIR to a folder with more room");
}

Status TemporaryFile::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Fail("can't write a temporary file");
    bytes.remove_prefix(static_cast<size_t>(written));
    size_ += static_cast<uint64_t>(written);
  }
  return Status::Ok();
}

Status TemporaryFile::ReadAt(uint64_t offset, char* out, size_t count) const {
  while (count > 0) {
    ssize_t got = ::pread(fd_, out, count, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Fail("can't read a temporary file");
    offset += static_cast<uint64_t>(got);
    out += got;
    count -= static_cast<size_t>(got);
  }
  return Status::Ok();
}

}  // namespace parquedb
