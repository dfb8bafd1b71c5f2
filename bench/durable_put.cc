// Acknowledged, durable puts a second, with 1, 64 and 256 clients at once, beside the disk's own fdatasync rate in the
// same run (counter "x_fdatasync").
#include <benchmark/benchmark.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "bench_folder.h"
#include "parquedb/database.h"

namespace parquedb {
namespace {

constexpr double kRunSeconds = 1.0;

// 430 bytes.
Document PutDocument(int64_t client) {
  std::string json = "{\"n\":" + std::to_string(client) + ",\"text\":\"";
  json.append(406 - json.size(), 'a' + static_cast<char>(client % 26));
  json.append("\",\"more\":\"0123456789ab\"}");
  return *Document::Parse(json);
}

struct Puts {
  int64_t acknowledged = 0;
  bool failed = false;
};

// Every client puts one document after another, each waiting for its own, until the time is over.
Puts PutForAWhile(ParqueDB* db, int64_t clients) {
  std::atomic<int64_t> acknowledged = 0;
  std::atomic<bool> stop = false, failed = false;
  std::vector<std::thread> threads;
  for (int64_t client = 0; client < clients; ++client) {
    threads.emplace_back([&, client] {
      Document document = PutDocument(client);
      Collection puts = db->collection("puts");
      int64_t own = 0;
      while (!stop && !failed) {
        if (puts.Create(document).ok())
          ++own;
        else
          failed = true;
      }
      acknowledged += own;
    });
  }
  std::this_thread::sleep_for(std::chrono::duration<double>(kRunSeconds));
  stop = true;
  for (std::thread& thread : threads) thread.join();
  return {acknowledged, failed};
}

void DurablePut(benchmark::State& state) {
  BenchFolder folder;
  double floor = FdatasyncRate(folder.path());
  auto db =
      ParqueDB::Open({.path = folder.path() + "/db", .create_if_missing = true, .name = "bench", .actor = "bench"});
  if (!db.ok()) return state.SkipWithError(db.status().message().c_str());
  int64_t acknowledged = 0;
  double seconds = 0;
  for (auto _ : state) {
    Stopwatch watch;
    Puts puts = PutForAWhile(db->get(), state.range(0));
    if (puts.failed) state.SkipWithError("a put failed");
    acknowledged += puts.acknowledged;
    seconds += watch.seconds();
  }
  floor = (floor + FdatasyncRate(folder.path())) / 2;
  state.SetItemsProcessed(acknowledged);
  state.counters["fdatasync_per_s"] = floor;
  state.counters["x_fdatasync"] = static_cast<double>(acknowledged) / seconds / floor;
  db->reset();
}

BENCHMARK(DurablePut)
    ->ArgName("clients")
    ->Arg(1)
    ->Arg(64)
    ->Arg(256)
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace parquedb
