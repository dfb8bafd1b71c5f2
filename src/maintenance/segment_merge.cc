#include "maintenance/segment_merge.h"

#include <fmt/format.h>

#include <memory>

#include "core/check.h"
#include "core/limits.h"
#include "core/test_hooks.h"
#include "eventlog/segment_file.h"
#include "model/layout.h"
#include "storage/hash_file.h"
#include "storage/hashing_file.h"

namespace parquedb {
namespace {

constexpr int64_t kOwnRowGroupRows = 8192;  // a row group of so many rows stays one: a sorted run is streamed as such

std::string Expected(const SegmentEntry& entry, std::string_view found) {
  return fmt::format("{}: its sha256 is {}, events/manifest.json says {}", entry.path, found, entry.sha256);
}

class SegmentMerge {
 public:
  SegmentMerge(StorageBackend& storage, const std::vector<SegmentEntry>& parts, const std::string& database_id)
      : storage_(storage), parts_(parts), database_id_(database_id) {}

  Result<SegmentEntry> Run(int64_t seq, int64_t now_ms, Progress* progress) {
    SegmentEntry merged = parts_.front();
    merged.seq = seq;
    merged.path = SegmentPath(seq);
    merged.created_at_ms = now_ms;
    merged.max_ts_ms = parts_.back().max_ts_ms;
    merged.max_lsn = parts_.back().max_lsn;
    ASSIGN_OR_RETURN(auto pending, storage_.CreatePending(merged.path));
    HashingFile file(std::move(pending));
    ASSIGN_OR_RETURN(writer_, SegmentWriter::Open(file));
    for (const SegmentEntry& part : parts_) {
      RETURN_IF_ERROR(Take(part));
      Advance(progress, part.size_bytes, part.size_bytes);
    }
    RETURN_IF_ERROR(writer_->Finish(footer_));
    merged.count = writer_->count();
    writer_.reset();
    merged.sha256 = file.Hash();
    merged.size_bytes = static_cast<int64_t>(file.size());
    std::vector<std::unique_ptr<PendingFile>> files;
    files.push_back(file.Release());
    RETURN_IF_ERROR(storage_.Publish(std::move(files)));
    PassKillPoint("compact.merged");
    Status same = Compare(merged);
    if (!same.ok()) RETURN_IF_ERROR(storage_.Remove(merged.path));
    RETURN_IF_ERROR(same);
    return merged;
  }

 private:
  Status Take(const SegmentEntry& part) {
    ASSIGN_OR_RETURN(auto segment, Segment::Open(storage_, part, database_id_));
    ASSIGN_OR_RETURN(auto file, storage_.Open(part.path));
    ASSIGN_OR_RETURN(std::string hash, HashFile(*file));
    if (hash != part.sha256) return Corruption(Expected(part, hash), "parquedb verify; then pull from a backup");
    for (const LineEntry& line : segment->footer().lines) {
      if (footer_.lines.empty() || footer_.lines.back().id != line.id) footer_.lines.push_back(line);
    }
    footer_.database_id = database_id_;
    footer_.digest = segment->footer().digest;
    for (int group = 0; group < segment->table().row_group_count(); ++group) {
      const int64_t rows = segment->table().row_group_rows(group);
      if (rows >= kOwnRowGroupRows || group_rows_ + rows > kRowGroupRows) RETURN_IF_ERROR(EndRowGroup());
      ASSIGN_OR_RETURN(auto cursor, segment->Scan(group, group + 1, EventColumns::All()));
      RETURN_IF_ERROR(Append(part, *cursor));
      group_rows_ += rows;
      if (rows >= kOwnRowGroupRows) RETURN_IF_ERROR(EndRowGroup());
    }
    if (next_lsn_ != part.max_lsn + 1)
      return Corruption(fmt::format("{}: it ends at lsn {}, {} was expected", part.path, next_lsn_ - 1, part.max_lsn));
    return Status::Ok();
  }

  Status EndRowGroup() {
    group_rows_ = 0;
    return writer_->EndRowGroup();
  }

  Status Append(const SegmentEntry& part, EventCursor& cursor) {
    if (next_lsn_ == 0) next_lsn_ = part.min_lsn;
    EventView event;
    while (true) {
      ASSIGN_OR_RETURN(bool more, cursor.Next(&event));
      if (!more) return Status::Ok();
      if (event.lsn != next_lsn_)
        return Corruption(fmt::format("{}: lsn {} was found, {} was expected", part.path, event.lsn, next_lsn_));
      ++next_lsn_;
      RETURN_IF_ERROR(writer_->Append(event));
    }
  }

  // The parts go when the manifest names the merged segment: it is seen to hold what they hold.
  Status Compare(const SegmentEntry& merged) const {
    ASSIGN_OR_RETURN(auto whole, Segment::Open(storage_, merged, database_id_));
    ASSIGN_OR_RETURN(auto found, whole->ScanAll(EventColumns::All()));
    EventView event, expected;
    for (const SegmentEntry& part : parts_) {
      ASSIGN_OR_RETURN(auto segment, Segment::Open(storage_, part, database_id_));
      ASSIGN_OR_RETURN(auto cursor, segment->ScanAll(EventColumns::All()));
      while (true) {
        ASSIGN_OR_RETURN(bool more, cursor->Next(&expected));
        if (!more) break;
        ASSIGN_OR_RETURN(bool there, found->Next(&event));
        if (!there || !Same(event, expected))
          return Corruption(
              fmt::format("{}: read back, it differs from {} at lsn {}", merged.path, part.path, expected.lsn),
              "the log is as it was; check the disk and the memory, then try again");
      }
    }
    ASSIGN_OR_RETURN(bool more, found->Next(&event));
    return more ? Corruption(merged.path + ": read back, it has more events than were written") : Status::Ok();
  }

  static bool Same(const EventView& a, const EventView& b) {
    return a.lsn == b.lsn && a.id == b.id && a.ts_ms == b.ts_ms && a.op == b.op && a.target == b.target &&
           a.before == b.before && a.after == b.after && a.actor == b.actor && a.metadata == b.metadata;
  }

  StorageBackend& storage_;
  const std::vector<SegmentEntry>& parts_;
  const std::string& database_id_;
  std::unique_ptr<SegmentWriter> writer_;
  SegmentFooter footer_;
  int64_t next_lsn_ = 0, group_rows_ = 0;
};

}  // namespace

Result<SegmentEntry> MergeSegments(StorageBackend& storage, const std::vector<SegmentEntry>& parts,
                                   const std::string& database_id, int64_t seq, int64_t now_ms, Progress* progress) {
  PARQUEDB_CHECK(!parts.empty());
  return SegmentMerge(storage, parts, database_id).Run(seq, now_ms, progress);
}

}  // namespace parquedb
