// Backups from a program: what push and pull report, and the engine that compares a database with its backups and
// brings one up to the other.
//
//   auto engine = CreateSyncEngine({.local = local, .remote = remote, .slug = "shop", .actor = "ann"});
//   auto status = engine->Status();                        // behind, equal, ahead, diverged
//   auto pushed = engine->Push({.dry_run = false});
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "parquedb/status.h"
#include "parquedb/storage.h"

namespace parquedb {

class Clock;
class Progress;

// What to do when both sides hold events that the other lacks.
enum class ConflictStrategy { kManual, kLocalWins, kRemoteWins, kNewest };

struct TransferredFile {
  std::string path;  // in the database
  int64_t size = 0;  // bytes
};

struct PushResult {
  std::string snapshot;  // ULID; of an earlier push when nothing had changed
  int64_t commit = 0;    // number; 0 for a dry run
  std::vector<TransferredFile> uploaded;
  int64_t unchanged = 0;  // files that the remote had
  int64_t bytes = 0;      // uploaded
  std::vector<std::string> warnings;
};

struct PullResult {
  std::vector<TransferredFile> downloaded;
  int64_t unchanged = 0;  // files that the directory had
  int64_t bytes = 0;
  std::vector<std::string> warnings;  // damaged derived files; they are rebuilt from the log
};

// How the local log stands to the newest backup of the slug.
enum class SyncRelation { kNoBackup, kBehind, kEqual, kAhead, kDiverged };

// Files, by their paths in the database.
struct SyncDiff {
  std::vector<std::string> to_upload, to_download, unchanged;
};

struct SyncStatus {
  SyncRelation relation = SyncRelation::kNoBackup;
  SyncDiff diff;                                // empty lists when diverged
  bool is_synced = false;                       // equal
  int64_t local_events = 0, remote_events = 0;  // that the other side lacks
};

struct SyncResult {
  SyncStatus before;  // what was found, and what was done (a dry run: would be)
  PushResult pushed;
  PullResult pulled;
};

struct PushOptions {
  bool dry_run = false;
  ConflictStrategy conflict_strategy = ConflictStrategy::kManual;
  bool full = false;  // renew derived files that the last snapshot has as well
};

struct SyncOptions {
  bool dry_run = false;
  ConflictStrategy conflict_strategy = ConflictStrategy::kManual;
};

struct SyncEngineOptions {
  std::shared_ptr<StorageBackend> local;   // a database
  std::shared_ptr<StorageBackend> remote;  // a backup repository; made by the first push
  std::string owner;                       // written into snapshots
  std::string slug = "default";
  std::string visibility = "private";  // public, unlisted, private
  std::string actor;                   // who does it
  Clock* clock = nullptr;              // tests; nullptr: the system's
  Progress* progress = nullptr;        // bytes of files; must outlive the engine
};

// One thread at a time. A push needs no lock; a pull takes the writer's.
class SyncEngine {
 public:
  explicit SyncEngine(SyncEngineOptions options);
  ~SyncEngine();

  // Changes nothing. kNotFound: no database. kConflict: the slug belongs to another database, or the directory was
  // copied by hand and written on.
  Result<SyncStatus> Status();
  // A new backup of the local state; when it returns OK the backup is complete and durable. kConflict when the newest
  // backup has events that are not here (kLocalWins goes on all the same; kRemoteWins does nothing). kBusy,
  // kUnsupportedStore.
  Result<PushResult> Push(const PushOptions& options = {});
  // Up to the newest backup of the slug, if the local log is behind it; a folder without a database becomes one. Run
  // again after a failure it takes up what is there. kNotFound: no backup; kConflict: ahead or diverged.
  Result<PullResult> Pull(const SyncOptions& options = {});
  // Pushes what is ahead, pulls what is behind; equal: nothing. kConflict when both have events that the other lacks.
  Result<SyncResult> Sync(const SyncOptions& options = {});

 private:
  SyncEngineOptions options_;
};

std::unique_ptr<SyncEngine> CreateSyncEngine(SyncEngineOptions options);

}  // namespace parquedb
