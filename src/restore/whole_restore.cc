#include "restore/whole_restore.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/limits.h"
#include "core/sha256.h"
#include "eventlog/segment_batch.h"
#include "eventlog/segment_copy.h"
#include "model/layout.h"
#include "model/names.h"
#include "model/state_text.h"
#include "parquedb/database.h"
#include "replay/history.h"
#include "replay/state.h"
#include "restore/fresh_directory.h"
#include "storage/hash_file.h"
#include "storage/memory_backend.h"

namespace parquedb {
namespace {

Result<bool> HasSegment(const StorageBackend& target, const SegmentEntry& entry) {
  auto file = target.Open(entry.path);
  if (!file.ok()) return false;
  auto hash = HashFile(**file);
  return hash.ok() && *hash == entry.sha256;
}

class WholeRestore {
 public:
  WholeRestore(const StorageBackend& source, const View& view, const WholeRestorePlan& plan, StorageBackend& target,
               Clock& clock, Progress* progress)
      : source_(source), view_(view), plan_(plan), target_(target), clock_(clock), progress_(progress) {}

  Result<PullResult> Run() {
    FreshDirectory directory(target_, clock_);
    std::set<std::string> kept;
    for (const SegmentEntry& entry : plan_.whole) kept.insert(entry.path);
    Expect(progress_, plan_.bytes);
    RETURN_IF_ERROR(directory.Begin(fmt::format("restore at lsn {}", plan_.cut.lsn), kept));
    for (const SegmentEntry& entry : plan_.whole) RETURN_IF_ERROR(TakeSegment(entry));
    // What an earlier run left there may not be durable under its name.
    RETURN_IF_ERROR(target_.SyncNames("events"));
    RETURN_IF_ERROR(WriteRest());
    EventManifest manifest = ManifestAtCut();
    RETURN_IF_ERROR(CheckState(manifest));
    RETURN_IF_ERROR(directory.Commit(manifest, digest_.Hex()));
    return std::move(result_);
  }

  // Only what Run would transfer.
  Result<PullResult> Describe() {
    for (const SegmentEntry& entry : plan_.whole) {
      segments_.push_back(entry);
      result_.downloaded.push_back({entry.path, entry.size_bytes});
      result_.bytes += entry.size_bytes;
    }
    RETURN_IF_ERROR(WriteRest());
    return std::move(result_);
  }

 private:
  Status TakeSegment(const SegmentEntry& entry) {
    ASSIGN_OR_RETURN(bool present, HasSegment(target_, entry));
    if (present) {
      ++result_.unchanged;
      Advance(progress_, entry.size_bytes, 0);
      segments_.push_back(entry);
      return Status::Ok();
    }
    RETURN_IF_ERROR(CopySegment(source_, target_, entry, progress_));
    segments_.push_back(entry);
    result_.downloaded.push_back({entry.path, entry.size_bytes});
    result_.bytes += entry.size_bytes;
    return Status::Ok();
  }

  // The events between the last whole segment and the cut.
  Status WriteRest() {
    if (!segments_.empty()) {
      ASSIGN_OR_RETURN(auto last, Segment::Open(source_, segments_.back(), view_.manifest.database_id));
      digest_ = *StateDigest::FromHex(last->footer().digest);  // Open has checked it
    }
    if (plan_.rest == 0) return Status::Ok();
    SegmentBatch batch(target_, {.next_seq = segments_.empty() ? 1 : segments_.back().seq + 1,
                                 .database_id = view_.manifest.database_id,
                                 .lines = LinesAtCut(),
                                 .digest = digest_,
                                 .now_ms = clock_.NowMs()});
    HistoryRequest request;
    request.from_lsn = segments_.empty() ? view_.manifest.compacted_through : segments_.back().max_lsn;
    request.to_lsn = plan_.cut.lsn;
    ASSIGN_OR_RETURN(auto cursor, OpenHistory(source_, view_, request));
    EventView event;
    while (true) {
      ASSIGN_OR_RETURN(bool more, cursor->Next(&event));
      if (!more) break;
      RETURN_IF_ERROR(batch.Append(event));
    }
    RETURN_IF_ERROR(batch.Finish());
    batch.Keep();
    digest_ = batch.digest();
    for (const SegmentEntry& entry : batch.entries()) {
      segments_.push_back(entry);
      result_.downloaded.push_back({entry.path, entry.size_bytes});
      result_.bytes += entry.size_bytes;
    }
    return Status::Ok();
  }

