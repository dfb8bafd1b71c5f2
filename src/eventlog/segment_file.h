// events/seg-{seq}.parquet: a run of events. docs/format/segment.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "columnar/table.h"
#include "core/sha256.h"
#include "model/event_manifest.h"
#include "parquedb/event.h"

namespace parquedb {

// One event whose texts lie elsewhere; holds until the cursor moves on.
struct EventView {
  int64_t lsn = 0;
  std::string_view id;
  int64_t ts_ms = 0;
  Op op = Op::kCreate;
  std::string_view target;
  std::optional<std::string_view> before, after, actor, metadata;
  const Sha256Bytes* after_hash =
      nullptr;  // StateDigest::HashOf(target, *after), where the writer of it knows it already

  static EventView Of(const Event& event);
  Event Copy() const;
};

// "CREATE", "UPDATE", "DELETE": as the op column has it.
std::string_view OpName(Op op);

struct SegmentFooter {
  std::string database_id;
  std::vector<LineEntry> lines;  // that wrote the lsns of this segment: [{id, from}], from clipped to the first lsn
  std::string digest;            // state digest at the end, hex
  std::string cut_id;            // of a base: the id of the event at its cut; "" of other segments
};

// Where a base stands in the log: the last event that counts for it. That event need not be in the base.
struct BaseCut {
  int64_t lsn = 0;
  int64_t ts_ms = 0;
  std::string id;
};

// Which columns a scan decodes; the others are left empty. lsn, ts, op and target always come.
struct EventColumns {
  bool id = true, before = true, after = true, actor = true, metadata = true;
  static EventColumns All() { return {}; }
  static EventColumns State() {
    return {.id = false, .before = false, .after = true, .actor = false, .metadata = false};
  }
  static EventColumns Keys() {
    return {.id = false, .before = false, .after = false, .actor = false, .metadata = false};
  }
};

// What tells the events of a row group apart, without their texts; one entry a row, lsns ascending.
struct EventKeys {
  DictionaryColumn targets;
  std::vector<int64_t> lsns;
  std::vector<Op> ops;
};

enum class StateText { kBefore, kAfter };

class SegmentWriter {
 public:
  static Result<std::unique_ptr<SegmentWriter>> Open(PendingFile& file);
  // A base: the last events of entities, so there are gaps between their lsns; it may hold none.
  static Result<std::unique_ptr<SegmentWriter>> OpenBase(PendingFile& file, BaseCut cut);
  virtual ~SegmentWriter() = default;
  // lsn + 1 each time (in a base: a greater one, up to the cut), (ts, id) ascending.
  virtual Status Append(const EventView& event) = 0;
  virtual Status EndRowGroup() = 0;        // before it is full
  virtual uint64_t raw_bytes() const = 0;  // appended so far
  virtual int64_t count() const = 0;
  virtual Status Finish(const SegmentFooter& footer) = 0;
};

class EventCursor {
 public:
  virtual ~EventCursor() = default;
  virtual Result<bool> Next(EventView* event) = 0;  // ascending lsn
};

class Segment {
 public:
  // Checks the footer against `entry`: lsns, ts, count, format. kCorruption names the file. Does not hash the file.
  static Result<std::shared_ptr<Segment>> Open(const StorageBackend& storage, const SegmentEntry& entry,
                                               std::string_view database_id);
  // The same of a file that is open already.
  static Result<std::shared_ptr<Segment>> Open(std::shared_ptr<const ReadableFile> file, const SegmentEntry& entry,
                                               std::string_view database_id);
  virtual ~Segment() = default;
  virtual const SegmentEntry& entry() const = 0;
  virtual const SegmentFooter& footer() const = 0;
  virtual const TableReader& table() const = 0;
  // Row groups [first, last).
  virtual Result<std::unique_ptr<EventCursor>> Scan(int first, int last, const EventColumns& columns) const = 0;
  Result<std::unique_ptr<EventCursor>> ScanAll(const EventColumns& columns) const;
  // One event by its row in the file; reads the pages that hold it and no others. Columns that are not asked for stay
  // empty.
  virtual Result<Event> ReadRow(int64_t row, const EventColumns& columns) const = 0;
  // The newest event of `target` with lsn <= max_lsn, or nullopt; reads as few pages as it can, and of the event the
  // columns that are asked for.
  virtual Result<std::optional<Event>> FindLast(std::string_view target, int64_t max_lsn,
                                                const EventColumns& columns) const = 0;
  // How many of its events are not behind an instant, an id or an lsn. All three ascend along its rows, so these are
  // its first ones; a page of one column is read.
  virtual Result<int64_t> CountUpToTime(int64_t ts_ms) const = 0;
  virtual Result<int64_t> CountUpToId(std::string_view id) const = 0;
  virtual Result<int64_t> CountUpToLsn(int64_t lsn) const = 0;
  // The event of a row of the file, without what it says: its lsn, ts and id.
  virtual Result<Event> ReadStamp(int64_t row) const = 0;
  // The keys of a row group. Any thread.
  virtual Result<EventKeys> ReadKeys(int group) const = 0;
  // One text of each of these rows, which ascend and lie in one row group, as the only column of the chunk; reads the
  // pages that hold them. Any thread.
  virtual Status ReadStates(std::span<const RowSpan> rows, StateText which, TableChunk* chunk) const = 0;
};

}  // namespace parquedb
