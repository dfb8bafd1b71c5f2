#include "database/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/external_sort.h"
#include "core/key_prefix.h"
#include "core/limits.h"
#include "database/import_merge.h"
#include "model/names.h"

namespace parquedb {
namespace {

constexpr uint64_t kIdBudgetBytes = 64 * kMiB;
constexpr size_t kSortRows = 32'768;        // a run: sorted by id, so that later merges stream
constexpr uint64_t kSortBytes = 24 * kMiB;  // of one run; another is being written meanwhile
constexpr size_t kMaxNamed = 10;            // ids that an error names

// Finds ids that come twice, and ids that the database has already.
class IdCheck {
 public:
  IdCheck() : ids_(kIdBudgetBytes) {}
  Status Add(const std::string& id, int64_t line) {
    return ids_.Add(id, {reinterpret_cast<const char*>(&line), sizeof line});
  }

  Status Finish(const StorageBackend& storage, const View& view, const std::set<std::string>& namespaces,
                const std::string& file) {
    RETURN_IF_ERROR(ids_.Finish());
    ASSIGN_OR_RETURN(auto known, ListNamespaces(storage, view));
    std::unique_ptr<EntityCursor> present;
    std::vector<std::string> wanted;
    for (const std::string& ns : known) {
      if (namespaces.contains(ns)) wanted.push_back(ns);
    }
    Entity entity;
    bool has_entity = false;
    if (!wanted.empty()) {
      ASSIGN_OR_RETURN(present, OpenState(storage, view, {.cut = view.head, .namespaces = wanted}));
      ASSIGN_OR_RETURN(has_entity, present->Next(&entity));
    }
    BadRecords twice(file);
    std::string last;
    int64_t exist = 0;
    std::vector<std::string> named;
    std::string_view key, payload;
    while (true) {
      ASSIGN_OR_RETURN(bool more, ids_.Next(&key, &payload));
      if (!more) break;
      int64_t line;
      std::copy_n(payload.data(), sizeof line, reinterpret_cast<char*>(&line));
      if (key == last && twice.Add(line, InvalidData("the id " + last + " comes twice in the file")))
        return twice.ToStatus();
      last.assign(key);
      while (has_entity && entity.id < key) {
        ASSIGN_OR_RETURN(has_entity, present->Next(&entity));
      }
      if (has_entity && entity.id == key && ++exist <= static_cast<int64_t>(kMaxNamed)) named.push_back(last);
    }
    if (!twice.empty()) return twice.ToStatus();
    if (exist == 0) return Status::Ok();
    return Conflict(fmt::format("{} {} in the database already: {}{}", exist, exist == 1 ? "id is" : "ids are",
                                fmt::join(named, ", "), exist > static_cast<int64_t>(kMaxNamed) ? ", …" : ""),
                    "nothing was imported");
  }

 private:
  ExternalSorter ids_;
};

class RecordDrafts : public DraftSource {
 public:
  RecordDrafts(const StorageBackend& storage, const View& view, RecordReader& reader)
      : storage_(storage), view_(view), reader_(reader) {}

  Result<bool> Next(const Stamp& stamp, EventDraft* draft) override {
    if (next_ == order_.size()) {
      RETURN_IF_ERROR(Fill({stamp.ts_ms, stamp.actor}));
      if (order_.empty()) {
        RETURN_IF_ERROR(Finish());
        return false;
      }
    }
    Prefetch();
    ImportDraft& made = taken_[order_[next_++].index];
    ++created;
    draft->op = Op::kCreate;
    draft->target = IdToTarget(made.id);
    draft->lent_after = made.state;
    draft->after_hash = made.hash;
    draft->ends_run = next_ == order_.size();
    if (!stamp.actor.empty()) draft->actor = stamp.actor;
    return true;
  }
  uint64_t likely_bytes() const override { return reader_.likely_bytes(); }

  int64_t created = 0;
  std::set<std::string> namespaces;

 private:
  Status Fill(const RecordStamp& stamp) {
    taken_.clear();
    if (!texts_.empty()) texts_.erase(texts_.begin(), texts_.end() - 1);  // states to come may lie in the last
    next_ = 0;
    uint64_t bytes = 0;
    ImportDraft draft;
    while (!ended_ && taken_.size() < kSortRows && bytes < kSortBytes) {
      ASSIGN_OR_RETURN(bool more, reader_.NextDraft(stamp, &draft));
      if (!more) {
        ended_ = true;
        break;
      }
      std::string_view ns = NamespaceOfId(draft.id);
      if (ns != last_ns_) {
        last_ns_ = std::string(ns);
        namespaces.insert(last_ns_);
      }
      bytes += draft.id.size() + draft.state.size() + sizeof draft;
      if (draft.texts != nullptr) texts_.push_back(std::move(draft.texts));
      taken_.push_back(std::move(draft));
    }
    Sort();
    for (const Place& place : order_) RETURN_IF_ERROR(ids_.Add(taken_[place.index].id, taken_[place.index].line));
    return Status::Ok();
  }

