#include "eventlog/event_at.h"

#include "eventlog/segment_file.h"

namespace parquedb {

Result<std::optional<std::string>> EventIdAt(const StorageBackend& storage, const View& view, int64_t lsn) {
  if (!view.tail.empty() && lsn >= view.tail.front().lsn && lsn <= view.tail.back().lsn) {
    return std::optional<std::string>(view.tail[static_cast<size_t>(lsn - view.tail.front().lsn)].id);
  }
  for (const SegmentEntry& entry : view.manifest.segments) {
    // A base knows the id of the event at its cut; it is asked only when no segment holds the events there.
    if (lsn < entry.min_lsn || lsn > entry.max_lsn) continue;
    if (entry.is_base && !view.manifest.begins_with(entry)) continue;
    ASSIGN_OR_RETURN(auto segment, OpenSegment(storage, view, entry));
    if (entry.is_base) return std::optional<std::string>(segment->footer().cut_id);
    auto column = segment->table().column_index("id");
    if (!column) return Corruption(entry.path + ": no ids");
    TableChunk chunk;
    RETURN_IF_ERROR(segment->table().ReadRows(lsn - entry.min_lsn, 1, {*column}, &chunk));
    return std::optional<std::string>(chunk.columns[0].strings[0]);
  }
  return std::optional<std::string>();
}

Result<StateDigest> DigestAtSegments(const StorageBackend& storage, const View& view) {
  if (view.manifest.segments.empty()) return StateDigest();
  ASSIGN_OR_RETURN(auto segment, OpenSegment(storage, view, view.manifest.segments.back()));
  return *StateDigest::FromHex(segment->footer().digest);  // Open has checked it
}

Result<StateDigest> DigestAtHead(const StorageBackend& storage, const View& view) {
  ASSIGN_OR_RETURN(StateDigest digest, DigestAtSegments(storage, view));
  for (const Event& event : view.tail) digest.Apply(event.target, event.before, event.after);
  return digest;
}

}  // namespace parquedb
