// For tests on a disk that crashes: scripts that remember what was acknowledged and what the step in flight may have
// done, and the check of what a crash leaves.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "database/import.h"
#include "parquedb/database.h"
#include "replay/state.h"
#include "storage/memory_backend.h"

namespace parquedb {

using TestDocuments = std::map<std::string, std::string>;  // entity id -> data text

inline std::string Text(const TestDocuments& documents) {
  std::string text;
  for (const auto& [id, data] : documents) text += id + "=" + data + " ";
  return text;
}

// What a view shows of a state.
inline Result<TestDocuments> ReadDocuments(const StorageBackend& storage, const View& view,
                                           const StateRequest& request) {
  ASSIGN_OR_RETURN(auto cursor, OpenState(storage, view, request));
  TestDocuments documents;
  Entity entity;
  while (true) {
    ASSIGN_OR_RETURN(bool more, cursor->Next(&entity));
    if (!more) return documents;
    documents[entity.id] = entity.data;
  }
}
// What a store shows, read as another process does.
inline Result<TestDocuments> ReadDocuments(const StorageBackend& storage) {
  ASSIGN_OR_RETURN(View view, TakeView(storage, 2'000'000'000'000, {.pin_all = true, .namespaces = {}}));
  return ReadDocuments(storage, view, {.cut = view.head, .namespaces = {}});
}
inline Result<TestDocuments> ReadDocuments(const std::shared_ptr<MemoryDisk>& disk) {
  return ReadDocuments(MemoryBackend(disk));
}

// A database on `disk`, changed step by step.
class ScriptedDatabase {
 public:
  explicit ScriptedDatabase(std::shared_ptr<MemoryDisk> disk) : disk_(std::move(disk)) {}

  Status Open() {
    OpenOptions options;
    options.storage = std::make_shared<MemoryBackend>(disk_);
    options.create_if_missing = true;
    options.name = "crash";
    options.actor = "tester";
    options.clock = &clock_;
    options.lock_timeout_ms = 0;
    ASSIGN_OR_RETURN(db_, ParqueDB::Open(options));
    return Status::Ok();
  }
  void Close() { db_.reset(); }
  ParqueDB& db() { return *db_; }
  ManualClock& clock() { return clock_; }

  Status Put(const std::string& id, int n) {
    std::string json = "{\"n\":" + std::to_string(n) + "}";
    TestDocuments next = acknowledged;
    next["docs/" + id] = json;
    return Step(next, [&] {
      auto present = db_->collection("docs").Get(id);
      if (!present.ok()) return present.status();
      if (*present) return db_->collection("docs").Replace(id, *Document::Parse(json)).status();
      return db_->collection("docs").Create(*Document::Parse(json), {.id = id}).status();
    });
  }
  Status Remove(const std::string& id) {
    TestDocuments next = acknowledged;
    next.erase("docs/" + id);
    return Step(next, [&] { return db_->collection("docs").Delete(id); });
  }
  // Two documents at once.
  Status Batch(const std::string& id, int n) {
    std::string json = "{\"n\":" + std::to_string(n) + "}";
    TestDocuments next = acknowledged;
    next["other/" + id] = next["other/" + id + "x"] = json;
    return Step(next, [&] {
      auto first = *Document::Parse("{\"$id\":\"other/" + id + "\",\"n\":" + std::to_string(n) + "}");
      auto second = *Document::Parse("{\"$id\":\"other/" + id + "x\",\"n\":" + std::to_string(n) + "}");
      return db_->collection("other").CreateMany({first, second}).status();
    });
  }
  Status Link(const std::string& id, const std::string& to) {
    TestDocuments next = acknowledged;
    std::string data = next["docs/" + id];
    next["docs/" + id] = "{\"$links\":{\"to\":[\"" + to + "\"]}," + data.substr(1);
    return Step(next, [&] { return db_->collection("docs").Link(id, "to", to, true).status(); });
  }
  // Five records of a file, which has them in another order than their ids.
  Status Import(const std::string& prefix) {
    TestDocuments next = acknowledged;
    std::string path = testing::TempDir() + "parquedb_import_" + std::to_string(::getpid()) + prefix + ".ndjson";
    std::ofstream file(path, std::ios::trunc);
    for (int i : {4, 2, 5, 1, 3}) {
      std::string id = prefix + std::to_string(i), fields = "\"row\":" + std::to_string(i);
      file << "{\"$id\":\"imp/" << id << "\"," << fields << "}\n";
      next["imp/" + id] = "{" + fields + "}";
    }
    file.close();
    Status imported = Step(next, [&] {
      ImportSource source;
      source.file = path;
      ASSIGN_OR_RETURN(auto reader, OpenRecords(source));
      return ImportRecords(db_->state(), std::move(reader), {}).status();
    });
    ::unlink(path.c_str());
    return imported;
  }
  Status Flush() {
    return Step(acknowledged, [&] { return db_->Flush(); });
  }
  Status Checkpoint() {
    return Step(acknowledged, [&] { return db_->Checkpoint(); });
  }

