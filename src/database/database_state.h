// The open database behind ParqueDB: one log writer, the state of what it has not yet flushed, and the turn in which
// writes take place.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "database/entity_change.h"
#include "eventlog/log_writer.h"
#include "eventlog/view.h"
#include "parquedb/database.h"
#include "parquedb/progress.h"
#include "replay/state.h"

namespace parquedb {

// What a write does to one entity: given the state before it and the stamp, the state after it; nullopt in `after` is a
// deletion. No plan (nullopt) means that nothing is to be written.
struct WritePlan {
  std::optional<Entity> after;
  std::optional<std::string> metadata;  // JSON text
};
using PlanWrite = std::function<Result<std::optional<WritePlan>>(const std::optional<Entity>& before, const Stamp&)>;

// One event of a batch in the making. `before` is filled in by the source, which knows the state it works on.
class DraftSource {
 public:
  virtual ~DraftSource() = default;
  // False at the end. `stamp` is that of the whole batch.
  virtual Result<bool> Next(const Stamp& stamp, EventDraft* draft) = 0;
  // Bytes of the batch as far as they can be known before; above kDirectBatchBytes it is not held in memory at all.
  virtual uint64_t likely_bytes() const { return 0; }
};

struct BatchResult {
  int64_t events = 0;
  std::string undo_point;  // --at text of the moment before the batch: a ULID, or "lsn:0"
  std::string end_point;   // that names its last event; "" when there is none
};

class DatabaseState {
 public:
  static Result<std::unique_ptr<DatabaseState>> Open(OpenOptions options);

  // One write of one entity: durable when it returns. `result`: the entity afterwards (before, when nothing was
  // written).
  Result<std::optional<Entity>> Write(std::string_view id, const PlanWrite& plan);
  // Several entities in one atomic batch; plans see the writes before them.
  struct PlannedWrite {
    std::string id;
    PlanWrite plan;
  };
  Result<std::vector<std::optional<Entity>>> WriteMany(const std::vector<PlannedWrite>& writes);
  // All events of a source as one atomic batch, whatever its size. The source may read the state: nobody writes
  // meanwhile.
  Result<BatchResult> WriteBatch(DraftSource& source);

  // Notes that this log, through its head, has taken in what another log knows. Durable when it returns.
  Status RecordMerge(const Knows& other);

  // Gives an event a name, or forgets it (nullopt). Durable when it returns.
  Status SetTag(const std::string& name, const std::optional<std::string>& event_id);

  Result<std::optional<Entity>> Get(std::string_view id);
  // What a reader sees now, this process's acknowledged writes included.
  Result<View> TakeReaderView();
  Status Flush();
  Status Checkpoint();

  StorageBackend& storage() { return *storage_; }
  Progress* progress() const { return options_.progress; }  // may be null
  const std::string& actor() const { return options_.actor; }
  Clock& clock() { return *clock_; }
  LogWriter& log() { return *log_; }
  // The --at text that names the last event now.
  std::string UndoPoint();

 private:
  explicit DatabaseState(OpenOptions options) : options_(std::move(options)) {}
  // Below: the caller holds mutex_.
  Result<std::optional<std::string>> FindState(std::string_view id);
  Result<Event> Draft(std::string_view id, const PlanWrite& plan, EventIdSource::Stamp at,
                      std::optional<Entity>* outcome, bool* writes);
  Status Refresh();
  Status MaintainIfDue();
  // Before the first byte that can't be taken back. kInterrupted: nothing is to be written.
  Status BeginCommit();
  std::string UndoPointLocked() const;
  // The same, without the turn.
  Result<BatchResult> WriteInTurn(DraftSource& source);
  Result<BatchResult> WriteDirect(std::vector<EventDraft> head, DraftSource& source, const Stamp& stamp);

  OpenOptions options_;
  std::shared_ptr<StorageBackend> storage_;
  Clock* clock_ = nullptr;
  std::unique_ptr<LogWriter> log_;

  std::mutex mutex_;  // the turn; guards everything below and the log's Enqueue
  boost::unordered_flat_map<std::string, std::optional<std::string>> memtable_;  // target -> state, behind the segments
  View committed_;                                                               // segments and derived files, no tail
  std::unique_ptr<EntityLookup> lookup_;
};

// A draft for "id was `before`, becomes `after`".
EventDraft MakeDraft(std::string_view id, const std::optional<Entity>& before, const std::optional<Entity>& after,
                     const std::string& actor);

}  // namespace parquedb
