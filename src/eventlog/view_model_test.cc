// A small state model of one writer and one reader: every order of their steps on disk is explored. It shows that the
// reader's order in docs/ordering.md gives one prefix of the log with everything acknowledged before the view began,
// and that each other order in the list below does not: so the model can fail.
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

namespace parquedb {
namespace {

constexpr int kNamespaces = 2;

struct Bounds {
  int appends = 4, flushes = 2, checkpoints = 2;
};

// Event n belongs to namespace n mod 2. A data file that goes through n holds its namespace's events up to n.
struct Manifest {
  int segments_through = 0;                   // last lsn in a listed segment
  int checkpoint = 0;                         // state.checkpoint
  std::array<int, kNamespaces> through = {};  // state.files; 0: not named
};

struct WalFile {
  int first = 1;
  int written = 0, synced = 0;  // last lsn; first - 1 for an empty file
};

struct Disk {
  Manifest manifest;
  std::array<int, kNamespaces> data = {};  // 0: no file
  std::vector<WalFile> wal = {{1, 0, 0}};
};

enum class WriterAt : char { kIdle, kWritten, kSynced, kNextWal, kCommitted, kFlushed, kData0, kData1 };

struct Writer {
  WriterAt at = WriterAt::kIdle;
  int head = 0, acknowledged = 0;
  bool checkpointing = false;
  int target = 0;  // what the running checkpoint goes through
  int appends = 0, flushes = 0, checkpoints = 0;
};

// What a reader does, one letter a step on disk:
//   1 read the manifest: checkpoint and files     2 read the manifest: segments
//   a open data file 0    b open data file 1      w list the WAL, then open, sync and read each file
struct ReaderOrder {
  std::string steps;
  bool syncs = true;               // the WAL before it is read
  bool checks_footers = true;      // a file older than its entry is not used
  bool newest_checkpoint = false;  // takes `checkpoint` from the second reading
};
const ReaderOrder kRightOrder = {.steps = "1abw2"};

struct Reader {
  bool begun = false;
  size_t step = 0;
  int acknowledged = 0;  // when the view began
  Manifest first, second;
  std::array<int, kNamespaces> data = {};
  bool listed = false;
  std::vector<int> names;               // WAL files still to read, by first lsn
  int open_first = 0, open_length = 0;  // the file that is open; first 0: none
  bool open_synced = false;
  std::vector<std::pair<int, int>> ranges;  // lsns that were read
};

struct World {
  Disk disk;
  Writer writer;
  Reader reader;
};

std::string Key(const World& world) {
  std::string key;
  auto put = [&key](int number) { key.push_back(static_cast<char>(number + 1)); };
  auto put_manifest = [&](const Manifest& m) {
    put(m.segments_through), put(m.checkpoint), put(m.through[0]), put(m.through[1]);
  };
  put_manifest(world.disk.manifest);
  put(world.disk.data[0]), put(world.disk.data[1]);
  for (const WalFile& file : world.disk.wal) put(file.first), put(file.written), put(file.synced);
  key.push_back('|');
  const Writer& w = world.writer;
  put(static_cast<int>(w.at)), put(w.head), put(w.acknowledged), put(w.checkpointing), put(w.target);
  put(w.appends), put(w.flushes), put(w.checkpoints);
  const Reader& r = world.reader;
  put(r.begun), put(static_cast<int>(r.step)), put(r.acknowledged);
  put_manifest(r.first), put_manifest(r.second);
  put(r.data[0]), put(r.data[1]), put(r.listed), put(r.open_first), put(r.open_length), put(r.open_synced);
  for (int name : r.names) put(name);
  key.push_back('|');
  for (auto [from, to] : r.ranges) put(from), put(to);
  return key;
}

// What a power cut leaves at least.
int DurableHead(const Disk& disk) {
  int head = disk.manifest.segments_through;
  for (const WalFile& file : disk.wal) {
    if (file.first <= head + 1 && file.synced > head) head = file.synced;
  }
  return head;
}

bool HasEventsBetween(int ns, int from, int to) {
  for (int lsn = from + 1; lsn <= to; ++lsn) {
    if (lsn % kNamespaces == ns) return true;
  }
  return false;
}

class Explorer {
 public:
  Explorer(ReaderOrder order, Bounds bounds) : order_(std::move(order)), bounds_(bounds) {}

  void Run() {
    std::vector<World> open = {World()};
    seen_.insert(Key(open[0]));
    while (!open.empty()) {
      World world = std::move(open.back());
      open.pop_back();
      next_.clear();
      StepWriter(world);
      StepReader(world);
      for (World& next : next_) {
        if (seen_.insert(Key(next)).second) open.push_back(std::move(next));
      }
    }
  }

