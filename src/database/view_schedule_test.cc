// The real writer and the real reader, step by step on one in-memory disk: between any two storage operations of the
// reader the writer takes any number of its own. Every view equals one prefix of the log and holds what was
// acknowledged before it began. (src/eventlog/view_model_test.cc explores the same in a model, exhaustively.)
#include <condition_variable>
#include <mutex>
#include <thread>

#include "database/scripted_workload.h"

namespace parquedb {
namespace {

// Lets the writer's thread take a given number of steps, and no more; a step is a change on the disk.
class Turns {
 public:
  // The writer's side: returns when it may take one step.
  void Take() {
    std::unique_lock lock(mutex_);
    waiting_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return granted_ > 0; });
    waiting_ = false;
    --granted_;
  }
  void End() {
    std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }
  // The reader's side: returns when the writer has taken them and stands before the next, or has ended.
  void Grant(int64_t steps) {
    std::unique_lock lock(mutex_);
    granted_ += steps;
    changed_.notify_all();
    changed_.wait(lock, [this] { return ended_ || (granted_ == 0 && waiting_); });
  }
  bool ended() {
    std::lock_guard lock(mutex_);
    return ended_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int64_t granted_ = 0;
  bool waiting_ = false, ended_ = false;
};

// Passes everything on; calls `before` in front of each change or each look, as it is made for a writer or a reader.
class SteppingFile : public ReadableFile {
 public:
  SteppingFile(std::unique_ptr<ReadableFile> file, const std::function<void()>& before)
      : file_(std::move(file)), before_(before) {}
  uint64_t size() const override { return file_->size(); }
  std::string etag() const override { return file_->etag(); }
  Status ReadAt(uint64_t offset, std::span<char> out) const override {
    before_();
    return file_->ReadAt(offset, out);
  }
  Status Sync() const override {
    before_();
    return file_->Sync();
  }

 private:
  std::unique_ptr<ReadableFile> file_;
  const std::function<void()>& before_;
};

class SteppingAppend : public AppendFile {
 public:
  SteppingAppend(std::unique_ptr<AppendFile> file, const std::function<void()>& before)
      : file_(std::move(file)), before_(before) {}
  uint64_t size() const override { return file_->size(); }
  Status Append(std::string_view bytes) override { return before_(), file_->Append(bytes); }
  Status Sync() override { return before_(), file_->Sync(); }
  Status Truncate(uint64_t size) override { return before_(), file_->Truncate(size); }
  Status Reserve(uint64_t bytes) override { return before_(), file_->Reserve(bytes); }

 private:
  std::unique_ptr<AppendFile> file_;
  const std::function<void()>& before_;
};

class SteppingBackend : public MemoryBackend {
 public:
  SteppingBackend(std::shared_ptr<MemoryDisk> disk, bool steps_when_reading, std::function<void()> before)
      : MemoryBackend(std::move(disk)), reading_(steps_when_reading), before_(std::move(before)) {}

  Result<std::unique_ptr<ReadableFile>> Open(std::string_view path) const override {
    if (!reading_) return MemoryBackend::Open(path);
    before_();
    auto file = MemoryBackend::Open(path);
    if (!file.ok()) return file;
    return std::unique_ptr<ReadableFile>(std::make_unique<SteppingFile>(std::move(*file), before_));
  }
  Result<std::optional<FileEntry>> Stat(std::string_view path) const override {
    if (reading_) before_();
    return MemoryBackend::Stat(path);
  }
  Result<std::vector<FileEntry>> List(std::string_view prefix) const override {
    if (reading_) before_();
    return MemoryBackend::List(prefix);
  }
  Status Publish(std::vector<std::unique_ptr<PendingFile>> files) override {
    // Files appear one after another.
    for (auto& file : files) {
      before_();
      std::vector<std::unique_ptr<PendingFile>> one;
      one.push_back(std::move(file));
      RETURN_IF_ERROR(MemoryBackend::Publish(std::move(one)));
    }
    return Status::Ok();
  }
  Status Write(std::string_view path, std::string_view bytes, const WriteCondition& condition) override {
    before_();
    return MemoryBackend::Write(path, bytes, condition);
  }
  Result<std::unique_ptr<AppendFile>> OpenAppend(std::string_view path) override {
    ASSIGN_OR_RETURN(auto file, MemoryBackend::OpenAppend(path));
    return std::unique_ptr<AppendFile>(std::make_unique<SteppingAppend>(std::move(file), before_));
  }
  Status Remove(std::string_view path) override {
    before_();
    return MemoryBackend::Remove(path);
  }

 private:
  const bool reading_;
  const std::function<void()> before_;
};

// The script: after each of its writes the log has come to a known lsn.
class WatchedWriter {
 public:
  explicit WatchedWriter(const std::shared_ptr<MemoryDisk>& disk) : disk_(disk) {
    backend_ = std::make_shared<SteppingBackend>(disk, false, [this] { turns.Take(); });
    thread_ = std::thread([this] {
      Status status = Run();
      EXPECT_TRUE(status.ok() || disk_->crashed()) << status.message();
      turns.End();
    });
    turns.Grant(0);
  }
  // A writer that has not come to its end is ended.
  ~WatchedWriter() {
    disk_->SetFaults({.crash_at = 0});
    turns.Grant(int64_t{1} << 40);
    thread_.join();
  }
  // State and lsn after each acknowledged write.
  size_t acknowledged() {
    std::lock_guard lock(mutex_);
    return acknowledged_;
  }
  Turns turns;

 private:
  void Acknowledge() {
    std::lock_guard lock(mutex_);
    ++acknowledged_;
  }
  Status Run();

