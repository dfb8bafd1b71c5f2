#include "maintenance/base.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>

#include "core/siphash.h"
#include "model/layout.h"
#include "model/names.h"
#include "storage/hashing_file.h"

namespace parquedb {
namespace {

// The events of a log through a cut, ascending; from the newest base at or before the cut on.
class LogWalk {
 public:
  LogWalk(const StorageBackend& source, const View& view, int64_t cut) : source_(source), view_(view), cut_(cut) {
    for (const SegmentEntry& entry : view.manifest.segments) {
      if (entry.min_lsn > cut) continue;
      if (entry.is_base) segments_.clear();  // it stands for everything before it
      segments_.push_back(entry);
    }
  }

  const std::vector<SegmentEntry>& segments() const { return segments_; }

  // `wants(first, last)`: whether a row group with lsns in [first, last] is read at all.
  template <typename Wants, typename Visit>
  Status Run(const EventColumns& columns, const Wants& wants, const Visit& visit) const {
    for (const SegmentEntry& entry : segments_) {
      ASSIGN_OR_RETURN(auto segment, OpenSegment(source_, view_, entry));
      const TableReader& table = segment->table();
      auto lsn = table.column_index("lsn");
      for (int group = 0; group < table.row_group_count(); ++group) {
        auto range = lsn ? table.int_range(group, *lsn) : std::nullopt;
        if (range && !wants(range->min, std::min(range->max, cut_))) continue;
        ASSIGN_OR_RETURN(auto cursor, segment->Scan(group, group + 1, columns));
        RETURN_IF_ERROR(RunRows(*cursor, visit));
      }
    }
    for (const Event& event : view_.tail) {
      if (event.lsn <= cut_) RETURN_IF_ERROR(visit(EventView::Of(event)));
    }
    return Status::Ok();
  }

 private:
  template <typename Visit>
  Status RunRows(EventCursor& cursor, const Visit& visit) const {
    EventView event;
    while (true) {
      ASSIGN_OR_RETURN(bool more, cursor.Next(&event));
      if (!more) return Status::Ok();
      if (event.lsn < 1) return Corruption(fmt::format("a segment holds an event with lsn {}", event.lsn));
      if (event.lsn <= cut_) RETURN_IF_ERROR(visit(event));
    }
  }

  const StorageBackend& source_;
  const View& view_;
  const int64_t cut_;
  std::vector<SegmentEntry> segments_;
};

std::vector<LineEntry> LineOf(const View& view, int64_t lsn) {
  std::vector<LineEntry> found;
  for (const LineEntry& line : view.lines()) {
    if (line.from <= lsn) found = {{line.id, lsn}};
  }
  return found;
}

}  // namespace

Result<BasePlan> PlanBase(const StorageBackend& source, const View& view, const BaseCut& cut,
                          const std::optional<std::vector<std::string>>& namespaces) {
  LogWalk walk(source, view, cut.lsn);
  BasePlan plan{.cut = cut, .lines = LineOf(view, cut.lsn), .segments = walk.segments(), .last = {}, .entities = {}};
  if (namespaces) {
    for (const std::string& ns : *namespaces) plan.entities.emplace(ns, 0);
  }
  plan.last.assign(static_cast<size_t>(cut.lsn) + 1, false);
  boost::unordered_flat_map<Hash128, int64_t> newest;
  auto visit = [&](const EventView& event) {
    std::string ns(NamespaceOfTarget(event.target));
    auto wanted = namespaces ? plan.entities.find(ns) : plan.entities.try_emplace(std::move(ns), 0).first;
    if (wanted == plan.entities.end()) return Status::Ok();
    auto [known, fresh] = newest.try_emplace(KeyedHash(event.target), event.lsn);
    if (!fresh) {
      plan.last[static_cast<size_t>(known->second)] = false;
      known->second = event.lsn;
    }
    wanted->second += fresh ? 1 : 0;
    if (event.op == Op::kDelete) {
      newest.erase(known);
      --wanted->second;
    } else {
      plan.last[static_cast<size_t>(event.lsn)] = true;
    }
    return Status::Ok();
  };
  auto all = [](int64_t, int64_t) { return true; };
  RETURN_IF_ERROR(walk.Run(EventColumns::Keys(), all, visit));
  return plan;
}

Result<Base> WriteBase(const StorageBackend& source, const View& view, const BasePlan& plan, StorageBackend& target,
                       int64_t seq, const std::string& database_id, int64_t now_ms) {
  Base base;
  base.entry = {.seq = seq,
                .path = SegmentPath(seq),
                .min_ts_ms = plan.cut.ts_ms,
                .max_ts_ms = plan.cut.ts_ms,
                .created_at_ms = now_ms,
                .sha256 = {},
                .min_lsn = plan.cut.lsn,
                .max_lsn = plan.cut.lsn,
                .is_base = true};
  ASSIGN_OR_RETURN(auto pending, target.CreatePending(base.entry.path));
  HashingFile file(std::move(pending));
  ASSIGN_OR_RETURN(auto writer, SegmentWriter::OpenBase(file, plan.cut));
  auto visit = [&](EventView event) {
    if (!plan.last[static_cast<size_t>(event.lsn)]) return Status::Ok();
    event.before.reset();
    base.digest.Add(event.target, event.after.value_or(std::string_view()));
    return writer->Append(event);
  };
  auto wants = [&](int64_t first, int64_t last) {
    if (first < 1 || first > last) return first < 1;  // a row says it better
    auto begin = plan.last.begin() + first, end = plan.last.begin() + last + 1;
    return std::find(begin, end, true) != end;
  };
  EventColumns columns = EventColumns::All();
  columns.before = false;
  RETURN_IF_ERROR(LogWalk(source, view, plan.cut.lsn).Run(columns, wants, visit));
  RETURN_IF_ERROR(writer->Finish(
      {.database_id = database_id, .lines = plan.lines, .digest = base.digest.Hex(), .cut_id = plan.cut.id}));
  base.entry.count = writer->count();
  base.entry.sha256 = file.Hash();
  base.entry.size_bytes = static_cast<int64_t>(file.size());
  std::vector<std::unique_ptr<PendingFile>> files;
  files.push_back(file.Release());
  RETURN_IF_ERROR(target.Publish(std::move(files)));
  // Read back: the footer must say what the manifest will say.
  ASSIGN_OR_RETURN(auto written, Segment::Open(target, base.entry, database_id));
  (void)written;
  return base;
}

Result<StateDigest> ReadBaseDigest(const StorageBackend& storage, const SegmentEntry& entry,
                                   const std::string& database_id) {
  ASSIGN_OR_RETURN(auto segment, Segment::Open(storage, entry, database_id));
  ASSIGN_OR_RETURN(auto cursor, segment->ScanAll(EventColumns::State()));
  StateDigest digest;
  EventView event;
  while (true) {
    ASSIGN_OR_RETURN(bool more, cursor->Next(&event));
    if (!more) return digest;
    digest.Add(event.target, event.after.value_or(std::string_view()));
  }
}

}  // namespace parquedb