  std::vector<LineEntry> LinesAtCut() const {
    std::vector<LineEntry> lines = view_.lines();
    std::erase_if(lines, [this](const LineEntry& line) { return line.from > std::max<int64_t>(plan_.cut.lsn, 1); });
    return lines;
  }

  EventManifest ManifestAtCut() const {
    EventManifest manifest = view_.manifest;
    manifest.segments = segments_;
    manifest.lines = LinesAtCut();
    std::erase_if(manifest.merges, [this](const MergeEntry& merge) { return merge.at > plan_.cut.lsn; });
    std::erase_if(manifest.tags, [this](const auto& tag) { return tag.second > plan_.cut.id; });
    manifest.total_events = 0;
    for (const SegmentEntry& entry : segments_) manifest.total_events += entry.is_base ? 0 : entry.count;
    manifest.next_seq = segments_.empty() ? 1 : segments_.back().seq + 1;
    manifest.checkpoint = 0;
    manifest.files.clear();
    manifest.updated_at_ms = clock_.NowMs();
    return manifest;
  }

  // The events lead to the state that was read from the source (if it was): by its data files where those are old
  // enough.
  Status CheckState(const EventManifest& manifest) const {
    int64_t last = std::max(manifest.last_lsn(), manifest.compacted_through);
    if (last != plan_.cut.lsn) {
      return Corruption(fmt::format("the restored log ends at lsn {}; {} was expected", last, plan_.cut.lsn));
    }
    if (plan_.digest.empty() || digest_.Hex() == plan_.digest) return Status::Ok();
    return Corruption(fmt::format("the state digest of the events through lsn {} is {}; the state there has {}", last,
                                  digest_.Hex(), plan_.digest),
                      "parquedb verify on the source");
  }

  const StorageBackend& source_;
  const View& view_;
  const WholeRestorePlan& plan_;
  StorageBackend& target_;
  Clock& clock_;
  Progress* progress_;
  std::vector<SegmentEntry> segments_;
  StateDigest digest_;  // at the end of segments_
  PullResult result_;
};

}  // namespace

WholeRestorePlan PlanLogRestore(const View& view, const Cut& cut) {
  WholeRestorePlan plan;
  plan.cut = cut;
  int64_t through = view.manifest.compacted_through;
  for (const SegmentEntry& entry : view.manifest.segments) {
    if (entry.max_lsn > cut.lsn) break;
    plan.whole.push_back(entry);
    plan.bytes += entry.size_bytes;
    through = entry.max_lsn;
  }
  plan.rest = cut.lsn - through;
  return plan;
}

Result<WholeRestorePlan> PlanWholeRestore(const StorageBackend& source, const View& view, const Cut& cut) {
  WholeRestorePlan plan = PlanLogRestore(view, cut);
  StateDigest digest;
  ASSIGN_OR_RETURN(auto cursor, OpenState(source, view, {.cut = cut.lsn, .namespaces = {}}));
  Entity entity;
  while (true) {
    ASSIGN_OR_RETURN(bool more, cursor->Next(&entity));
    if (!more) break;
    digest.Add(IdToTarget(entity.id), EncodeState(entity));
    ++plan.entities;
  }
  plan.digest = digest.Hex();
  return plan;
}

Result<PullResult> DescribeWholeRestore(const StorageBackend& source, const View& view, const WholeRestorePlan& plan,
                                        Clock& clock) {
  MemoryBackend memory(std::make_shared<MemoryDisk>());
  return WholeRestore(source, view, plan, memory, clock, nullptr).Describe();
}

Status ExecuteLogRestore(const StorageBackend& source, const View& view, const WholeRestorePlan& plan,
                         StorageBackend& target, Clock& clock) {
  return WholeRestore(source, view, plan, target, clock, nullptr).Run().status();
}

Result<PullResult> ExecuteWholeRestore(const StorageBackend& source, const View& view, const WholeRestorePlan& plan,
                                       std::shared_ptr<StorageBackend> target, Clock& clock, Progress* progress) {
  ASSIGN_OR_RETURN(PullResult result, WholeRestore(source, view, plan, *target, clock, progress).Run());
  ASSIGN_OR_RETURN(auto db, ParqueDB::Open({.storage = target, .verb = "verb restore", .clock = &clock}));
  RETURN_IF_ERROR(db->Checkpoint());
  return result;
}

}  // namespace parquedb