  // The drafts stay where they are; order_ says how they come.
  void Sort() {
    order_.clear();
    if (taken_.empty()) return;
    size_t common = taken_.front().id.size();
    for (const ImportDraft& draft : taken_) common = std::min(common, CommonPrefix(taken_.front().id, draft.id));
    for (size_t i = 0; i < taken_.size(); ++i) order_.push_back({PrefixBehind(taken_[i].id, common), i});
    std::sort(order_.begin(), order_.end(), [this](const Place& a, const Place& b) {
      if (a.prefix != b.prefix) return a.prefix < b.prefix;
      int order = taken_[a.index].id.compare(taken_[b.index].id);
      return order != 0 ? order < 0 : a.index < b.index;
    });
  }

  // The order jumps through a run that no cache holds: what comes soon is asked for now.
  void Prefetch() const {
    constexpr size_t kDraftsAhead = 16, kStatesAhead = 8, kLineBytes = 64, kStateBytes = 512;
    if (next_ + kDraftsAhead >= order_.size()) return;
    const auto* draft = reinterpret_cast<const char*>(&taken_[order_[next_ + kDraftsAhead].index]);
    for (size_t at = 0; at < sizeof(ImportDraft); at += kLineBytes) __builtin_prefetch(draft + at);
    std::string_view state = taken_[order_[next_ + kStatesAhead].index].state;
    for (size_t at = 0; at < std::min(state.size(), kStateBytes); at += kLineBytes) __builtin_prefetch(&state[at]);
  }

  Status Finish() {
    RETURN_IF_ERROR(CheckAnyTaken(reader_, created > 0));
    return ids_.Finish(storage_, view_, namespaces, reader_.source().name());
  }

  const StorageBackend& storage_;
  const View& view_;
  RecordReader& reader_;
  std::vector<ImportDraft> taken_;  // of one row group, as they came
  std::vector<std::shared_ptr<const std::string>> texts_;
  struct Place {
    uint64_t prefix;
    size_t index;  // in taken_
  };
  std::vector<Place> order_;
  size_t next_ = 0;
  bool ended_ = false;
  std::string last_ns_;
  IdCheck ids_;
};

// Reads a source to its end without writing.
Status DryRun(DatabaseState& db, DraftSource& drafts) {
  const Stamp stamp{db.clock().NowMs(), db.actor()};
  while (true) {
    EventDraft draft;
    ASSIGN_OR_RETURN(bool more, drafts.Next(stamp, &draft));
    if (!more) return Status::Ok();
  }
}

}  // namespace

Status CheckAnyTaken(const RecordReader& reader, bool any) {
  if (any || reader.skipped() == 0) return Status::Ok();
  return InvalidData(fmt::format("{} has no record for the namespace {}; {} of other namespaces were skipped",
                                 reader.source().name(), reader.source().ns, reader.skipped()));
}

Result<ImportResult> ImportRecords(DatabaseState& db, std::unique_ptr<RecordReader> reader,
                                   const ImportOptions& options) {
  ASSIGN_OR_RETURN(View view, db.TakeReaderView());
  RecordDrafts plain(db.storage(), view, *reader);
  MergeDrafts merging(db.storage(), view, *reader, options.on_conflict);
  bool merges = options.on_conflict != ConflictRule::kError;
  DraftSource& drafts = merges ? static_cast<DraftSource&>(merging) : plain;
  std::string undo_point = db.UndoPoint();
  if (options.dry_run) {
    RETURN_IF_ERROR(DryRun(db, drafts));
  } else {
    ASSIGN_OR_RETURN(BatchResult batch, db.WriteBatch(drafts));
    undo_point = batch.undo_point;
  }
  ImportResult result;
  result.created = merges ? merging.created() : plain.created;
  result.updated = merging.updated();
  result.events = result.created + result.updated;
  result.of_other_namespaces = reader->skipped();
  result.skipped = reader->skipped() + merging.kept();
  const std::set<std::string>& namespaces = merges ? merging.namespaces() : plain.namespaces;
  result.namespaces.assign(namespaces.begin(), namespaces.end());
  if (result.events > 0)
    result.undo =
        fmt::format("restore --namespace {} --at {} --confirm", fmt::join(result.namespaces, ","), undo_point);
  return result;
}

}  // namespace parquedb
