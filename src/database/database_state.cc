#include "database/database_state.h"

#include <unistd.h>

#include <fmt/format.h>

#include "core/check.h"
#include "core/limits.h"
#include "core/test_hooks.h"
#include "core/time_text.h"
#include "maintenance/checkpoint.h"
#include "maintenance/manifest_writer.h"
#include "model/layout.h"
#include "model/names.h"
#include "model/state_text.h"

namespace parquedb {
namespace {

std::string DirectoryName(const std::string& path) {
  std::string trimmed = path;
  while (trimmed.size() > 1 && trimmed.ends_with('/')) trimmed.pop_back();
  size_t slash = trimmed.rfind('/');
  std::string name = slash == std::string::npos ? trimmed : trimmed.substr(slash + 1);
  return name.empty() || name == "." || name == ".." ? "database" : name;
}

std::string Holder(const OpenOptions& options, Clock& clock) {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  return fmt::format("pid {} on {}, {}, since {}", getpid(), host, options.verb, FormatTime(clock.NowMs()));
}

uint64_t DraftBytes(const EventDraft& draft) {
  return draft.target.size() + (draft.before ? draft.before->size() : 0) + (draft.after ? draft.after->size() : 0) + 64;
}

Event ToEvent(EventDraft draft, int64_t ts_ms) {
  Event event;
  event.op = draft.op;
  event.target = std::move(draft.target);
  event.before = std::move(draft.before);
  event.after = std::move(draft.after);
  event.actor = std::move(draft.actor);
  event.metadata = std::move(draft.metadata);
  event.ts_ms = draft.ts_ms.value_or(ts_ms);
  if (draft.id) event.id = draft.id->ToString();
  return event;
}

EventView ViewOfDraft(const EventDraft& draft, int64_t ts_ms, std::string* id_text) {
  EventView view;
  view.op = draft.op;
  view.target = draft.target;
  view.before = draft.before;
  view.after = draft.lent_after;
  if (draft.after) view.after = *draft.after;
  view.actor = draft.actor;
  view.metadata = draft.metadata;
  view.ts_ms = draft.ts_ms.value_or(ts_ms);
  if (draft.after_hash) view.after_hash = &*draft.after_hash;
  if (draft.id) {
    *id_text = draft.id->ToString();
    view.id = *id_text;
  }
  return view;
}

}  // namespace

EventDraft MakeDraft(std::string_view id, const std::optional<Entity>& before, const std::optional<Entity>& after,
                     const std::string& actor) {
  EventDraft draft;
  draft.op = !before ? Op::kCreate : after ? Op::kUpdate : Op::kDelete;
  draft.target = IdToTarget(id);
  if (before) draft.before = EncodeState(*before);
  if (after) draft.after = EncodeState(*after);
  if (!actor.empty()) draft.actor = actor;
  return draft;
}

Result<std::unique_ptr<DatabaseState>> DatabaseState::Open(OpenOptions options) {
  if (!options.actor.empty()) RETURN_IF_ERROR(CheckActor(options.actor));
  std::unique_ptr<DatabaseState> state(new DatabaseState(std::move(options)));
  const OpenOptions& chosen = state->options_;
  state->storage_ = chosen.storage;
  if (state->storage_ == nullptr) {
    ASSIGN_OR_RETURN(state->storage_, OpenDirectory(chosen.path));
  }
  state->clock_ = chosen.clock != nullptr ? chosen.clock : &SystemClock();
  ASSIGN_OR_RETURN(auto manifest, state->storage_->Stat(kEventManifestPath));
  if (!manifest && chosen.create_if_missing) {
    Status made = InitDatabase(*state->storage_, chosen.name.empty() ? DirectoryName(chosen.path) : chosen.name,
                               *state->clock_, SystemRandom());
    if (!made.ok() && made.code() != StatusCode::kConflict) return made;  // another process was quicker: fine
  }
  LogWriterOptions log_options{.clock = state->clock_,
                               .random = nullptr,
                               .durability = chosen.durability,
                               .accept_clock = chosen.accept_clock,
                               .lock_timeout_ms = chosen.lock_timeout_ms,
                               .holder = Holder(chosen, *state->clock_)};
  ASSIGN_OR_RETURN(state->log_, LogWriter::Open(state->storage_, log_options));
  RETURN_IF_ERROR(state->Refresh());
  return state;
}

Status DatabaseState::Refresh() {
  committed_ = View();
  committed_.manifest = log_->manifest();
  committed_.checkpoint = committed_.manifest.checkpoint;
  committed_.files = committed_.manifest.files;
  committed_.head = committed_.manifest.last_lsn();
  committed_.taken_ms = clock_->NowMs();
  lookup_ = std::make_unique<EntityLookup>(*storage_, committed_);
  memtable_.clear();
  for (const Event& event : log_->tail()) memtable_[event.target] = event.after;
  return Status::Ok();
}

Result<std::optional<std::string>> DatabaseState::FindState(std::string_view id) {
  auto recent = memtable_.find(IdToTarget(id));
  if (recent != memtable_.end()) return recent->second;
  return lookup_->FindState(id, committed_.head);
}

// The event that `plan` asks for, without an lsn; *writes is false when it asks for nothing.
Result<Event> DatabaseState::Draft(std::string_view id, const PlanWrite& plan, EventIdSource::Stamp at,
                                   std::optional<Entity>* outcome, bool* writes) {
  ASSIGN_OR_RETURN(auto state, FindState(id));
  std::optional<Entity> before;
  if (state) {
    before.emplace();
    RETURN_IF_ERROR(DecodeState(id, *state, &*before));
  }
  ASSIGN_OR_RETURN(auto planned, plan(before, {at.ts_ms, options_.actor}));
  *writes = planned.has_value();
  *outcome = planned ? planned->after : before;
  if (!planned) return Event();
  Event event;
  event.op = !before ? Op::kCreate : planned->after ? Op::kUpdate : Op::kDelete;
  event.id = at.id.ToString();
  event.ts_ms = at.ts_ms;
  event.target = IdToTarget(id);
  event.before = std::move(state);
  if (planned->after) event.after = EncodeState(*planned->after);
  if (!options_.actor.empty()) event.actor = options_.actor;
  event.metadata = std::move(planned->metadata);
  return event;
}

Result<std::optional<Entity>> DatabaseState::Write(std::string_view id, const PlanWrite& plan) {
  std::optional<Entity> outcome;
  int64_t lsn = 0;
  bool due = false;
  {
    std::lock_guard turn(mutex_);
    ASSIGN_OR_RETURN(EventIdSource::Stamp at, log_->Reserve());
    bool writes = false;
    ASSIGN_OR_RETURN(Event event, Draft(id, plan, at, &outcome, &writes));
    if (!writes) return outcome;
    RETURN_IF_ERROR(BeginCommit());
    std::string target = event.target;
    std::optional<std::string> after = event.after;
    ASSIGN_OR_RETURN(lsn, log_->Enqueue(std::move(event)));
    memtable_[std::move(target)] = std::move(after);
    due = log_->flush_due();
  }
  RETURN_IF_ERROR(log_->WaitDurable(lsn));
  if (due) {
    std::lock_guard turn(mutex_);
    RETURN_IF_ERROR(MaintainIfDue());
  }
  return outcome;
}

Result<std::vector<std::optional<Entity>>> DatabaseState::WriteMany(const std::vector<PlannedWrite>& writes) {
  std::lock_guard turn(mutex_);
  std::vector<std::optional<Entity>> outcomes;
  std::vector<Event> events;
  ASSIGN_OR_RETURN(EventIdSource::Stamp at, log_->Reserve());
  Status failed;
  for (const PlannedWrite& write : writes) {
    std::optional<Entity> outcome;
    bool writes_event = false;
    auto event = Draft(write.id, write.plan, at, &outcome, &writes_event);
    if (!event.ok()) {
      failed = event.status();
      break;
    }
    outcomes.push_back(std::move(outcome));
    if (!writes_event) continue;
    event->id.clear();  // the log gives each event of the batch its own
    memtable_[event->target] = event->after;
    events.push_back(std::move(*event));
  }
  if (failed.ok() && !events.empty()) failed = BeginCommit();
  if (failed.ok() && !events.empty()) {
    auto lsn = log_->EnqueueBatch(std::move(events));
    failed = lsn.ok() ? log_->WaitDurable(*lsn) : lsn.status();
  }
  if (!failed.ok()) {
    RETURN_IF_ERROR(Refresh());  // the memtable must not keep what was not written
    return failed;
  }
  RETURN_IF_ERROR(MaintainIfDue());
  return outcomes;
}

Result<BatchResult> DatabaseState::WriteBatch(DraftSource& source) {
  std::lock_guard turn(mutex_);
  ASSIGN_OR_RETURN(BatchResult result, WriteInTurn(source));
  if (result.events > 0) result.end_point = UndoPointLocked();
  return result;
}

Result<BatchResult> DatabaseState::WriteInTurn(DraftSource& source) {
  BatchResult result{.events = 0, .undo_point = UndoPointLocked(), .end_point = {}};
  // The stamp only tells the time: a history brings times of its own.
  EventIdSource ids = log_->ids();
  ASSIGN_OR_RETURN(EventIdSource::Stamp at, log_->Reserve());
  log_->ids() = ids;
  const Stamp stamp{at.ts_ms, options_.actor};
  auto write_direct = [&](std::vector<EventDraft> head) -> Result<BatchResult> {
    ASSIGN_OR_RETURN(BatchResult direct, WriteDirect(std::move(head), source, stamp));
    direct.undo_point = result.undo_point;
    return direct;
  };
  const auto direct_bytes = static_cast<uint64_t>(TestNumber(kDirectBatchVariable).value_or(kDirectBatchBytes));
  if (source.likely_bytes() > direct_bytes) return write_direct({});
  std::vector<EventDraft> drafts;
  uint64_t bytes = 0;
  while (true) {
    EventDraft draft;
    ASSIGN_OR_RETURN(bool more, source.Next(stamp, &draft));
    if (!more) break;
    if (draft.lent_after) draft.after.emplace(*std::exchange(draft.lent_after, std::nullopt));
    bytes += DraftBytes(draft);
    drafts.push_back(std::move(draft));
    if (bytes > direct_bytes) return write_direct(std::move(drafts));
  }
  result.events = static_cast<int64_t>(drafts.size());
  if (drafts.empty()) return result;
  RETURN_IF_ERROR(BeginCommit());
  std::vector<Event> events;
  events.reserve(drafts.size());
  for (EventDraft& draft : drafts) events.push_back(ToEvent(std::move(draft), at.ts_ms));
  ASSIGN_OR_RETURN(int64_t lsn, log_->EnqueueBatch(std::move(events)));
  RETURN_IF_ERROR(log_->WaitDurable(lsn));
  RETURN_IF_ERROR(Refresh());
  RETURN_IF_ERROR(MaintainIfDue());
  return result;
}

Result<BatchResult> DatabaseState::WriteDirect(std::vector<EventDraft> head, DraftSource& source, const Stamp& stamp) {
  BatchResult result;
  auto produce = [&](LogWriter::BatchSink& sink) -> Status {
    std::string id_text;
    auto append = [&](const EventDraft& draft) -> Status {
      ++result.events;
      RETURN_IF_ERROR(sink.Append(ViewOfDraft(draft, stamp.ts_ms, &id_text)));
      return draft.ends_run ? sink.EndRun() : Status::Ok();
    };
    for (EventDraft& draft : head) {
      RETURN_IF_ERROR(append(draft));
      draft = {};  // its texts are in the row group now
    }
    head = {};
    while (true) {
      EventDraft draft;
      ASSIGN_OR_RETURN(bool more, source.Next(stamp, &draft));
      if (!more) return BeginCommit();
      RETURN_IF_ERROR(append(draft));
    }
  };
  RETURN_IF_ERROR(log_->DirectBatch(produce));
  RETURN_IF_ERROR(bases_.AddDue(*log_).status());
  RETURN_IF_ERROR(Refresh());
  RETURN_IF_ERROR(WriteFileManifest(*log_));
  return result;
}

Status DatabaseState::RecordMerge(const Knows& other) {
  std::lock_guard turn(mutex_);
  RETURN_IF_ERROR(log_->WaitDurable(log_->head()));
  const Knows known = KnowsAt(log_->manifest(), log_->head());
  if (InPastOf(other, known)) return Status::Ok();
  RETURN_IF_ERROR(log_->UpdateManifest(
      [&](EventManifest* manifest) { manifest->merges.push_back({.at = log_->head(), .knows = other}); }));
  return Refresh();
}

Status DatabaseState::SetTag(const std::string& name, const std::optional<std::string>& event_id) {
  std::lock_guard turn(mutex_);
  RETURN_IF_ERROR(log_->WaitDurable(log_->head()));
  RETURN_IF_ERROR(log_->UpdateManifest([&](EventManifest* manifest) {
    manifest->tags.erase(name);
    if (event_id) manifest->tags.emplace(name, *event_id);
  }));
  return Refresh();
}

Status DatabaseState::BeginCommit() {
  if (options_.progress == nullptr || options_.progress->BeginCommit()) return Status::Ok();
  return {StatusCode::kInterrupted, "stopped before anything was written"};
}

Status DatabaseState::MaintainIfDue() {
  if (!log_->flush_due()) return Status::Ok();
  RETURN_IF_ERROR(FlushLog());
  // The log behind the checkpoint bounds what a reader replays.
  int64_t bytes = 0;
  for (const SegmentEntry& entry : log_->manifest().segments) {
    if (!entry.is_base && entry.max_lsn > log_->manifest().checkpoint) bytes += entry.size_bytes;
  }
  if (bytes > static_cast<int64_t>(kDirectBatchBytes)) {
    ASSIGN_OR_RETURN(auto done, parquedb::Checkpoint(*log_));
    (void)done;
  }
  return Refresh();
}

Result<std::optional<Entity>> DatabaseState::Get(std::string_view id) {
  std::optional<std::string> state;
  int64_t head = 0;
  {
    std::lock_guard turn(mutex_);
    ASSIGN_OR_RETURN(state, FindState(id));
    head = log_->head();
  }
  // What is shown must not be taken back by a power cut.
  RETURN_IF_ERROR(log_->WaitDurable(head));
  if (!state) return std::optional<Entity>();
  Entity entity;
  RETURN_IF_ERROR(DecodeState(id, *state, &entity));
  return std::optional<Entity>(std::move(entity));
}

Result<View> DatabaseState::TakeReaderView() {
  std::lock_guard turn(mutex_);
  RETURN_IF_ERROR(log_->WaitDurable(log_->head()));
  return TakeView(*storage_, clock_->NowMs(), {.pin_all = true, .namespaces = {}});
}

Status DatabaseState::Flush() {
  std::lock_guard turn(mutex_);
  RETURN_IF_ERROR(FlushLog());
  return Refresh();
}

Status DatabaseState::FlushLog() {
  RETURN_IF_ERROR(log_->WaitDurable(log_->head()));
  return FlushAll(*log_, &bases_);
}

Status DatabaseState::Checkpoint() {
  std::lock_guard turn(mutex_);
  RETURN_IF_ERROR(log_->WaitDurable(log_->head()));
  RETURN_IF_ERROR(log_->Flush());
  RETURN_IF_ERROR(bases_.AddDue(*log_).status());
  ASSIGN_OR_RETURN(auto done, parquedb::Checkpoint(*log_, options_.progress));
  (void)done;
  return Refresh();
}

Result<CompactionPlan> DatabaseState::Compact(const CompactionRequest& request, bool plan_only) {
  std::lock_guard turn(mutex_);
  RETURN_IF_ERROR(log_->WaitDurable(log_->head()));
  RETURN_IF_ERROR(log_->Flush());
  ASSIGN_OR_RETURN(CompactionPlan plan, PlanCompaction(*storage_, log_->manifest(), request, bases_));
  if (plan_only) return plan;
  RETURN_IF_ERROR(BeginCommit());
  RETURN_IF_ERROR(ExecuteCompaction(*log_, plan, options_.progress));
  RETURN_IF_ERROR(WriteFileManifest(*log_));
  RETURN_IF_ERROR(Refresh());
  return plan;
}

std::string DatabaseState::UndoPointLocked() const {
  const std::optional<Ulid>& last = log_->ids().last();
  return last ? last->ToString() : "lsn:0";
}

std::string DatabaseState::UndoPoint() {
  std::lock_guard turn(mutex_);
  return UndoPointLocked();
}

}  // namespace parquedb
