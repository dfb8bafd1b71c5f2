// A whole import of NDJSON documents of 430 bytes until it is durable, alone and with the checkpoint after it. Counter
// "x_copy": its time over that of reading, hashing, writing and syncing the same file, in the same run.
// $PARQUEDB_BENCH_DOCUMENTS sets how many documents there are.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <random>
#include <string>

#include "bench_folder.h"
#include "database/import.h"
#include "parquedb/database.h"

namespace parquedb {
namespace {

constexpr int64_t kDocuments = 100'000;
constexpr size_t kDocumentBytes = 430;

// Words of a fixed list, so that the texts compress like texts.
std::string Words(std::mt19937_64* random, size_t bytes) {
  static constexpr const char* kWords[] = {"order", "house", "river", "blue",  "seven", "paper", "light", "stone",
                                           "green", "table", "cloud", "north", "apple", "wheel", "glass", "field"};
  std::string text;
  while (text.size() < bytes)
    text.append(kWords[(*random)() % 16]).append(std::to_string((*random)() % 100)).append(" ");
  text.resize(bytes);
  return text;
}

void WriteDocuments(const std::string& name, int64_t count) {
  std::ofstream out(name);
  std::mt19937_64 random(1);
  for (int64_t i = 0; i < count; ++i) {
    char head[256];
    std::snprintf(
        head, sizeof head,
        R"({"id":"d%09lld","name":"%s","region":%d,"quantity":%d,"score":%.3f,"active":%s,"address":{"zip":"%05d"},"note":")",
        static_cast<long long>(i), Words(&random, 24).c_str(), static_cast<int>(random() % 50),
        static_cast<int>(random() % 1000), static_cast<double>(random() % 100'000) / 1000,
        random() % 2 == 0 ? "true" : "false", static_cast<int>(random() % 100'000));
    std::string line = head;
    line.append(Words(&random, kDocumentBytes - 2 - line.size())).append("\"}\n");
    out << line;
  }
}

void RunImport(benchmark::State& state, bool checkpoint) {
  BenchFolder folder;
  std::string file = folder.path() + "/documents.ndjson";
  const int64_t documents = NumberFromEnvironment("PARQUEDB_BENCH_DOCUMENTS", kDocuments);
  WriteDocuments(file, documents);
  double copy = HashedCopySeconds(file, folder.path() + "/copy"), seconds = 0;
  int64_t number = 0;
  for (auto _ : state) {
    Stopwatch watch;
    auto db = ParqueDB::Open({.path = folder.path() + "/db" + std::to_string(++number), .create_if_missing = true});
    if (!db.ok()) return state.SkipWithError(db.status().message().c_str());
    auto reader = OpenRecords({.file = file, .ns = "docs", .id_field = "id"});
    if (!reader.ok()) return state.SkipWithError(reader.status().message().c_str());
    auto imported = ImportRecords((*db)->state(), std::move(*reader), {});
    if (!imported.ok()) return state.SkipWithError(imported.status().message().c_str());
    Status done = checkpoint ? (*db)->Checkpoint() : Status::Ok();
    if (!done.ok()) return state.SkipWithError(done.message().c_str());
    db->reset();
    seconds += watch.seconds();
  }
  copy = (copy + HashedCopySeconds(file, folder.path() + "/copy")) / 2;
  state.SetItemsProcessed(documents * number);
  state.counters["x_copy"] = seconds / static_cast<double>(number) / copy;
}

void Import(benchmark::State& state) { RunImport(state, false); }
void ImportCheckpoint(benchmark::State& state) { RunImport(state, true); }

BENCHMARK(Import)->Iterations(2)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(ImportCheckpoint)->Iterations(2)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace parquedb
