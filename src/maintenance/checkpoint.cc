#include "maintenance/checkpoint.h"

#include <algorithm>
#include <set>

#include "core/test_hooks.h"
#include "eventlog/checkpoint_marker.h"
#include "maintenance/manifest_writer.h"
#include "maintenance/namespace_rewrite.h"
#include "model/layout.h"
#include "model/names.h"
#include "replay/change_prefetch.h"
#include "replay/state.h"

namespace parquedb {
namespace {

struct Outcome {
  std::vector<std::unique_ptr<PendingFile>> files;
  std::map<std::string, std::string> hashes;  // of some of them, by path
  std::map<std::string, int64_t> through;     // state.files entries that are new
  std::set<std::string> gone;                 // and those that go
  std::vector<std::string> namespaces;
};

class CheckpointRun {
 public:
  CheckpointRun(LogWriter& log, const View& view, bool anew, Progress* progress)
      : log_(log), storage_(log.storage()), view_(view), files_(storage_, view), anew_(anew), progress_(progress) {
    for (std::string& ns : files_.namespaces()) namespaces_.insert(std::move(ns));
  }

  // nullopt: a file that links should be carried on from is missing; run again with `anew`.
  Result<std::optional<Outcome>> Run() {
    ASSIGN_OR_RETURN(auto cursor, OpenChangesOf(std::nullopt));
    stream_.cursor = cursor.get();
    ASSIGN_OR_RETURN(stream_.more, cursor->Next(&stream_.change));
    std::set<std::string> left;  // namespaces to look at although they did not change
    if (anew_) {
      for (std::string& ns : files_.namespaces()) left.insert(std::move(ns));
    }
    while (stream_.more && !incomplete_) {
      std::string ns(NamespaceOfId(stream_.change.id));
      left.erase(ns);
      RETURN_IF_ERROR(RewriteOne(ns));
    }
    for (const std::string& ns : left) RETURN_IF_ERROR(RewriteOne(ns));
    if (!incomplete_) RETURN_IF_ERROR(RewriteReverse());
    if (incomplete_) return std::optional<Outcome>();
    return std::optional<Outcome>(std::move(outcome_));
  }

 private:
  Result<std::unique_ptr<ChangeCursor>> OpenChangesOf(std::optional<std::string> only) {
    Status failed;
    ChangeRequest request;
    request.cut = view_.head;
    request.farthest = anew_ ? 0 : view_.checkpoint;
    request.lowest_after_base = view_.checkpoint == 0 && view_.files.empty() ? INT64_MAX : 0;
    request.from = [&, only](std::string_view ns) -> std::optional<int64_t> {
      if (only && ns != *only) return std::nullopt;
      if (!namespaces_.contains(ns)) namespaces_.emplace(ns);
      auto source = files_.For(ns, view_.head);
      if (!source.ok()) {
        failed = source.status();
        return std::nullopt;
      }
      return source->through;
    };
    auto cursor = OpenChanges(storage_, view_, request);
    if (!failed.ok()) return failed;
    if (!cursor.ok()) return cursor.status();
    return ReadAhead(std::move(*cursor));
  }

  Status RewriteOne(const std::string& ns) {
    ASSIGN_OR_RETURN(auto old, files_.For(ns, view_.head));
    auto entry = view_.files.find(DataPath(ns));
    // Lost, stale or not named: the links that the reverse files know of can't be told from it.
    bool fits = entry == view_.files.end() ? old.through >= view_.checkpoint
                                           : old.file != nullptr && old.file->footer().through == entry->second;
    if (!fits && !anew_) {
      incomplete_ = true;
      return Status::Ok();
    }
    Expect(progress_, old.file != nullptr ? old.file->footer().rows : 0);
    NamespaceSource source{.ns = ns,
                           .old_file = old.file,
                           .through = view_.head,
                           .database_id = view_.manifest.database_id,
                           .digest = {},
                           .progress = progress_,
                           .all_links = anew_};
    if (namespaces_.size() == 1) {
      // All there is lies in this namespace: its digest is the log's.
      ASSIGN_OR_RETURN(source.digest, log_.Digest());
    }
    ASSIGN_OR_RETURN(NamespaceFiles made,
                     RewriteNamespace(storage_, source, &stream_, [&] { return OpenChangesOf(ns); }, &links_));
    outcome_.namespaces.push_back(ns);
    outcome_.through[DataPath(ns)] = view_.head;
    if (made.has_links) {
      outcome_.through[ForwardPath(ns)] = view_.head;
    } else if (view_.files.contains(ForwardPath(ns))) {
      outcome_.gone.insert(ForwardPath(ns));
    }
    outcome_.hashes.merge(made.hashes);
    for (auto& file : made.files) {
      RETURN_IF_ERROR(file->Close());
      outcome_.files.push_back(std::move(file));
    }
    return Status::Ok();
  }