  size_t states() const { return seen_.size(); }
  size_t views = 0, restarts = 0;                                   // finished, begun again
  size_t lost_acknowledged = 0, not_a_prefix = 0, not_durable = 0;  // finished views that break a promise

 private:
  void Add(const World& world, const std::function<void(World&)>& change) {
    next_.push_back(world);
    change(next_.back());
  }

  void StepWriter(const World& world) {
    switch (world.writer.at) {
      case WriterAt::kIdle:
        return BeginWriter(world);
      case WriterAt::kWritten:
        return Add(world, [](World& w) {
          w.disk.wal.back().synced = w.disk.wal.back().written, w.writer.at = WriterAt::kSynced;
        });
      case WriterAt::kSynced:
        return Add(world, [](World& w) { w.writer.acknowledged = w.writer.head, w.writer.at = WriterAt::kIdle; });
      case WriterAt::kNextWal:  // the segment is written, but nothing names it
        return Add(world, [](World& w) {
          w.disk.manifest.segments_through = w.writer.head, w.writer.at = WriterAt::kCommitted;
        });
      case WriterAt::kCommitted:
        return Add(world, [](World& w) {
          w.disk.wal.erase(w.disk.wal.begin(), w.disk.wal.end() - 1);
          w.writer.at = w.writer.checkpointing ? WriterAt::kFlushed : WriterAt::kIdle;
        });
      case WriterAt::kFlushed:
        return Add(world, [](World& w) { RewriteData(w, 0), w.writer.at = WriterAt::kData0; });
      case WriterAt::kData0:
        return Add(world, [](World& w) { RewriteData(w, 1), w.writer.at = WriterAt::kData1; });
      case WriterAt::kData1:
        return Add(world, [](World& w) {
          w.disk.manifest.checkpoint = w.writer.target;
          w.disk.manifest.through = w.disk.data;
          w.writer.checkpointing = false;
          w.writer.at = WriterAt::kIdle;
        });
    }
  }

  void BeginWriter(const World& world) {
    if (world.writer.appends < bounds_.appends) {
      Add(world, [](World& w) {
        ++w.writer.appends, w.disk.wal.back().written = ++w.writer.head, w.writer.at = WriterAt::kWritten;
      });
    }
    if (world.writer.flushes < bounds_.flushes && world.writer.head > world.disk.manifest.segments_through) {
      Add(world, [](World& w) { ++w.writer.flushes, StartWal(w); });
    }
    if (world.writer.checkpoints < bounds_.checkpoints && world.writer.head > world.disk.manifest.checkpoint) {
      Add(world, [](World& w) {
        ++w.writer.checkpoints;
        w.writer.checkpointing = true;
        w.writer.target = w.writer.head;
        if (w.writer.head > w.disk.manifest.segments_through)
          StartWal(w);
        else
          w.writer.at = WriterAt::kFlushed;
      });
    }
  }

  static void StartWal(World& w) {
    w.disk.wal.push_back({w.writer.head + 1, w.writer.head, w.writer.head});
    w.writer.at = WriterAt::kNextWal;
  }

  // A checkpoint writes only files of namespaces with events since the last.
  static void RewriteData(World& w, int ns) {
    if (HasEventsBetween(ns, w.disk.manifest.checkpoint, w.writer.target)) w.disk.data[ns] = w.writer.target;
  }

  void StepReader(const World& world) {
    if (!world.reader.begun) {
      return Add(world, [](World& w) { w.reader.begun = true, w.reader.acknowledged = w.writer.acknowledged; });
    }
    if (world.reader.step == order_.steps.size()) return;
    switch (order_.steps[world.reader.step]) {
      case '1':
        return Add(world, [this](World& w) { w.reader.first = w.disk.manifest, Done(w); });
      case '2':
        return Add(world, [this](World& w) { w.reader.second = w.disk.manifest, Done(w); });
      case 'a':
        return Add(world, [this](World& w) { w.reader.data[0] = w.disk.data[0], Done(w); });
      case 'b':
        return Add(world, [this](World& w) { w.reader.data[1] = w.disk.data[1], Done(w); });
      default:
        return StepWal(world);
    }
  }

  void StepWal(const World& world) {
    const Reader& reader = world.reader;
    if (!reader.listed) {
      return Add(world, [](World& w) {
        w.reader.listed = true;
        for (const WalFile& file : w.disk.wal) w.reader.names.push_back(file.first);
      });
    }
    if (reader.open_first == 0) return OpenNextWal(world);
    if (order_.syncs && !reader.open_synced) {
      return Add(world, [](World& w) {
        for (WalFile& file : w.disk.wal) {
          if (file.first == w.reader.open_first) file.synced = file.written;
        }
        w.reader.open_synced = true;
      });
    }
    Add(world, [this](World& w) {
      w.reader.ranges.emplace_back(w.reader.open_first, w.reader.open_length);
      w.reader.names.erase(w.reader.names.begin());
      w.reader.open_first = w.reader.open_length = 0;
      w.reader.open_synced = false;
      if (w.reader.names.empty()) Done(w);
    });
  }

