#include "maintenance/base_schedule.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/limits.h"
#include "core/test_hooks.h"

namespace parquedb {
namespace {

constexpr int64_t kBaseMinBytes = 16 * static_cast<int64_t>(kMiB);
constexpr double kEventsPerState = 2.0;  // bytes of events for one byte of the state, from which on a base is due

bool IsTooMuch(int64_t event_bytes, double state_bytes) {
  const int64_t min_bytes = BaseSchedule::min_bytes();
  if (min_bytes == 0) return true;
  return event_bytes >= min_bytes && static_cast<double>(event_bytes) > kEventsPerState * state_bytes;
}

// What lies since the last base.
struct Stretch {
  double base_bytes = 0;  // of the base's file; 0 for none
  int64_t base_rows = 0;
  int64_t event_bytes = 0;  // of files
  int64_t texts = 0;        // states in the event segments
  int64_t entities = 0;     // alive at its end

  double StateBytes() const {
    const auto all_texts = static_cast<double>(base_rows + texts);
    if (all_texts <= 0) return 0;
    return (base_bytes + static_cast<double>(event_bytes)) / all_texts * static_cast<double>(entities);
  }
};

// Whether anything in the pieces up to the next base needs a look into files.
bool MayBeDue(std::span<const LogPiece> pieces, double base_bytes) {
  int64_t bytes = 0;
  bool is_wanted = false;
  for (const LogPiece& piece : pieces) {
    if (piece.is_base()) break;
    bytes += piece.bytes();
    is_wanted = is_wanted || piece.wants_base;
  }
  // Where the state has not shrunk, sizes tell that there is nothing to do.
  return is_wanted || IsTooMuch(bytes, base_bytes);
}

}  // namespace

int64_t LogPiece::bytes() const {
  int64_t sum = 0;
  for (const SegmentEntry& part : parts) sum += part.size_bytes;
  return sum;
}

int64_t BaseSchedule::min_bytes() { return TestNumber(kBaseBytesVariable).value_or(kBaseMinBytes); }

Result<BaseSchedule::Tally> BaseSchedule::TallyOf(const StorageBackend& storage, const std::string& database_id,
                                                  const LogPiece& piece) {
  Tally sum;
  for (const SegmentEntry& part : piece.parts) {
    auto known = tallies_.find(part.seq);
    if (known == tallies_.end()) {
      ASSIGN_OR_RETURN(auto segment, Segment::Open(storage, part, database_id));
      ASSIGN_OR_RETURN(auto cursor, segment->ScanAll(EventColumns::Keys()));
      Tally tally;
      EventView event;
      while (true) {
        ASSIGN_OR_RETURN(bool more, cursor->Next(&event));
        if (!more) break;
        tally.texts += event.op == Op::kUpdate ? 2 : 1;
        tally.growth += event.op == Op::kCreate ? 1 : event.op == Op::kDelete ? -1 : 0;
      }
      known = tallies_.emplace(part.seq, tally).first;
    }
    sum.texts += known->second.texts;
    sum.growth += known->second.growth;
  }
  return sum;
}

Result<std::vector<int64_t>> BaseSchedule::Due(const StorageBackend& storage, const std::string& database_id,
                                               std::span<const LogPiece> pieces) {
  std::vector<int64_t> cuts;
  Stretch stretch;
  bool may_be_due = MayBeDue(pieces, 0);
  for (size_t i = 0; i < pieces.size(); ++i) {
    const LogPiece& piece = pieces[i];
    if (piece.is_base()) {
      const SegmentEntry& base = piece.parts.front();
      stretch = {.base_bytes = static_cast<double>(base.size_bytes), .base_rows = base.count, .entities = base.count};
      may_be_due = MayBeDue(pieces.subspan(i + 1), stretch.base_bytes);
      continue;
    }
    if (!may_be_due) continue;
    ASSIGN_OR_RETURN(Tally tally, TallyOf(storage, database_id, piece));
    stretch.event_bytes += piece.bytes();
    stretch.texts += tally.texts;
    stretch.entities += tally.growth;
    const bool has_base = i + 1 < pieces.size() && pieces[i + 1].is_base();
    const bool is_due = IsTooMuch(stretch.event_bytes, stretch.StateBytes());
    if (has_base || !(is_due || piece.wants_base)) continue;
    cuts.push_back(piece.max_lsn());
    stretch = {.base_bytes = stretch.StateBytes(), .base_rows = stretch.entities, .entities = stretch.entities};
  }
  return cuts;
}

Result<int64_t> BaseSchedule::AddDue(LogWriter& log) {
  std::vector<LogPiece> pieces;
  for (const SegmentEntry& entry : log.manifest().segments) {
    if (entry.is_base) pieces.clear();  // what lies before it was looked at when it was made
    pieces.push_back({.parts = {entry}});
  }
  ASSIGN_OR_RETURN(auto cuts, Due(log.storage(), log.manifest().database_id, pieces));
  for (int64_t cut : cuts) {
    const EventManifest& manifest = log.manifest();
    ASSIGN_OR_RETURN(Base base, MakeBase(log.storage(), manifest, cut, manifest.next_seq, log.clock().NowMs()));
    PassKillPoint("base.published");
    RETURN_IF_ERROR(log.UpdateManifest([&](EventManifest* next) { InsertBase(base.entry, next); }));
    PassKillPoint("base.manifest");
  }
  return static_cast<int64_t>(cuts.size());
}

Result<Base> MakeBase(StorageBackend& storage, const EventManifest& manifest, int64_t cut_lsn, int64_t seq,
                      int64_t now_ms) {
  View view;
  view.manifest = manifest;
  view.head = manifest.last_lsn();
  auto ends_there = [&](const SegmentEntry& entry) { return !entry.is_base && entry.max_lsn == cut_lsn; };
  auto segment = std::find_if(manifest.segments.begin(), manifest.segments.end(), ends_there);
  if (segment == manifest.segments.end()) return Corruption(fmt::format("no segment ends at lsn {}", cut_lsn));
  ASSIGN_OR_RETURN(auto opened, Segment::Open(storage, *segment, manifest.database_id));
  ASSIGN_OR_RETURN(const Event last, opened->ReadStamp(opened->table().row_count() - 1));
  if (last.lsn != cut_lsn) return Corruption(segment->path + ": it has no event at its last lsn");
  const BaseCut cut{.lsn = cut_lsn, .ts_ms = segment->max_ts_ms, .id = last.id};
  ASSIGN_OR_RETURN(BasePlan plan, PlanBase(storage, view, cut, std::nullopt));
  ASSIGN_OR_RETURN(Base base, WriteBase(storage, view, plan, storage, seq, manifest.database_id, now_ms));
  auto read_back = ReadBaseDigest(storage, base.entry, manifest.database_id);
  Status right = read_back.status();
  if (right.ok() && read_back->Hex() != opened->footer().digest) {
    right = Corruption(fmt::format("the state at lsn {} has the digest {}; {} says {}", cut_lsn, read_back->Hex(),
                                   segment->path, opened->footer().digest),
                       "parquedb verify; then pull from a backup");
  }
  if (!right.ok()) RETURN_IF_ERROR(storage.Remove(base.entry.path));
  RETURN_IF_ERROR(right);
  return base;
}

void InsertBase(const SegmentEntry& base, EventManifest* manifest) {
  auto at = std::find_if(manifest->segments.begin(), manifest->segments.end(),
                         [&](const SegmentEntry& entry) { return !entry.is_base && entry.max_lsn == base.max_lsn; });
  manifest->segments.insert(at == manifest->segments.end() ? at : at + 1, base);
  manifest->next_seq = std::max(manifest->next_seq, base.seq + 1);
}

}  // namespace parquedb
