#include "eventlog/segment_batch.h"

#include <algorithm>

#include "core/limits.h"
#include "core/test_hooks.h"
#include "model/layout.h"

namespace parquedb {
namespace {

constexpr uint64_t kSegmentRawBytes = 256 * kMiB;  // a segment of a direct batch ends here

// The lines that wrote [from, to], the first clipped to `from`.
std::vector<LineEntry> ClipLines(const std::vector<LineEntry>& lines, int64_t from, int64_t to) {
  std::vector<LineEntry> clipped;
  for (size_t i = 0; i < lines.size(); ++i) {
    int64_t end = i + 1 < lines.size() ? lines[i + 1].from - 1 : INT64_MAX;
    if (end < from || lines[i].from > to || end < lines[i].from) continue;
    clipped.push_back({lines[i].id, std::max(lines[i].from, from)});
  }
  return clipped;
}

}  // namespace

SegmentBatch::SegmentBatch(StorageBackend& storage, Start start)
    : storage_(storage), start_(std::move(start)), digest_(start_.digest) {}

SegmentBatch::~SegmentBatch() {
  writer_.reset();  // before the file it writes into
  if (kept_) return;
  for (const SegmentEntry& entry : entries_) {
    // Recovery removes what can't be removed now.
    if (!storage_.Remove(entry.path).ok()) return;
  }
}

Status SegmentBatch::OpenSegment(const EventView& first) {
  open_ = SegmentEntry();
  open_.seq = start_.next_seq++;
  open_.path = SegmentPath(open_.seq);
  open_.min_lsn = first.lsn;
  open_.min_ts_ms = first.ts_ms;
  ASSIGN_OR_RETURN(auto file, storage_.CreatePending(open_.path));
  file_ = std::make_unique<HashingFile>(std::move(file));
  ASSIGN_OR_RETURN(writer_, SegmentWriter::Open(*file_));
  return Status::Ok();
}

Status SegmentBatch::Append(const EventView& event) {
  if (writer_ == nullptr) RETURN_IF_ERROR(OpenSegment(event));
  if (event.before) digest_.Subtract(event.target, *event.before);
  if (event.after && event.after_hash != nullptr)
    digest_.AddHash(*event.after_hash);
  else if (event.after)
    digest_.Add(event.target, *event.after);
  RETURN_IF_ERROR(writer_->Append(event));
  open_.max_lsn = event.lsn;
  open_.max_ts_ms = event.ts_ms;
  ++open_.count;
  return !has_runs_ && writer_->raw_bytes() >= kSegmentRawBytes ? CloseSegment() : Status::Ok();
}

Status SegmentBatch::EndRun() {
  has_runs_ = true;
  if (writer_ == nullptr) return Status::Ok();
  if (writer_->raw_bytes() >= kSegmentRawBytes) return CloseSegment();
  return writer_->EndRowGroup();
}

Status SegmentBatch::CloseSegment() {
  if (writer_ == nullptr) return Status::Ok();
  RETURN_IF_ERROR(writer_->Finish({.database_id = start_.database_id,
                                   .lines = ClipLines(start_.lines, open_.min_lsn, open_.max_lsn),
                                   .digest = digest_.Hex()}));
  writer_.reset();
  open_.sha256 = file_->Hash();
  open_.size_bytes = static_cast<int64_t>(file_->size());
  open_.created_at_ms = start_.now_ms;
  std::vector<std::unique_ptr<PendingFile>> files;
  files.push_back(file_->Release());
  entries_.push_back(open_);  // from here on the destructor removes it
  PassKillPoint("segment.before_publish");
  RETURN_IF_ERROR(storage_.Publish(std::move(files)));
  PassKillPoint("segment.published");
  // Read back: the footer must say what the manifest will say.
  ASSIGN_OR_RETURN(auto segment, Segment::Open(storage_, open_, start_.database_id));
  (void)segment;
  return Status::Ok();
}

Status SegmentBatch::Finish() { return CloseSegment(); }

}  // namespace parquedb
