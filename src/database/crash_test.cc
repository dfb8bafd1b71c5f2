// The database on a disk that crashes: at every operation of scripted workloads the process or the machine goes, and what
// was acknowledged must be there, once, and nothing else.
#include <gtest/gtest.h>

#include <map>

#include "core/clock.h"
#include "database/import.h"
#include "parquedb/database.h"
#include "replay/state.h"
#include "storage/memory_backend.h"

namespace parquedb {
namespace {

using State = std::map<std::string, std::string>;  // id -> data text

// What the disk's database holds, read as another process does.
Result<State> ReadState(const std::shared_ptr<MemoryDisk>& disk) {
  MemoryBackend storage(disk);
  ASSIGN_OR_RETURN(View view, TakeView(storage, 2'000'000'000'000, {.pin_all = true}));
  ASSIGN_OR_RETURN(auto cursor, OpenState(storage, view, {.cut = view.head, .namespaces = {}}));
  State state;
  Entity entity;
  while (true) {
    ASSIGN_OR_RETURN(bool more, cursor->Next(&entity));
    if (!more) return state;
    state[entity.id] = entity.data;
  }
}

// Carries a script out step by step; remembers what was acknowledged, and what the step in flight may have done.
class Workload {
 public:
  explicit Workload(std::shared_ptr<MemoryDisk> disk) : disk_(std::move(disk)) {}

  Status Open() {
    OpenOptions options;
    options.storage = std::make_shared<MemoryBackend>(disk_);
    options.create_if_missing = true;
    options.name = "crash";
    options.actor = "tester";
    options.clock = &clock_;
    ASSIGN_OR_RETURN(db_, ParqueDB::Open(options));
    return Status::Ok();
  }
  void Close() { db_.reset(); }

  Status Put(const std::string& id, int n) {
    std::string json = "{\"n\":" + std::to_string(n) + "}";
    State next = acknowledged;
    next["docs/" + id] = json;
    return Step(next, [&] {
      auto present = db_->collection("docs").Get(id);
      if (!present.ok()) return present.status();
      if (*present) return db_->collection("docs").Replace(id, *Document::Parse(json)).status();
      return db_->collection("docs").Create(*Document::Parse(json), {.id = id}).status();
    });
  }
  Status Remove(const std::string& id) {
    State next = acknowledged;
    next.erase("docs/" + id);
    return Step(next, [&] { return db_->collection("docs").Delete(id); });
  }
  // Two documents of two namespaces at once.
  Status Batch(const std::string& id, int n) {
    std::string json = "{\"n\":" + std::to_string(n) + "}";
    State next = acknowledged;
    next["other/" + id] = next["other/" + id + "x"] = json;
    return Step(next, [&] {
      auto first = *Document::Parse("{\"$id\":\"other/" + id + "\",\"n\":" + std::to_string(n) + "}");
      auto second = *Document::Parse("{\"$id\":\"other/" + id + "x\",\"n\":" + std::to_string(n) + "}");
      return db_->collection("other").CreateMany({first, second}).status();
    });
  }
  Status Link(const std::string& id, const std::string& to) {
    State next = acknowledged;
    std::string data = next["docs/" + id];
    next["docs/" + id] = "{\"$links\":{\"to\":[\"" + to + "\"]}," + data.substr(1);
    return Step(next, [&] { return db_->collection("docs").Link(id, "to", to, true).status(); });
  }
  Status Flush() {
    return Step(acknowledged, [&] { return db_->Flush(); });
  }
  Status Checkpoint() {
    return Step(acknowledged, [&] { return db_->Checkpoint(); });
  }
  // All steps, until one fails.
  Status Run() {
    RETURN_IF_ERROR(Open());
    RETURN_IF_ERROR(Put("a", 1));
    RETURN_IF_ERROR(Put("b", 2));
    RETURN_IF_ERROR(Batch("m", 3));
    RETURN_IF_ERROR(Flush());
    RETURN_IF_ERROR(Put("a", 4));
    RETURN_IF_ERROR(Link("b", "docs/a"));
    RETURN_IF_ERROR(Checkpoint());
    RETURN_IF_ERROR(Remove("b"));
    RETURN_IF_ERROR(Put("c", 5));
    Close();
    RETURN_IF_ERROR(Open());
    RETURN_IF_ERROR(Put("d", 6));
    RETURN_IF_ERROR(Checkpoint());
    return Put("e", 7);
  }

  State acknowledged, in_flight;

