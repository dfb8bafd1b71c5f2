// What the benchmarks share: a folder on the disk that is measured, and what that disk does without a database.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace parquedb {

// A fresh folder under $PARQUEDB_BENCH_DIR, else TMPDIR, else /tmp; removed at the end.
class BenchFolder {
 public:
  BenchFolder();
  ~BenchFolder();
  BenchFolder(const BenchFolder&) = delete;
  BenchFolder& operator=(const BenchFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Seconds since it was made.
class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// A whole number from the environment, or `otherwise`.
int64_t NumberFromEnvironment(const char* name, int64_t otherwise);

// fdatasyncs a second of the disk that holds `folder`, each after an append of 512 bytes. Takes 0.3 s. Stops the
// program when the disk fails.
double FdatasyncRate(const std::string& folder);

// Seconds to read a file, hash it (SHA-256), write its bytes to another and sync that: what no import can do without.
double HashedCopySeconds(const std::string& from, const std::string& to);

// Seconds to make `count` files of `content` in folders of their own under `folder` and to sync the file system.
double SmallFilesSeconds(const std::string& folder, int64_t count, std::string_view content);

}  // namespace parquedb
