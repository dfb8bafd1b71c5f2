// A checkpoint of many namespaces with one changed document each, and of ten of them. Counter "x_files": its time over
// that of making as many small files, each in a folder of its own, and one syncfs, in the same run.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "bench_folder.h"
#include "parquedb/database.h"

namespace parquedb {
namespace {

constexpr int64_t kChanged = 10;   // namespaces of the second checkpoint
constexpr int64_t kFilesEach = 2;  // a namespace without links has a data and a bloom file
constexpr size_t kFileBytes = 4 << 10;

std::string Namespace(int64_t i) { return "ns" + std::to_string(i); }

Status PutOne(ParqueDB* db, int64_t ns, int64_t value) {
  Document document = *Document::Parse("{\"$id\":\"" + Namespace(ns) + "/" + std::to_string(value) + "\",\"value\":1}");
  return db->collection(Namespace(ns)).Create(document).status();
}

Result<std::unique_ptr<ParqueDB>> OpenWith(const std::string& path, int64_t namespaces) {
  // What is measured is the checkpoint: the documents need not survive a power cut one by one.
  ASSIGN_OR_RETURN(auto db,
                   ParqueDB::Open({.path = path, .create_if_missing = true, .durability = Durability::kProcess}));
  for (int64_t ns = 0; ns < namespaces; ++ns) RETURN_IF_ERROR(PutOne(db.get(), ns, 1));
  return db;
}

void RunCheckpoint(benchmark::State& state, bool only_changed) {
  BenchFolder folder;
  const int64_t namespaces = state.range(0);
  auto db = OpenWith(folder.path() + "/db", namespaces);
  if (!db.ok()) return state.SkipWithError(db.status().message().c_str());
  if (only_changed) {
    Status ready = (*db)->Checkpoint();
    for (int64_t ns = 0; ready.ok() && ns < kChanged; ++ns) ready = PutOne(db->get(), ns * (namespaces / kChanged), 2);
    if (!ready.ok()) return state.SkipWithError(ready.message().c_str());
  }
  double files = SmallFilesSeconds(folder.path(), (only_changed ? kChanged : namespaces) * kFilesEach,
                                   std::string(kFileBytes, 'x'));
  double seconds = 0;
  for (auto _ : state) {
    Stopwatch watch;
    Status done = (*db)->Checkpoint();
    if (!done.ok()) return state.SkipWithError(done.message().c_str());
    seconds = watch.seconds();
  }
  state.SetItemsProcessed(only_changed ? kChanged : namespaces);
  state.counters["x_files"] = seconds / files;
  db->reset();
}

void CheckpointNamespaces(benchmark::State& state) { RunCheckpoint(state, false); }
void CheckpointTenOf(benchmark::State& state) { RunCheckpoint(state, true); }

// A checkpoint leaves nothing to do for a second one: one iteration.
BENCHMARK(CheckpointNamespaces)->Arg(10'000)->Iterations(1)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(CheckpointTenOf)->Arg(10'000)->Iterations(1)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace parquedb