 private:
  template <typename Body>
  Status Step(const State& next, Body body) {
    clock_.Advance(7);
    in_flight = next;
    Status status = body();
    if (status.ok()) acknowledged = next;
    return status;
  }

  std::shared_ptr<MemoryDisk> disk_;
  ManualClock clock_{1'700'000'000'000};
  std::unique_ptr<ParqueDB> db_;
};

int64_t CountOperations() {
  auto disk = std::make_shared<MemoryDisk>();
  Workload workload(disk);
  Status status = workload.Run();
  EXPECT_TRUE(status.ok()) << status.message();
  return disk->operations();
}

std::string Text(const State& state) {
  std::string text;
  for (const auto& [id, data] : state) text += id + "=" + data + " ";
  return text;
}

// After the crash: the acknowledged state, or that of the step in flight. Then the database opens, takes a write and a
// checkpoint, and still says the same.
void ExpectRecovered(const std::shared_ptr<MemoryDisk>& disk, const Workload& before, const std::string& where) {
  if (!disk->Has("events/manifest.json")) {
    EXPECT_TRUE(before.acknowledged.empty()) << where;
    return;
  }
  auto seen = ReadState(disk);
  ASSERT_TRUE(seen.ok()) << where << ": " << seen.status().message();
  ASSERT_TRUE(*seen == before.acknowledged || *seen == before.in_flight)
      << where << "\n found " << Text(*seen) << "\n acked " << Text(before.acknowledged) << "\n or    " << Text(before.in_flight);
  Workload after(disk);
  Status opened = after.Open();
  ASSERT_TRUE(opened.ok()) << where << ": " << opened.message();
  after.acknowledged = *ReadState(disk);
  ASSERT_TRUE(after.acknowledged == before.acknowledged || after.acknowledged == before.in_flight) << where;
  Status put = after.Put("after", 99);
  ASSERT_TRUE(put.ok()) << where << ": " << put.message();
  Status checkpoint = after.Checkpoint();
  ASSERT_TRUE(checkpoint.ok()) << where << ": " << checkpoint.message();
  ASSERT_EQ(Text(*ReadState(disk)), Text(after.acknowledged)) << where;
}

TEST(CrashTest, AProcessThatEndsAnywhereLosesNothing) {
  const int64_t operations = CountOperations();
  ASSERT_GT(operations, 100);
  for (int64_t at = 0; at < operations; ++at) {
    auto disk = std::make_shared<MemoryDisk>();
    Workload workload(disk);
    disk->SetFaults({.crash_at = at});
    Status status = workload.Run();
    ASSERT_FALSE(status.ok());
    workload.Close();
    disk->EndProcess();
    ExpectRecovered(disk, workload, "process ends at operation " + std::to_string(at));
    if (HasFatalFailure()) return;
  }
}

TEST(CrashTest, APowerCutAnywhereLosesNothing) {
  const int64_t operations = CountOperations();
  const uint64_t base = static_cast<uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  std::printf("seed %llu\n", static_cast<unsigned long long>(base));
  for (int64_t at = 0; at < operations; ++at) {
    for (uint64_t seed = base; seed < base + 6; ++seed) {
      auto disk = std::make_shared<MemoryDisk>();
      Workload workload(disk);
      disk->SetFaults({.crash_at = at});
      Status status = workload.Run();
      ASSERT_FALSE(status.ok());
      workload.Close();
      SeededRandom random(seed);
      disk->CutPower(random);
      ExpectRecovered(disk, workload, "power cut at operation " + std::to_string(at) + ", seed " + std::to_string(seed));
      if (HasFatalFailure()) return;
    }
  }
}

// An error at any operation is reported, and nothing that was acknowledged is lost; opened again, all goes on.
TEST(CrashTest, AnErrorAnywhereIsReportedAndHarmless) {
  const int64_t operations = CountOperations();
  for (bool sticky : {false, true}) {
    for (int64_t at = 0; at < operations; ++at) {
      auto disk = std::make_shared<MemoryDisk>();
      Workload workload(disk);
      disk->SetFaults({.crash_at = -1, .fail_at = at, .sticky = sticky, .error = IoError("injected: no space left")});
      Status status = workload.Run();
      if (sticky) {
        ASSERT_FALSE(status.ok()) << at;
      }
      if (!status.ok()) {
        ASSERT_EQ(status.code(), StatusCode::kIo) << at << ": " << status.message();
      }
      workload.Close();
      disk->EndProcess();
      ExpectRecovered(disk, workload, std::string(sticky ? "sticky" : "single") + " error at operation " + std::to_string(at));
      if (HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace parquedb
