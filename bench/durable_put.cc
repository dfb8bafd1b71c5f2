// Acknowledged, durable puts a second, with 1, 64 and 256 clients at once, beside the disk's own fdatasync rate in the same
// run (counter "x_fdatasync"). The database lies under $PARQUEDB_BENCH_DIR, else TMPDIR, else /tmp.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "parquedb/database.h"

namespace {

using Seconds = std::chrono::duration<double>;

constexpr double kFloorSeconds = 0.3;
constexpr double kRunSeconds = 1.0;

std::string BenchDirectory() {
  for (const char* variable : {"PARQUEDB_BENCH_DIR", "TMPDIR"}) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0') return value;
  }
  return "/tmp";
}

std::string FreshFolder() {
  std::string name = BenchDirectory() + "/durable-put-XXXXXX";
  return mkdtemp(name.data());
}

// fdatasyncs a second of this disk, one append of 512 bytes each.
double FdatasyncRate(const std::string& folder) {
  int fd = ::open((folder + "/floor").c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  std::string block(512, 'x');
  auto start = std::chrono::steady_clock::now();
  int64_t count = 0;
  while (Seconds(std::chrono::steady_clock::now() - start).count() < kFloorSeconds) {
    if (::write(fd, block.data(), block.size()) < 0 || ::fdatasync(fd) != 0) break;
    ++count;
  }
  ::close(fd);
  return static_cast<double>(count) / Seconds(std::chrono::steady_clock::now() - start).count();
}

parquedb::Document PutDocument(int64_t i) {
  std::string json = "{\"n\":" + std::to_string(i) + ",\"text\":\"";
  json.append(400 - json.size(), 'a' + static_cast<char>(i % 26));
  json.append("\",\"more\":\"0123456789\"}");
  return *parquedb::Document::Parse(json);
}

void DurablePut(benchmark::State& state) {
  const int64_t clients = state.range(0);
  std::string folder = FreshFolder();
  double floor = FdatasyncRate(folder);
  auto db = parquedb::ParqueDB::Open({.path = folder + "/db", .create_if_missing = true, .name = "bench", .actor = "bench"});
  if (!db.ok()) return state.SkipWithError(db.status().message().c_str());
  std::atomic<int64_t> acknowledged = 0;
  std::atomic<bool> failed = false;
  double seconds = 0;
  for (auto _ : state) {
    std::atomic<bool> stop = false;
    auto start = std::chrono::steady_clock::now();
    std::vector<std::thread> threads;
    for (int64_t client = 0; client < clients; ++client) {
      threads.emplace_back([&, client] {
        parquedb::Document document = PutDocument(client);
        auto puts = (*db)->collection("puts");
        while (!stop && !failed) {
          if (puts.Create(document).ok()) ++acknowledged;
          else failed = true;
        }
      });
    }
    std::this_thread::sleep_for(Seconds(kRunSeconds));
    stop = true;
    for (std::thread& thread : threads) thread.join();
    double run = Seconds(std::chrono::steady_clock::now() - start).count();
    state.SetIterationTime(run);
    seconds += run;
  }
  if (failed) state.SkipWithError("a put failed");
  state.SetItemsProcessed(acknowledged);
  state.counters["x_fdatasync"] = static_cast<double>(acknowledged) / seconds / floor;
  db->reset();
  std::filesystem::remove_all(folder);
}

BENCHMARK(DurablePut)->ArgName("clients")->Arg(1)->Arg(64)->Arg(256)->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