  Status RewriteReverse() {
    RETURN_IF_ERROR(links_.Finish());
    LinkChanges::Item item;
    ASSIGN_OR_RETURN(bool more, links_.Next(&item));
    std::set<std::string> made;
    while (more && !incomplete_) {
      std::string ns(NamespaceOfId(item.link.to));
      made.insert(ns);
      RETURN_IF_ERROR(RewriteReverseOf(ns, &item, &more));
    }
    if (!anew_) return Status::Ok();
    for (const auto& [path, through] : view_.files) {
      auto name = ParsePath(path);
      if (name && name->kind == FileKind::kReverse && !made.contains(name->ns)) outcome_.gone.insert(path);
    }
    return Status::Ok();
  }

  // The old reverse file of a namespace, or null for none; sets incomplete_ when it should be there and is not.
  Result<std::shared_ptr<RelsFile>> OldReverse(const std::string& path) {
    auto entry = view_.files.find(path);
    if (entry == view_.files.end() || anew_) return std::shared_ptr<RelsFile>();
    auto pinned = view_.derived.find(path);
    std::shared_ptr<RelsFile> file;
    if (pinned != view_.derived.end()) {
      ASSIGN_OR_RETURN(file, RelsFile::Open(pinned->second, path, view_.manifest.database_id));
    } else if (auto handle = storage_.Open(path); handle.ok()) {
      ASSIGN_OR_RETURN(file, RelsFile::Open(std::move(*handle), path, view_.manifest.database_id));
    }
    if (file == nullptr || file->through() != entry->second) incomplete_ = true;
    return file;
  }

  Status RewriteReverseOf(const std::string& ns, LinkChanges::Item* item, bool* more) {
    std::string path = ReversePath(ns);
    ASSIGN_OR_RETURN(auto old, OldReverse(path));
    if (incomplete_) return Status::Ok();
    ASSIGN_OR_RETURN(auto pending, storage_.CreatePending(path));
    ASSIGN_OR_RETURN(auto writer, RelsFileWriter::Open(*pending, RelsOrder::kReverse));
    std::unique_ptr<RelsCursor> rows;
    LinkRow row;
    bool has_row = false;
    if (old != nullptr) {
      ASSIGN_OR_RETURN(rows, old->Scan());
      ASSIGN_OR_RETURN(has_row, rows->Next(&row));
    }
    auto key = [](const LinkRow& link) { return std::tie(link.to, link.predicate, link.from); };
    while (true) {
      bool has_item = *more && NamespaceOfId(item->link.to) == ns;
      if (!has_row && !has_item) break;
      bool takes_item = has_item && (!has_row || key(item->link) <= key(row));
      bool takes_row = has_row && (!takes_item || item->link == row);
      if (takes_item ? item->present : true) RETURN_IF_ERROR(writer->Append(takes_item ? item->link : row));
      if (takes_row) {
        ASSIGN_OR_RETURN(has_row, rows->Next(&row));
      }
      if (takes_item) {
        ASSIGN_OR_RETURN(*more, links_.Next(item));
      }
    }
    if (writer->row_count() == 0) {
      if (view_.files.contains(path)) outcome_.gone.insert(path);
      return Status::Ok();
    }
    RETURN_IF_ERROR(writer->Finish(view_.manifest.database_id, view_.head));
    writer.reset();
    RETURN_IF_ERROR(pending->Close());
    outcome_.through[path] = view_.head;
    outcome_.files.push_back(std::move(pending));
    return Status::Ok();
  }