  // Any other change, which makes the state `next`.
  template <typename Body>
  Status Step(const TestDocuments& next, Body body) {
    clock_.Advance(7);
    in_flight = next;
    Status status = body();
    if (status.ok()) acknowledged = next;
    return status;
  }

  TestDocuments acknowledged, in_flight;

 private:
  std::shared_ptr<MemoryDisk> disk_;
  ManualClock clock_{1'700'000'000'000};
  std::unique_ptr<ParqueDB> db_;
};

using Script = std::function<Status(ScriptedDatabase&)>;

inline Status RunWrites(ScriptedDatabase& db) {
  RETURN_IF_ERROR(db.Open());
  RETURN_IF_ERROR(db.Put("a", 1));
  RETURN_IF_ERROR(db.Put("b", 2));
  RETURN_IF_ERROR(db.Batch("m", 3));
  RETURN_IF_ERROR(db.Flush());
  RETURN_IF_ERROR(db.Put("a", 4));
  RETURN_IF_ERROR(db.Link("b", "docs/a"));
  RETURN_IF_ERROR(db.Checkpoint());
  RETURN_IF_ERROR(db.Remove("b"));
  RETURN_IF_ERROR(db.Put("c", 5));
  db.Close();
  RETURN_IF_ERROR(db.Open());
  RETURN_IF_ERROR(db.Put("d", 6));
  RETURN_IF_ERROR(db.Checkpoint());
  return db.Put("e", 7);
}

inline Status RunImports(ScriptedDatabase& db) {
  RETURN_IF_ERROR(db.Open());
  RETURN_IF_ERROR(db.Put("a", 1));
  RETURN_IF_ERROR(db.Import("x"));
  RETURN_IF_ERROR(db.Put("b", 2));
  RETURN_IF_ERROR(db.Import("y"));
  RETURN_IF_ERROR(db.Checkpoint());
  return db.Put("c", 3);
}

// The acknowledged state, or that of the step in flight.
inline void ExpectOneOf(const Result<TestDocuments>& seen, const ScriptedDatabase& before, const std::string& where) {
  ASSERT_TRUE(seen.ok()) << where << ": " << seen.status().message();
  ASSERT_TRUE(*seen == before.acknowledged || *seen == before.in_flight)
      << where << "\n found " << Text(*seen) << "\n acked " << Text(before.acknowledged) << "\n or    "
      << Text(before.in_flight);
}

// After a crash: the acknowledged state, or that of the step in flight. Then the database opens, takes a write and a
// checkpoint, and still says the same.
inline void ExpectRecovered(const std::shared_ptr<MemoryDisk>& disk, const ScriptedDatabase& before,
                            const std::string& where) {
  if (!disk->Has("events/manifest.json")) {
    EXPECT_TRUE(before.acknowledged.empty()) << where;
    return;
  }
  ExpectOneOf(ReadDocuments(disk), before, where);
  if (testing::Test::HasFatalFailure()) return;
  ScriptedDatabase after(disk);
  Status opened = after.Open();
  ASSERT_TRUE(opened.ok()) << where << ": " << opened.message();
  ExpectOneOf(ReadDocuments(disk), before, where);
  if (testing::Test::HasFatalFailure()) return;
  after.acknowledged = *ReadDocuments(disk);
  Status put = after.Put("after", 99);
  ASSERT_TRUE(put.ok()) << where << ": " << put.message();
  Status checkpoint = after.Checkpoint();
  ASSERT_TRUE(checkpoint.ok()) << where << ": " << checkpoint.message();
  ASSERT_EQ(Text(*ReadDocuments(disk)), Text(after.acknowledged)) << where;
}

// How many power cuts at each operation: PARQUEDB_CRASH_SEEDS for a long run.
inline uint64_t CrashSeeds() {
  const char* text = std::getenv("PARQUEDB_CRASH_SEEDS");
  return text == nullptr ? 2 : std::strtoull(text, nullptr, 10);
}

// A power cut that takes back all that may be lost.
class WorstCase : public RandomSource {
 public:
  uint64_t Next() override { return 0; }
};

// The seed of this run's power cuts; printed with every failure.
inline uint64_t RunSeed() { return static_cast<uint64_t>(testing::UnitTest::GetInstance()->random_seed()); }

}  // namespace parquedb