  void OpenNextWal(const World& world) {
    Add(world, [this](World& w) {
      for (const WalFile& file : w.disk.wal) {
        if (file.first != w.reader.names[0]) continue;
        w.reader.open_first = file.first;
        w.reader.open_length = file.written;
        return;
      }
      Restart(w);  // it went meanwhile
    });
  }

  // A new attempt of the same view: what was acknowledged before the first one still counts.
  void Restart(World& w) {
    ++restarts;
    int acknowledged = w.reader.acknowledged;
    w.reader = Reader();
    w.reader.begun = true;
    w.reader.acknowledged = acknowledged;
  }

  void Done(World& w) {
    if (++w.reader.step < order_.steps.size()) return;
    if (order_.steps.find('2') == std::string::npos) w.reader.second = w.reader.first;
    int head = w.reader.second.segments_through;
    for (auto [from, to] : w.reader.ranges) {
      if (to < from || to <= head) continue;   // an empty file says nothing
      if (from > head + 1) return Restart(w);  // a hole
      head = to;
    }
    ++views;
    lost_acknowledged += head < w.reader.acknowledged;
    not_a_prefix += !IsPrefix(w.reader, head);
    not_durable += head > DurableHead(w.disk);
  }

  // Each namespace: its file, and its events behind what the file is right through; together all up to the head.
  bool IsPrefix(const Reader& reader, int head) const {
    int checkpoint = order_.newest_checkpoint ? reader.second.checkpoint : reader.first.checkpoint;
    for (int ns = 0; ns < kNamespaces; ++ns) {
      int file = reader.data[ns];
      bool usable = !order_.checks_footers || file >= reader.first.through[ns];
      int contents = usable ? file : 0;
      int from = usable ? std::max(file, checkpoint) : 0;
      if (contents > head || HasEventsBetween(ns, contents, std::min(from, head))) return false;
    }
    return true;
  }

  const ReaderOrder order_;
  const Bounds bounds_;
  std::unordered_set<std::string> seen_;
  std::vector<World> next_;
};

TEST(ViewModelTest, EveryViewInTheRightOrderIsADurablePrefixWithAllThatWasAcknowledged) {
  Explorer explorer(kRightOrder, {});
  explorer.Run();
  EXPECT_EQ(explorer.lost_acknowledged, 0u);
  EXPECT_EQ(explorer.not_a_prefix, 0u);
  EXPECT_EQ(explorer.not_durable, 0u);
  EXPECT_GT(explorer.states(), 100'000u);
  EXPECT_GT(explorer.views, 1'000u);
  EXPECT_GT(explorer.restarts, 0u);  // the model reaches views that the log outran
}

TEST(ViewModelTest, AManifestThatIsReadOnlyOnceLosesAcknowledgedEvents) {
  Explorer explorer({.steps = "1abw"}, {});
  explorer.Run();
  EXPECT_GT(explorer.lost_acknowledged, 0u);
}

TEST(ViewModelTest, SegmentsReadBeforeTheWalLoseAcknowledgedEvents) {
  Explorer explorer({.steps = "1ab2w"}, {});
  explorer.Run();
  EXPECT_GT(explorer.lost_acknowledged, 0u);
}

TEST(ViewModelTest, DataFilesOpenedAfterTheLastManifestAreAheadOfTheHead) {
  Explorer explorer({.steps = "1w2ab"}, {});
  explorer.Run();
  EXPECT_GT(explorer.not_a_prefix, 0u);
}

TEST(ViewModelTest, TheCheckpointOfTheSecondReadingLosesEventsOfFilesOpenedBefore) {
  Explorer explorer({.steps = "1abw2", .newest_checkpoint = true}, {});
  explorer.Run();
  EXPECT_GT(explorer.not_a_prefix, 0u);
}

TEST(ViewModelTest, DataFilesOpenedBeforeTheManifestAreCaughtByTheirFootersOnly) {
  Explorer checked({.steps = "ab1w2"}, {});
  checked.Run();
  EXPECT_EQ(checked.not_a_prefix, 0u);
  Explorer unchecked({.steps = "ab1w2", .checks_footers = false}, {});
  unchecked.Run();
  EXPECT_GT(unchecked.not_a_prefix, 0u);
}

TEST(ViewModelTest, AWalThatIsReadWithoutASyncShowsWhatAPowerCutTakesBack) {
  Explorer explorer({.steps = "1abw2", .syncs = false}, {});
  explorer.Run();
  EXPECT_GT(explorer.not_durable, 0u);
  EXPECT_EQ(explorer.lost_acknowledged, 0u);
}

}  // namespace
}  // namespace parquedb
