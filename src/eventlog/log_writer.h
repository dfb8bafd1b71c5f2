// The writer's end of the log: WAL appends with group commit, recovery at open, flush into segments, batches that go
// straight into segments. Exactly one exists for a directory at a time: it holds the lock.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/ulid.h"
#include "eventlog/segment_file.h"
#include "eventlog/view.h"
#include "model/event_manifest.h"
#include "parquedb/durability.h"
#include "parquedb/storage.h"

namespace parquedb {

struct LogWriterOptions {
  Clock* clock = nullptr;          // nullptr: the system's
  RandomSource* random = nullptr;  // nullptr: the system's
  Durability durability = Durability::kSync;
  bool accept_clock = false;  // go on with the last ts when the clock is behind
  int64_t lock_timeout_ms = 10'000;
  std::string holder;  // "pid 12 on host, verb import, since …"
};

// The event before it is stamped: the log gives lsn, id and ts. A ts or id that is set is kept (import --events).
struct EventDraft {
  Op op = Op::kCreate;
  std::string target;
  std::optional<std::string> before, after, actor, metadata;
  std::optional<std::string_view> lent_after;  // instead of `after`: in its source's memory until the next draft
  std::optional<int64_t> ts_ms;
  std::optional<Ulid> id;
  std::optional<Sha256Bytes> after_hash;  // as EventView::after_hash
  bool ends_run = false;                  // the last of a sorted run, as BatchSink::EndRun
};

// Makes an empty database: events/manifest.json is made last, create-only, after _meta/manifest.json and the first WAL
// file. kConflict when there is one already.
Status InitDatabase(StorageBackend& storage, const std::string& name, Clock& clock, RandomSource& random);

// True if the folder holds files of a database, other than those that an InitDatabase leaves which did not end. Without
// events/manifest.json such a folder is no database and must not become one.
Result<bool> HoldsDatabaseFiles(const StorageBackend& storage);

class LogWriter {
 public:
  // Takes the lock (waits up to lock_timeout_ms, then kLocked), reads the log, recovers: cuts a torn tail, removes
  // temporary files and segments that no manifest names, drops WAL files that segments cover.
  static Result<std::unique_ptr<LogWriter>> Open(std::shared_ptr<StorageBackend> storage,
                                                 const LogWriterOptions& options);
  virtual ~LogWriter() = default;

  // ---- single events; many threads may call Commit at once (they share a sync)

  // The stamp the next event gets at least: callers that compute $updatedAt from ts call Reserve, build the texts, and
  // Append, all under their own mutex (the database's turn). kBusy when the clock is too far behind.
  virtual Result<EventIdSource::Stamp> Reserve() = 0;
  // Appends to the in-memory queue with the stamp; nothing is durable yet. Same mutex as Reserve. Returns the lsn.
  virtual Result<int64_t> Enqueue(Event event_without_lsn) = 0;
  // All drafts of one atomic batch, stamped with one ts; the last frame says that the batch is complete. kInvalidData
  // for a draft whose own ts or id falls.
  virtual Result<int64_t> EnqueueBatch(std::vector<Event> events_without_lsn) = 0;
  // Waits until everything through `lsn` is durable (as the Durability says). The first waiter syncs for all. After a
  // failed sync every call fails (kIo) and the WAL is renamed to .failed.
  virtual Status WaitDurable(int64_t lsn) = 0;

  // ---- state, for the caller that holds its own turn

  virtual const EventManifest& manifest() const = 0;
  virtual const std::vector<Event>& tail() const = 0;  // enqueued and not yet in a segment
  virtual int64_t head() const = 0;                    // last lsn that was enqueued
  virtual uint64_t wal_bytes() const = 0;
  virtual bool flush_due() const = 0;           // 8 MiB or 20,000 events (PARQUEDB_FLUSH_EVENTS)
  virtual const std::string& line() const = 0;  // drawn at the first write into a copy
  virtual StorageBackend& storage() = 0;
  virtual Clock& clock() = 0;
  virtual EventIdSource& ids() = 0;

  // ---- steps on disk; no Enqueue may run at the same time

  // The tail becomes a segment: next WAL file, segment (read back), events/manifest.json, old WAL removed. No-op when
  // the tail is empty. Does not write _meta/manifest.json.
  virtual Status Flush() = 0;
  // A batch of any size: `produce` is called once and appends to the sink; segments are written unlisted and one
  // manifest replacement commits them all. If produce or anything fails, nothing has happened. The tail is flushed
  // first.
  class BatchSink {
   public:
    virtual ~BatchSink() = default;
    // lsn and, where empty, id and ts are filled in. Events get one ts unless they bring their own.
    virtual Status Append(EventView event) = 0;
    // The events since the last call are sorted by target: they become a row group of their own, so that later merges
    // stream them. Segments end between runs.
    virtual Status EndRun() = 0;
  };
  virtual Status DirectBatch(const std::function<Status(BatchSink&)>& produce) = 0;
  // Replaces events/manifest.json after `change` was applied to a copy. Durable when it returns.
  virtual Status UpdateManifest(const std::function<void(EventManifest*)>& change) = 0;
  // The state digest at head().
  virtual Result<StateDigest> Digest() = 0;
};

}  // namespace parquedb
