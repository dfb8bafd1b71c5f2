#include "bench_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "core/sha256.h"

namespace parquedb {
namespace {

constexpr double kFloorSeconds = 0.3;
constexpr size_t kBlockBytes = 1 << 20;

// A baseline that could not be taken makes every ratio wrong.
void Need(bool good, const std::string& what) {
  if (good) return;
  std::perror(what.c_str());
  std::exit(1);
}

std::string ParentFolder() {
  for (const char* variable : {"PARQUEDB_BENCH_DIR", "TMPDIR"}) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0') return value;
  }
  return "/tmp";
}

void WriteBlock(int fd, std::string_view block, const std::string& name) {
  Need(::write(fd, block.data(), block.size()) == static_cast<ssize_t>(block.size()), name);
}

}  // namespace

BenchFolder::BenchFolder() : path_(ParentFolder() + "/bench-XXXXXX") { Need(mkdtemp(path_.data()) != nullptr, path_); }

BenchFolder::~BenchFolder() {
  std::error_code ignored;  // what is left lies in a folder for temporary files
  std::filesystem::remove_all(path_, ignored);
}

int64_t NumberFromEnvironment(const char* name, int64_t otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? std::atoll(value) : otherwise;
}

double FdatasyncRate(const std::string& folder) {
  std::string name = folder + "/floor";
  int fd = ::open(name.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  Need(fd >= 0, name);
  std::string block(512, 'x');
  Stopwatch watch;
  int64_t count = 0;
  while (watch.seconds() < kFloorSeconds) {
    WriteBlock(fd, block, name);
    Need(::fdatasync(fd) == 0, name);
    ++count;
  }
  double seconds = watch.seconds();
  ::close(fd);
  return static_cast<double>(count) / seconds;
}

double HashedCopySeconds(const std::string& from, const std::string& to) {
  Stopwatch watch;
  int source = ::open(from.c_str(), O_RDONLY), target = ::open(to.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
  Need(source >= 0 && target >= 0, from);
  Sha256 hash;
  std::string block(kBlockBytes, '\0');
  ssize_t got;
  while ((got = ::read(source, block.data(), block.size())) > 0) {
    std::string_view bytes = std::string_view(block).substr(0, static_cast<size_t>(got));
    hash.Update(bytes);
    WriteBlock(target, bytes, to);
  }
  Need(got == 0 && ::fdatasync(target) == 0, to);
  ::close(source);
  ::close(target);
  double seconds = watch.seconds();
  ::unlink(to.c_str());
  return seconds;
}

double SmallFilesSeconds(const std::string& folder, int64_t count, std::string_view content) {
  Stopwatch watch;
  for (int64_t i = 0; i < count; ++i) {
    std::string own = folder + "/small-" + std::to_string(i);
    Need(::mkdir(own.c_str(), 0700) == 0, own);
    int fd = ::open((own + "/file").c_str(), O_CREAT | O_WRONLY, 0600);
    Need(fd >= 0, own);
    WriteBlock(fd, content, own);
    ::close(fd);
  }
  int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY);
  Need(fd >= 0 && ::syncfs(fd) == 0, folder);
  ::close(fd);
  return watch.seconds();
}

}  // namespace parquedb
