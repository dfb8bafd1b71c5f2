// The database on a disk that crashes: at every operation of scripted workloads the process or the machine goes, and
// what was acknowledged must be there, once, and nothing else.
#include <cstdio>
#include <cstdlib>

#include "core/test_hooks.h"
#include "database/scripted_workload.h"

namespace parquedb {

struct CrashCase {
  const char* name;
  Script script;
  const char* direct_batch_bytes;    // nullptr: as the product has it
  const char* base_bytes = nullptr;  // likewise
};

class CrashTest : public testing::TestWithParam<CrashCase> {
 protected:
  void SetUp() override {
    if (GetParam().direct_batch_bytes != nullptr) ::setenv(kDirectBatchVariable, GetParam().direct_batch_bytes, 1);
    if (GetParam().base_bytes != nullptr) ::setenv(kBaseBytesVariable, GetParam().base_bytes, 1);
    std::fputs(("seed " + std::to_string(RunSeed()) + "\n").c_str(), stdout);
  }
  void TearDown() override {
    ::unsetenv(kDirectBatchVariable);
    ::unsetenv(kBaseBytesVariable);
  }

  static Status Run(ScriptedDatabase& db) { return GetParam().script(db); }
  static int64_t CountOperations() {
    auto disk = std::make_shared<MemoryDisk>();
    ScriptedDatabase db(disk);
    Status status = Run(db);
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_GT(disk->operations(), 40);
    return disk->operations();
  }
  // The script until it fails at operation `at`.
  static void RunUntilCrash(const std::shared_ptr<MemoryDisk>& disk, ScriptedDatabase* db, int64_t at) {
    disk->SetFaults({.crash_at = at});
    ASSERT_FALSE(Run(*db).ok());
    db->Close();
  }
};

TEST_P(CrashTest, AProcessThatEndsAnywhereLosesNothing) {
  const int64_t operations = CountOperations();
  for (int64_t at = 0; at < operations && !HasFatalFailure(); ++at) {
    auto disk = std::make_shared<MemoryDisk>();
    ScriptedDatabase db(disk);
    RunUntilCrash(disk, &db, at);
    disk->EndProcess();
    ExpectRecovered(disk, db, "process ends at operation " + std::to_string(at));
  }
}

TEST_P(CrashTest, APowerCutAnywhereLosesNothing) {
  const int64_t operations = CountOperations();
  for (int64_t at = 0; at < operations; ++at) {
    for (uint64_t seed = RunSeed(); seed < RunSeed() + CrashSeeds() && !HasFatalFailure(); ++seed) {
      auto disk = std::make_shared<MemoryDisk>();
      ScriptedDatabase db(disk);
      RunUntilCrash(disk, &db, at);
      SeededRandom random(seed);
      disk->CutPower(random);
      ExpectRecovered(disk, db, "power cut at operation " + std::to_string(at) + ", seed " + std::to_string(seed));
    }
  }
}

// What the first process left visible but not durable, the second builds upon: it must make it durable first.
TEST_P(CrashTest, APowerCutAfterTheRecoveryFromAnEndedProcessLosesNothing) {
  const int64_t operations = CountOperations();
  for (int64_t at = 0; at < operations; ++at) {
    for (uint64_t seed = RunSeed(); seed < RunSeed() + CrashSeeds() && !HasFatalFailure(); ++seed) {
      const std::string where =
          "process ends at operation " + std::to_string(at) + ", then power cut, seed " + std::to_string(seed);
      auto disk = std::make_shared<MemoryDisk>();
      ScriptedDatabase db(disk);
      RunUntilCrash(disk, &db, at);
      disk->EndProcess();
      ScriptedDatabase next(disk);
      ASSERT_TRUE(next.Open().ok()) << where;
      auto seen = ReadDocuments(disk);
      ExpectOneOf(seen, db, where);
      if (HasFatalFailure()) return;
      next.acknowledged = next.in_flight = *seen;
      if (seed % 2 == 0) {
        ASSERT_TRUE(next.Put("second", 1).ok()) << where;
      }
      next.Close();
      SeededRandom random(seed);
      disk->CutPower(random);
      ExpectRecovered(disk, next, where);
    }
  }
}

// An error at any operation is reported, and nothing that was acknowledged is lost; opened again, all goes on.
TEST_P(CrashTest, AnErrorAnywhereIsReportedAndHarmless) {
  const int64_t operations = CountOperations();
  for (bool sticky : {false, true}) {
    for (int64_t at = 0; at < operations && !HasFatalFailure(); ++at) {
      auto disk = std::make_shared<MemoryDisk>();
      ScriptedDatabase db(disk);
      disk->SetFaults({.crash_at = -1, .fail_at = at, .sticky = sticky, .error = IoError("injected: no space left")});
      Status status = Run(db);
      if (sticky) {
        ASSERT_FALSE(status.ok()) << at;
      }
      if (!status.ok()) {
        ASSERT_EQ(status.code(), StatusCode::kIo) << at << ": " << status.message();
        ASSERT_NE(status.message().find("no space left"), std::string::npos) << at << ": " << status.message();
      }
      db.Close();
      disk->EndProcess();
      ExpectRecovered(disk, db,
                      std::string(sticky ? "sticky" : "single") + " error at operation " + std::to_string(at));
    }
  }
}

}  // namespace parquedb