  LogWriter& log_;
  std::set<std::string, std::less<>> namespaces_;  // with a data file, or with an event that is looked at
  StorageBackend& storage_;
  const View& view_;
  DataFiles files_;
  bool anew_;
  Progress* progress_;
  bool incomplete_ = false;
  ChangeStream stream_;
  LinkChanges links_;
  Outcome outcome_;
};

Status PutInPlace(LogWriter& log, const View& view, Outcome outcome) {
  StorageBackend& storage = log.storage();
  RETURN_IF_ERROR(WriteCheckpointMarker(storage, CheckpointMarker::kReplacing));
  std::set<std::string> rewritten;
  for (const auto& file : outcome.files) rewritten.insert(file->path());
  PassKillPoint("checkpoint.before_publish");
  RETURN_IF_ERROR(storage.Publish(std::move(outcome.files)));
  PassKillPoint("checkpoint.published");
  RETURN_IF_ERROR(log.UpdateManifest([&](EventManifest* manifest) {
    manifest->checkpoint = view.head;
    for (const auto& [path, through] : outcome.through) manifest->files[path] = through;
    for (const std::string& path : outcome.gone) manifest->files.erase(path);
  }));
  PassKillPoint("checkpoint.event_manifest");
  for (const std::string& path : outcome.gone) RETURN_IF_ERROR(storage.Remove(path));
  RETURN_IF_ERROR(WriteFileManifest(log, std::move(rewritten), std::move(outcome.hashes)));
  PassKillPoint("checkpoint.file_manifest");
  return WriteCheckpointMarker(storage, CheckpointMarker::kNone);
}

// Litter of a checkpoint or a pull that was cut off: temporary files, and derived files that no manifest names.
Status RemoveLitter(LogWriter& log) {
  const auto& listed = log.manifest().files;
  for (std::string_view prefix : {"data/", "rels/", "indexes/"}) {
    ASSIGN_OR_RETURN(auto entries, log.storage().List(prefix));
    for (const FileEntry& entry : entries) {
      auto name = ParsePath(entry.path);
      bool unlisted = name && !listed.contains(name->kind == FileKind::kBloom ? DataPath(name->ns) : entry.path);
      if (unlisted || entry.path.ends_with(".tmp")) RETURN_IF_ERROR(log.storage().Remove(entry.path));
    }
  }
  return Status::Ok();
}

Result<Outcome> MakeFiles(LogWriter& log, const View& view, bool anew, Progress* progress) {
  ASSIGN_OR_RETURN(auto outcome, CheckpointRun(log, view, anew, progress).Run());
  if (!outcome) {
    ASSIGN_OR_RETURN(outcome, CheckpointRun(log, view, true, progress).Run());
  }
  return std::move(*outcome);
}

}  // namespace

Result<CheckpointResult> Checkpoint(LogWriter& log, Progress* progress) {
  RETURN_IF_ERROR(log.Flush());
  ASSIGN_OR_RETURN(View view, TakeView(log.storage(), log.clock().NowMs(), {.pin_segments = false}));
  ASSIGN_OR_RETURN(CheckpointMarker marker, ReadCheckpointMarker(log.storage()));
  CheckpointResult result{.through = view.head, .namespaces = {}, .files = 0};
  if (view.checkpoint == view.head && marker == CheckpointMarker::kNone) {
    RETURN_IF_ERROR(WriteFileManifest(log));
    return result;
  }
  if (marker == CheckpointMarker::kNone) {
    RETURN_IF_ERROR(WriteCheckpointMarker(log.storage(), CheckpointMarker::kPreparing));
  } else {
    RETURN_IF_ERROR(RemoveLitter(log));
  }
  // Each event since may be of an entity of its own.
  Expect(progress, view.head - view.checkpoint);
  auto outcome = MakeFiles(log, view, marker == CheckpointMarker::kReplacing, progress);
  if (!outcome.ok()) {
    // What failed has removed its own temporary files.
    if (marker == CheckpointMarker::kNone)
      RETURN_IF_ERROR(WriteCheckpointMarker(log.storage(), CheckpointMarker::kNone));
    return outcome.status();
  }
  result.namespaces = outcome->namespaces;
  result.files = static_cast<int64_t>(outcome->files.size());
  RETURN_IF_ERROR(PutInPlace(log, view, std::move(*outcome)));
  return result;
}

}  // namespace parquedb
