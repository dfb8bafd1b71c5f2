#include "replay/state.h"

#include <algorithm>
#include <set>

#include "core/check.h"
#include "model/layout.h"
#include "model/names.h"
#include "model/state_text.h"

namespace parquedb {
namespace {

// Data files of the wanted namespaces, one behind the other in id order, merged with what the log says since.
class StateCursor : public EntityCursor {
 public:
  StateCursor(const StorageBackend& storage, const View& view) : files_(storage, view) {}

  Status Open(const StorageBackend& storage, const View& view, const StateRequest& request) {
    cut_ = request.cut;
    std::set<std::string, std::less<>> wanted(request.namespaces.begin(), request.namespaces.end());
    std::vector<std::string> pending;
    for (std::string& ns : files_.namespaces()) {
      if (wanted.empty() || wanted.contains(ns)) pending.push_back(std::move(ns));
    }
    // In the order of "ns/": '-' and the digits sort around '/'.
    std::sort(pending.begin(), pending.end(), [](const auto& a, const auto& b) { return a + "/" > b + "/"; });
    int64_t lowest = wanted.empty() ? view.checkpoint : INT64_MAX, highest = 0;
    std::set<std::string, std::less<>> looked_at = wanted;
    looked_at.insert(pending.begin(), pending.end());
    for (const std::string& ns : looked_at) {
      ASSIGN_OR_RETURN(auto source, files_.For(ns, cut_));
      lowest = std::min(lowest, source.through);
      highest = std::max(highest, source.through);
    }
    // A namespace without a file has had no event through the checkpoint, unless the cut lies before the checkpoint.
    if (cut_ < view.checkpoint) {
      lowest = 0;
    } else if (wanted.empty()) {
      highest = std::max(highest, view.checkpoint);
    }
    ChangeRequest changes{.from = [this, wanted](std::string_view ns) { return From(ns, wanted); },
                          .cut = cut_,
                          .farthest = std::min(lowest, cut_),
                          .lowest_after_base = highest == 0 ? INT64_MAX : 0};
    if (lowest < view.head) {
      ASSIGN_OR_RETURN(changes_, OpenChanges(storage, view, changes));
    }
    if (!from_status_.ok()) return from_status_;
    pending_ = std::move(pending);
    RETURN_IF_ERROR(AdvanceFile());
    return AdvanceChange();
  }

  Result<bool> Next(Entity* entity) override {
    while (has_row_ || has_change_) {
      if (has_row_ && (!has_change_ || row_.id < change_.id)) {
        std::swap(*entity, row_);
        RETURN_IF_ERROR(AdvanceFile());
        return true;
      }
      bool replaces = has_row_ && row_.id == change_.id;
      bool alive = !change_.deleted;
      if (alive) RETURN_IF_ERROR(DecodeState(change_.id, change_.state, entity));
      if (replaces) RETURN_IF_ERROR(AdvanceFile());
      RETURN_IF_ERROR(AdvanceChange());
      if (alive) return true;
    }
    return false;
  }

 private:
  std::optional<int64_t> From(std::string_view ns, const std::set<std::string, std::less<>>& wanted) {
    if (!wanted.empty() && !wanted.contains(ns)) return std::nullopt;
    auto source = files_.For(ns, cut_);
    if (!source.ok()) {
      from_status_ = source.status();
      return std::nullopt;
    }
    return source->through;
  }

  Status AdvanceFile() {
    while (true) {
      if (file_cursor_ != nullptr) {
        ASSIGN_OR_RETURN(has_row_, file_cursor_->Next(&row_));
        if (has_row_) return Status::Ok();
        file_cursor_.reset();
      }
      has_row_ = false;
      if (pending_.empty()) return Status::Ok();
      ASSIGN_OR_RETURN(auto source, files_.For(pending_.back(), cut_));
      pending_.pop_back();
      if (source.file == nullptr) continue;
      ASSIGN_OR_RETURN(file_cursor_, source.file->Scan());
    }
  }

  Status AdvanceChange() {
    if (changes_ == nullptr) return Status::Ok();
    ASSIGN_OR_RETURN(has_change_, changes_->Next(&change_));
    return Status::Ok();
  }