  std::shared_ptr<MemoryDisk> disk_;
  std::shared_ptr<SteppingBackend> backend_;
  std::mutex mutex_;
  size_t acknowledged_ = 0;
  std::thread thread_;
};

Document Numbered(int n) { return *Document::Parse("{\"n\":" + std::to_string(n) + "}"); }

// What the namespaces a and b hold after each write of the script; index 0 is the empty database.
const std::vector<TestDocuments>& Prefixes() {
  static const std::vector<TestDocuments> prefixes = [] {
    std::vector<TestDocuments> states(1);
    auto next = [&](const std::function<void(TestDocuments&)>& change) {
      states.push_back(states.back());
      change(states.back());
    };
    next([](TestDocuments& s) { s["a/1"] = "{\"n\":1}"; });
    next([](TestDocuments& s) { s["b/1"] = "{\"n\":2}"; });
    next([](TestDocuments& s) { s["a/1"] = "{\"n\":3}"; });
    next([](TestDocuments& s) { s["b/2"] = s["b/3"] = "{\"n\":4}"; });
    next([](TestDocuments& s) { s.erase("a/1"); });
    next([](TestDocuments& s) { s["a/2"] = "{\"n\":5}"; });
    return states;
  }();
  return prefixes;
}

Status WatchedWriter::Run() {
  OpenOptions options;
  options.storage = backend_;
  ASSIGN_OR_RETURN(auto db, ParqueDB::Open(options));
  Collection a = db->collection("a"), b = db->collection("b");
  RETURN_IF_ERROR(a.Create(Numbered(1), {.id = "1"}).status());
  Acknowledge();
  RETURN_IF_ERROR(b.Create(Numbered(2), {.id = "1"}).status());
  Acknowledge();
  RETURN_IF_ERROR(db->Checkpoint());
  RETURN_IF_ERROR(a.Replace("1", Numbered(3)).status());
  Acknowledge();
  RETURN_IF_ERROR(db->Flush());
  RETURN_IF_ERROR(
      b.CreateMany({*Document::Parse(R"({"$id":"b/2","n":4})"), *Document::Parse(R"({"$id":"b/3","n":4})")}).status());
  Acknowledge();
  RETURN_IF_ERROR(db->Checkpoint());
  RETURN_IF_ERROR(a.Delete("1"));
  Acknowledge();
  RETURN_IF_ERROR(a.Create(Numbered(5), {.id = "2"}).status());
  Acknowledge();
  return db->Checkpoint();
}

std::shared_ptr<MemoryDisk> FreshDatabase() {
  auto disk = std::make_shared<MemoryDisk>();
  MemoryBackend storage(disk);
  EXPECT_TRUE(InitDatabase(storage, "scheduled", SystemClock(), SystemRandom()).ok());
  return disk;
}

// One view beside a writer that has taken `head_start` steps and takes `schedule(n)` before the reader's nth operation.
void ExpectPrefix(int64_t head_start, const std::function<int64_t(int64_t)>& schedule, const std::string& where,
                  int64_t* operations) {
  auto disk = FreshDatabase();
  WatchedWriter writer(disk);
  writer.turns.Grant(head_start);
  const size_t before = writer.acknowledged();
  int64_t n = 0;
  SteppingBackend reader(disk, true, [&] {
    if (int64_t steps = schedule(n++); steps > 0 && !writer.turns.ended()) writer.turns.Grant(steps);
  });
  auto seen = ReadDocuments(reader);
  *operations = n;
  ASSERT_TRUE(seen.ok()) << where << ": " << seen.status().message();
  size_t prefix = 0;
  while (prefix < Prefixes().size() && Prefixes()[prefix] != *seen) ++prefix;
  ASSERT_LT(prefix, Prefixes().size()) << where << ": no prefix: " << Text(*seen);
  ASSERT_GE(prefix, before) << where << ": an acknowledged write is missing: " << Text(*seen);
}

// The writer's steps when nobody reads.
int64_t WriterSteps() {
  auto disk = FreshDatabase();
  int64_t steps = 0;
  WatchedWriter writer(disk);
  while (!writer.turns.ended()) {
    writer.turns.Grant(1);
    ++steps;
  }
  return steps;
}

TEST(ViewScheduleTest, AWriterThatMovesOnceAtAnyPointOfAViewIsSeenAsAPrefix) {
  const int64_t steps = WriterSteps();
  ASSERT_GT(steps, 25);
  for (int64_t start = 0; start < steps && !testing::Test::HasFatalFailure(); ++start) {
    int64_t operations = 1;
    for (int64_t at = 0; at < operations; ++at) {
      const int64_t run = 1 + (5 * start + 3 * at) % steps;
      auto schedule = [&](int64_t n) { return n == at ? run : 0; };
      ExpectPrefix(start, schedule,
                   "start " + std::to_string(start) + ", at " + std::to_string(at) + ", run " + std::to_string(run),
                   &operations);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(ViewScheduleTest, AWriterThatMovesAllTheTimeIsSeenAsAPrefix) {
  const int64_t steps = WriterSteps();
  const uint64_t seed = RunSeed();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  SeededRandom random(seed);
  for (int round = 0; round < 300; ++round) {
    int64_t start = static_cast<int64_t>(random.Next() % static_cast<uint64_t>(steps)), operations = 0;
    uint64_t pace = 1 + random.Next() % 4;
    auto schedule = [&](int64_t) { return static_cast<int64_t>(random.Next() % (pace + 1)); };
    ExpectPrefix(start, schedule, "seed " + std::to_string(seed) + ", round " + std::to_string(round), &operations);
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace parquedb
