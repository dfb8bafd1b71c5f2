#include "database/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "core/external_sort.h"
#include "core/key_prefix.h"
#include "core/limits.h"
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
  RecordDrafts(const StorageBackend& storage, const View& view, const ImportSource& source,
               std::unique_ptr<RecordReader> reader)
      : storage_(storage), view_(view), source_(source), reader_(std::move(reader)) {}

  Result<bool> Next(const Stamp& stamp, EventDraft* draft) override {
    if (next_ == order_.size()) {
      RETURN_IF_ERROR(Fill({stamp.ts_ms, stamp.actor}));
      if (order_.empty()) {
        RETURN_IF_ERROR(Finish());
        return false;
      }
    }
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
  uint64_t likely_bytes() const override {
    std::error_code error;  // of a pipe, for one: then nothing is known
    uint64_t bytes = std::filesystem::file_size(source_.file, error);
    return error ? 0 : bytes;
  }

  int64_t created = 0;
  std::set<std::string> namespaces;
  int64_t skipped() const { return reader_->skipped(); }

 private:
  Status Fill(const RecordStamp& stamp) {
    taken_.clear();
    if (!texts_.empty()) texts_.erase(texts_.begin(), texts_.end() - 1);  // states to come may lie in the last
    next_ = 0;
    uint64_t bytes = 0;
    ImportDraft draft;
    while (!ended_ && taken_.size() < kSortRows && bytes < kSortBytes) {
      ASSIGN_OR_RETURN(bool more, reader_->NextDraft(stamp, &draft));
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

  Status Finish() {
    if (created == 0 && reader_->skipped() > 0) {
      return InvalidData(fmt::format("{} has no record for the namespace {}; {} of other namespaces were skipped",
                                     source_.file, source_.ns, reader_->skipped()));
    }
    return ids_.Finish(storage_, view_, namespaces, source_.file);
  }

  const StorageBackend& storage_;
  const View& view_;
  const ImportSource& source_;
  std::unique_ptr<RecordReader> reader_;
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

}  // namespace

Result<ImportResult> ImportRecords(DatabaseState& db, const ImportSource& source, bool dry_run) {
  ImportSource counted = source;
  counted.progress = db.progress();
  ASSIGN_OR_RETURN(auto reader, OpenRecords(counted));
  ASSIGN_OR_RETURN(View view, db.TakeReaderView());
  RecordDrafts drafts(db.storage(), view, source, std::move(reader));
  ImportResult result;
  std::string undo_point = db.UndoPoint();
  if (dry_run) {
    while (true) {
      EventDraft draft;
      ASSIGN_OR_RETURN(bool more, drafts.Next({db.clock().NowMs(), db.actor()}, &draft));
      if (!more) break;
    }
  } else {
    ASSIGN_OR_RETURN(BatchResult batch, db.WriteBatch(drafts));
    undo_point = batch.undo_point;
  }
  result.created = result.events = drafts.created;
  result.skipped = drafts.skipped();
  result.namespaces.assign(drafts.namespaces.begin(), drafts.namespaces.end());
  if (result.events > 0)
    result.undo =
        fmt::format("restore --namespace {} --at {} --confirm", fmt::join(result.namespaces, ","), undo_point);
  return result;
}

}  // namespace parquedb
