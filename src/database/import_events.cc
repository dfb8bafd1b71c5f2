#include <fmt/format.h>

#include <boost/unordered/unordered_flat_map.hpp>
#include <set>

#include "core/limits.h"
#include "core/siphash.h"
#include "core/text_spool.h"
#include "core/time_text.h"
#include "core/ulid.h"
#include "database/import.h"
#include "model/names.h"

namespace parquedb {
namespace {

constexpr uint64_t kSpoolMemoryBytes = 128 * kMiB;

// The newest state text of every entity that the history has touched.
class Present {
 public:
  explicit Present(EntityLookup& lookup, int64_t head) : lookup_(lookup), head_(head), texts_(kSpoolMemoryBytes) {}

  Result<std::optional<std::string>> Find(const std::string& id) {
    auto known = places_.find(KeyedHash(id));
    if (known == places_.end()) return lookup_.FindState(id, head_);
    if (!known->second.alive) return std::optional<std::string>();
    ASSIGN_OR_RETURN(std::string text, texts_.Read(known->second.place));
    return std::optional<std::string>(std::move(text));
  }
  Status Set(const std::string& id, const std::optional<std::string>& state) {
    Place place;
    place.alive = state.has_value();
    if (state) {
      ASSIGN_OR_RETURN(place.place, texts_.Append(*state));
    }
    places_[KeyedHash(id)] = place;
    return Status::Ok();
  }

 private:
  struct Place {
    TextSpool::Place place;
    bool alive = false;
  };
  EntityLookup& lookup_;
  int64_t head_;
  TextSpool texts_;
  boost::unordered_flat_map<Hash128, Place> places_;
};

class EventDrafts : public DraftSource {
 public:
  EventDrafts(DatabaseState& db, const View& view, std::unique_ptr<EventReader> reader)
      : reader_(std::move(reader)),
        lookup_(db.storage(), view),
        present_(lookup_, view.head),
        latest_ms_(db.clock().NowMs() + kMaxEventAheadMs),
        last_id_(db.log().ids().last()) {
    if (view.head > 0) last_ts_ms_ = view.head_ts_ms();
  }

  Result<bool> Next(const Stamp&, EventDraft* draft) override {
    ImportedEvent event;
    while (true) {
      ASSIGN_OR_RETURN(bool more, reader_->Next(&event));
      if (!more) return false;
      Status taken = Take(&event, draft);
      if (taken.ok()) return true;
      if (taken.code() != StatusCode::kInvalidData) return taken;
      RETURN_IF_ERROR(reader_->Refuse(event.line, taken));
    }
  }

  ImportResult result;
  std::set<std::string> namespaces;

 private:
  Status CheckOrder(const ImportedEvent& event) {
    if (event.ts_ms < last_ts_ms_) {
      return InvalidData(fmt::format("ts {} is before the event in front of it, {}", FormatTime(event.ts_ms),
                                     FormatTime(last_ts_ms_)));
    }
    if (event.ts_ms > latest_ms_)
      return InvalidData("ts " + FormatTime(event.ts_ms) + " is more than 60 s ahead of the clock");
    if (!event.id.empty()) {
      Ulid id = *Ulid::Parse(event.id);
      if (last_id_ && id <= *last_id_) return InvalidData("the id " + event.id + " does not ascend");
    }
    return Status::Ok();
  }

  Status Take(ImportedEvent* event, EventDraft* draft) {
    RETURN_IF_ERROR(CheckOrder(*event));
    std::string id = TargetToId(event->target);
    ASSIGN_OR_RETURN(auto before, present_.Find(id));
    if (event->op == Op::kCreate && before) return InvalidData("CREATE of " + event->target + ", which exists");
    if (event->op != Op::kCreate && !before)
      return InvalidData(std::string(event->op == Op::kUpdate ? "UPDATE" : "DELETE") + " of " + event->target +
                         ", which does not exist");
    *draft = EventDraft();
    draft->op = event->op;
    draft->target = event->target;
    draft->ts_ms = event->ts_ms;
    draft->actor = event->actor;
    draft->metadata = event->metadata;
    if (!event->id.empty()) {
      last_id_ = Ulid::Parse(event->id);
      draft->id = last_id_;
    }
    if (event->op != Op::kDelete) {
      ASSIGN_OR_RETURN(draft->after, StateAfter(event, before));
    }
    draft->before = std::move(before);
    RETURN_IF_ERROR(present_.Set(id, draft->after));
    last_ts_ms_ = event->ts_ms;
    ++result.events;
    ++(event->op == Op::kCreate ? result.created : result.updated);
    namespaces.insert(std::string(NamespaceOfTarget(event->target)));
    return Status::Ok();
  }

  // What the line says, and for what it does not say: version + 1, the creation as it was, this event's time and actor.
  static Result<std::optional<std::string>> StateAfter(ImportedEvent* event, const std::optional<std::string>& before) {
    ImportRecord& record = event->after;
    if (before) {
      Entity old;
      RETURN_IF_ERROR(DecodeState(record.id, *before, &old));
      InheritFrom(old, &record);
    }
    return std::optional<std::string>(
        EncodeState(ToEntity(std::move(record), event->ts_ms, event->actor.value_or(""))));
  }

  std::unique_ptr<EventReader> reader_;
  EntityLookup lookup_;
  Present present_;
  int64_t latest_ms_;
  int64_t last_ts_ms_ = INT64_MIN;
  std::optional<Ulid> last_id_;
};

}  // namespace

Result<ImportResult> ImportEvents(DatabaseState& db, std::unique_ptr<EventReader> reader, bool dry_run) {
  ASSIGN_OR_RETURN(View view, db.TakeReaderView());
  EventDrafts drafts(db, view, std::move(reader));
  std::string undo_point = db.UndoPoint();
  if (dry_run) {
    while (true) {
      EventDraft draft;
      ASSIGN_OR_RETURN(bool more, drafts.Next({}, &draft));
      if (!more) break;
    }
  } else {
    ASSIGN_OR_RETURN(BatchResult batch, db.WriteBatch(drafts));
    undo_point = batch.undo_point;
  }
  ImportResult result = drafts.result;
  result.namespaces.assign(drafts.namespaces.begin(), drafts.namespaces.end());
  if (result.events > 0)
    result.undo =
        fmt::format("restore --namespace {} --at {} --confirm", fmt::join(result.namespaces, ","), undo_point);
  return result;
}

}  // namespace parquedb
