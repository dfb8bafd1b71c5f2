#include "eventlog/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/limits.h"
#include "eventlog/checkpoint_marker.h"
#include "eventlog/manifest_file.h"
#include "eventlog/wal_directory.h"
#include "model/layout.h"

namespace parquedb {
namespace {

constexpr int kAttempts = 10;

// One attempt. nullopt: the log moved meanwhile; begin again.
class ViewTaker {
 public:
  ViewTaker(const StorageBackend& storage, const ViewRequest& request) : storage_(storage), request_(request) {}

  Result<std::optional<View>> Take() {
    ASSIGN_OR_RETURN(EventManifest first, ReadEventManifest(storage_));
    view_.checkpoint = first.checkpoint;
    view_.files = std::move(first.files);
    RETURN_IF_ERROR(PinDerived());
    ASSIGN_OR_RETURN(auto wal, ReadWalDirectory(storage_, {.sync = true, .recovering = false}));
    if (!wal) return std::optional<View>();
    // Before the manifest: a checkpoint that ended since has changed that.
    ASSIGN_OR_RETURN(CheckpointMarker marker, ReadCheckpointMarker(storage_));
    ASSIGN_OR_RETURN(view_.manifest, ReadEventManifest(storage_));
    bool same_files = view_.manifest.checkpoint == view_.checkpoint && view_.manifest.files == view_.files;
    view_.derived_together = same_files && marker != CheckpointMarker::kReplacing;
    // A batch that went straight into segments is nowhere else: it must not be shown before its manifest is durable.
    RETURN_IF_ERROR(storage_.SyncNames("events"));
    if (!JoinTail(std::move(*wal))) return std::optional<View>();
    ASSIGN_OR_RETURN(bool whole, PinSegments());
    if (!whole) return std::optional<View>();
    return std::optional<View>(std::move(view_));
  }
  // What did not fit, for the message after the last attempt.
  const std::string& gap() const { return gap_; }

 private:
  Status PinDerived() {
    std::set<std::string, std::less<>> wanted(request_.namespaces.begin(), request_.namespaces.end());
    for (const auto& [path, through] : view_.files) {
      auto name = ParsePath(path);
      if (!request_.pin_all && (!name || !wanted.contains(name->ns))) continue;
      RETURN_IF_ERROR(Pin(path));
    }
    return Status::Ok();
  }

  // A derived file may be lost: the log is read instead.
  Status Pin(const std::string& path) {
    auto file = storage_.Open(path);
    if (!file.ok()) return file.status().code() == StatusCode::kNotFound ? Status::Ok() : file.status();
    view_.derived.emplace(path, std::move(*file));
    return Status::Ok();
  }

  // False: one is not there, or is another one. A compaction has removed it since the manifest was read, or it is lost;
  // the next attempts tell.
  Result<bool> PinSegments() {
    if (!request_.pin_segments && !request_.check_segments) return true;
    for (const SegmentEntry& entry : view_.manifest.segments) {
      ASSIGN_OR_RETURN(bool is_there, PinSegment(entry));
      if (is_there) continue;
      if (request_.check_segments) return false;
      // Who does not need it goes on without; who does is told by OpenSegment.
      ASSIGN_OR_RETURN(EventManifest now, ReadEventManifest(storage_));
      if (!(now == view_.manifest)) return false;
    }
    return true;
  }

  Result<bool> PinSegment(const SegmentEntry& entry) {
    std::optional<uint64_t> size;
    if (request_.pin_segments) {
      // One that can't be opened for want of a right or of descriptors is a matter of who reads it.
      auto file = storage_.Open(entry.path);
      if (file.ok()) {
        size = (*file)->size();
        view_.segments.emplace(entry.path, std::move(*file));
      } else if (!request_.check_segments && file.status().code() != StatusCode::kNotFound) {
        return true;
      }
    }
    if (!size && request_.check_segments) {
      ASSIGN_OR_RETURN(auto found, storage_.Stat(entry.path));
      if (found) size = found->size;
    }
    if (size && *size == static_cast<uint64_t>(entry.size_bytes)) return true;
    gap_ = entry.path +
           (size ? " has another size than events/manifest.json says" : " is missing; events/manifest.json names it");
    return false;
  }

  // Events behind the last segment must follow it without a hole.
  bool JoinTail(std::vector<WalPart> parts) {
    view_.head = std::max(view_.manifest.last_lsn(), view_.manifest.compacted_through);
    for (WalPart& part : parts) {
      if (part.events.empty()) continue;
      if (part.events.back().lsn <= view_.head) continue;
      if (part.events.front().lsn > view_.head + 1) {
        gap_ = fmt::format("lsn {} is missing: the log ends at {}, {} begins at {}", view_.head + 1, view_.head,
                           part.path, part.events.front().lsn);
        return false;
      }
      std::erase_if(part.events, [this](const Event& event) { return event.lsn <= view_.head; });
      view_.head = part.events.back().lsn;
      view_.tail.insert(view_.tail.end(), part.events.begin(), part.events.end());
      part.events.clear();
      view_.wal.push_back(std::move(part));
    }
    return true;
  }

  const StorageBackend& storage_;
  const ViewRequest& request_;
  View view_;
  std::string gap_;
};

}  // namespace

int64_t View::head_ts_ms() const {
  if (!tail.empty()) return tail.back().ts_ms;
  return manifest.segments.empty() ? manifest.created_at_ms : manifest.segments.back().max_ts_ms;
}

int64_t View::window_from_ms() const {
  int64_t from_ms = manifest.window_from_ms();
  if (manifest.compacted_through > 0 || tail.empty()) return from_ms;
  return std::min(from_ms, tail.front().ts_ms);
}

std::vector<LineEntry> View::lines() const {
  std::vector<LineEntry> lines = manifest.lines;
  for (const WalPart& part : wal) {
    if (lines.empty() || lines.back().id != part.line) lines.push_back({part.line, part.first_lsn});
  }
  return lines;
}

Knows View::knows() const {
  EventManifest whole;
  whole.lines = lines();
  whole.merges = manifest.merges;
  return KnowsAt(whole, head);
}

Result<std::shared_ptr<Segment>> OpenSegment(const StorageBackend& storage, const View& view,
                                             const SegmentEntry& entry) {
  auto pinned = view.segments.find(entry.path);
  if (pinned == view.segments.end()) return Segment::Open(storage, entry, view.manifest.database_id);
  return Segment::Open(pinned->second, entry, view.manifest.database_id);
}

Result<View> TakeView(const StorageBackend& storage, int64_t now_ms, const ViewRequest& request) {
  RETURN_IF_ERROR(CheckNotRestoring(storage));
  std::string gap;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ViewTaker taker(storage, request);
    ASSIGN_OR_RETURN(auto view, taker.Take());
    if (view) {
      view->taken_ms = std::max(now_ms, view->head_ts_ms());
      return std::move(*view);
    }
    gap = taker.gap();
  }
  // A log that stands still and has a hole is damaged; one that moves is merely busy.
  ASSIGN_OR_RETURN(EventManifest before, ReadEventManifest(storage));
  ASSIGN_OR_RETURN(EventManifest after, ReadEventManifest(storage));
  if (!gap.empty() && before == after) return Corruption(gap, "parquedb verify; then pull from a backup");
  return Status(StatusCode::kBusy, "the log moved on 10 times while a view of it was taken", "try again");
}

}  // namespace parquedb