  DataFiles files_;
  int64_t cut_ = 0;
  std::vector<std::string> pending_;  // namespaces with a file, the next one last
  std::unique_ptr<EntityCursor> file_cursor_;
  std::unique_ptr<ChangeCursor> changes_;
  Entity row_;
  Change change_;
  bool has_row_ = false, has_change_ = false;
  Status from_status_;
};

}  // namespace

DataFiles::DataFiles(const StorageBackend& storage, const View& view) : storage_(storage), view_(view) {}

Result<DataFiles::Source> DataFiles::For(std::string_view ns, int64_t cut) {
  auto known = open_.find(ns);
  if (known == open_.end()) {
    Source source;
    std::string path = DataPath(ns);
    auto entry = view_.files.find(path);
    if (entry != view_.files.end()) {
      std::shared_ptr<const ReadableFile> handle;
      if (auto pinned = view_.derived.find(path); pinned != view_.derived.end()) {
        handle = pinned->second;
      } else if (auto opened = storage_.Open(path); opened.ok()) {
        handle = std::move(*opened);
      } else if (opened.status().code() != StatusCode::kNotFound) {
        return opened.status();
      }
      if (handle != nullptr) {
        ASSIGN_OR_RETURN(source.file, DataFile::Open(std::move(handle), path, view_.manifest.database_id));
        int64_t through = source.file->footer().through;
        // A file that is as its entry says (or newer) is right through the checkpoint, even if that lies further on.
        source.through = through >= entry->second ? std::max(through, view_.checkpoint) : through;
        // Events that would bring an older file up to date were retired: the log begins with the whole state instead.
        if (source.through < view_.manifest.compacted_through) source = Source{};
      }
    } else {
      // No entity and no event through the checkpoint. A file that lies there all the same says that the manifest does
      // not name all it should (a flipped byte in a name, a checkpoint that was cut off): the log is read instead.
      ASSIGN_OR_RETURN(auto unlisted, storage_.Stat(path));
      source.through = unlisted ? 0 : view_.checkpoint;
    }
    known = open_.emplace(std::string(ns), std::move(source)).first;
  }
  // A file that goes beyond the cut knows too much; the cut itself may lie between the file's last event and the
  // checkpoint, where nothing happened in this namespace.
  const Source& source = known->second;
  int64_t own = source.file != nullptr ? source.file->footer().through : 0;
  if (cut < own || (source.file == nullptr && cut < source.through)) return Source{};
  return source;
}

std::vector<std::string> DataFiles::namespaces() const {
  std::vector<std::string> names;
  for (const auto& [path, through] : view_.files) {
    auto name = ParsePath(path);
    if (name && name->kind == FileKind::kData) names.push_back(name->ns);
  }
  return names;
}

Result<std::unique_ptr<EntityCursor>> OpenState(const StorageBackend& storage, const View& view,
                                                const StateRequest& request) {
  auto cursor = std::make_unique<StateCursor>(storage, view);
  RETURN_IF_ERROR(cursor->Open(storage, view, request));
  return std::unique_ptr<EntityCursor>(std::move(cursor));
}

Result<std::shared_ptr<Segment>> EntityLookup::OpenSegment(const SegmentEntry& entry) {
  std::shared_ptr<Segment>& segment = segments_[entry.seq];
  if (segment == nullptr) {
    ASSIGN_OR_RETURN(segment, parquedb::OpenSegment(storage_, view_, entry));
  }
  return segment;
}

Result<std::optional<std::string>> EntityLookup::FindState(std::string_view id, int64_t cut) {
  ASSIGN_OR_RETURN(auto source, files_.For(NamespaceOfId(id), cut));
  std::string target = IdToTarget(id);
  for (auto event = view_.tail.rbegin(); event != view_.tail.rend(); ++event) {
    if (event->lsn <= cut && event->lsn > source.through && event->target == target) return event->after;
  }
  const auto& segments = view_.manifest.segments;
  for (auto entry = segments.rbegin(); entry != segments.rend(); ++entry) {
    if (entry->min_lsn > cut) continue;
    if (entry->max_lsn <= source.through) break;
    // A base says nothing of what was deleted since the file was written; the events behind the file do.
    if (entry->is_base && source.through > 0) continue;
    ASSIGN_OR_RETURN(auto segment, OpenSegment(*entry));
    ASSIGN_OR_RETURN(auto event, segment->FindLast(target, cut, EventColumns::State()));
    if (event && event->lsn > source.through) return event->after;
    if (entry->is_base) return std::optional<std::string>();
  }
  if (source.file == nullptr) return std::optional<std::string>();
  ASSIGN_OR_RETURN(auto entity, source.file->Find(id));
  if (!entity) return std::optional<std::string>();
  return std::optional<std::string>(EncodeState(*entity));
}

Result<std::optional<Entity>> EntityLookup::Find(std::string_view id, int64_t cut) {
  ASSIGN_OR_RETURN(auto state, FindState(id, cut));
  if (!state) return std::optional<Entity>();
  Entity entity;
  RETURN_IF_ERROR(DecodeState(id, *state, &entity));
  return std::optional<Entity>(std::move(entity));
}

Result<std::optional<Entity>> FindEntity(const StorageBackend& storage, const View& view, std::string_view id,
                                         int64_t cut) {
  return EntityLookup(storage, view).Find(id, cut);
}

}  // namespace parquedb
