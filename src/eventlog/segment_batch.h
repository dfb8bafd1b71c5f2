// Segments in the making: events go in, published but unlisted segment files and their manifest entries come out.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/sha256.h"
#include "eventlog/segment_file.h"
#include "storage/hashing_file.h"

namespace parquedb {

// Writes any number of events as one or more segments. Nothing refers to them before a manifest does; on an error the
// files that were published are removed.
class SegmentBatch {
 public:
  struct Start {
    int64_t next_seq = 1;
    std::string database_id;
    std::vector<LineEntry> lines;  // of the log, the writer's own last
    StateDigest digest;            // before the first event
    int64_t now_ms = 0;
  };
  SegmentBatch(StorageBackend& storage, Start start);
  ~SegmentBatch();

  Status Append(const EventView& event);
  // What came since the last call becomes a row group; a segment that is large enough ends here, and only here.
  Status EndRun();
  // Publishes what is open. The entries are ready for the manifest.
  Status Finish();
  // The files are the manifest's now: they stay.
  void Keep() { kept_ = true; }
  const std::vector<SegmentEntry>& entries() const { return entries_; }
  const StateDigest& digest() const { return digest_; }

 private:
  Status OpenSegment(const EventView& first);
  Status CloseSegment();

  StorageBackend& storage_;
  Start start_;
  StateDigest digest_;
  std::unique_ptr<HashingFile> file_;
  std::unique_ptr<SegmentWriter> writer_;
  SegmentEntry open_;
  std::vector<SegmentEntry> entries_;
  bool kept_ = false, has_runs_ = false;
};

}  // namespace parquedb
