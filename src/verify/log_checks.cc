#include "verify/log_checks.h"

#include <fmt/format.h>

#include "core/time_text.h"
#include "core/ulid.h"
#include "document/json_text.h"
#include "document/value.h"
#include "model/names.h"
#include "model/state_text.h"

namespace parquedb {
namespace {

Hash128 OriginOf(const EventView& event) {
  std::string text = fmt::format("{} {} {} {}", event.id, event.ts_ms, OpName(event.op), event.actor ? 1 : 0);
  for (const auto& part : {event.actor, event.metadata}) text.append(1, '\0').append(part.value_or("\n"));
  return KeyedHash(text);
}

EventTerms TermsOf(const EventView& event, std::string_view links) {
  EventTerms terms;
  if (event.before) terms.before = StateDigest::HashOf(event.target, *event.before);
  if (event.after) terms.after = StateDigest::HashOf(event.target, *event.after);
  terms.links = links;
  return terms;
}

FoldedAs FoldsAs(const EventManifest& manifest, const SegmentEntry& entry) {
  if (!entry.is_base) return FoldedAs::kEvent;
  return manifest.begins_with(entry) ? FoldedAs::kStart : FoldedAs::kCheck;
}

// Follows the log from event to event.
class LogScan {
 public:
  LogScan(Subject& subject, Fold* fold) : subject_(subject), report_(subject.report), fold_(fold) {}

  Result<bool> Run() {
    const EventManifest& manifest = subject_.view.manifest;
    next_lsn_ = manifest.compacted_through + 1;
    for (const SegmentEntry& entry : manifest.segments)
      has_bases_ = has_bases_ || FoldsAs(manifest, entry) == FoldedAs::kCheck;
    for (const SegmentEntry& entry : manifest.segments) {
      RETURN_IF_ERROR(CheckSegment(entry));
      if (subject_.level >= VerifyLevel::kFull) Advance(subject_.progress, entry.size_bytes, entry.size_bytes);
    }
    if (subject_.level < VerifyLevel::kFull) return whole_;
    for (const Event& event : subject_.view.tail) {
      place_.path = WalOf(event.lsn);
      RETURN_IF_ERROR(CheckEvent(EventView::Of(event), FoldedAs::kEvent));
    }
    CheckRecordDigest(next_lsn_ - 1);
    return whole_;
  }

 private:
  std::string WalOf(int64_t lsn) const {
    std::string path;
    for (const WalPart& part : subject_.view.wal) {
      if (part.first_lsn <= lsn) path = part.path;
    }
    return path;
  }

  Status CheckSegment(const SegmentEntry& entry) {
    auto segment = OpenSegment(subject_.storage, subject_.view, entry);
    if (!segment.ok()) {
      Miss(entry);
      return report_.Judge(Check::kParquet,
                           {.path = entry.path, .ns = "", .lsn_range = LsnRange{entry.min_lsn, entry.max_lsn}},
                           segment.status());
    }
    CheckLines(**segment);
    if (subject_.level < VerifyLevel::kFull) return Status::Ok();
    place_.path = entry.path;
    first_ts_ms_.reset();
    last_ts_in_segment_ms_ = last_base_lsn_ = 0;
    base_cut_ = entry.max_lsn;
    last_base_id_.clear();
    base_digest_ = StateDigest();
    Status read = ScanSegment(**segment);
    if (!read.ok()) {
      Miss(entry);
      return report_.Judge(Check::kParquet,
                           {.path = entry.path, .ns = "", .lsn_range = LsnRange{entry.min_lsn, entry.max_lsn}}, read);
    }
    if (first_ts_ms_ && (*first_ts_ms_ != entry.min_ts_ms || last_ts_in_segment_ms_ != entry.max_ts_ms)) {
      report_.Critical(Check::kEventLog, {.path = entry.path},
                       fmt::format("its events are of {} to {}; events/manifest.json says {} to {}", *first_ts_ms_,
                                   last_ts_in_segment_ms_, entry.min_ts_ms, entry.max_ts_ms));
    }
    CheckSegmentDigest(**segment);
    CheckRecordDigest(entry.max_lsn);
    return Status::Ok();
  }

  // It can't be read. The events go on behind it; where they are there, a base is nothing that they need.
  void Miss(const SegmentEntry& entry) {
    if (FoldsAs(subject_.view.manifest, entry) == FoldedAs::kCheck) return;
    whole_ = digest_known_ = false;
    next_lsn_ = entry.max_lsn + 1;
  }

  Status ScanSegment(const Segment& segment) {
    RETURN_IF_ERROR(segment.table().CheckWithArrow());
    ASSIGN_OR_RETURN(auto cursor, segment.ScanAll(EventColumns::All()));
    const FoldedAs as = FoldsAs(subject_.view.manifest, segment.entry());
    EventView event;
    while (true) {
      ASSIGN_OR_RETURN(bool more, cursor->Next(&event));
      if (!more) return Status::Ok();
      RETURN_IF_ERROR(CheckEvent(event, as));
    }
  }

  // The lines that the footer names must be those of the manifest.
  void CheckLines(const Segment& segment) {
    const auto& known = subject_.view.manifest.lines;
    for (const LineEntry& line : segment.footer().lines) {
      bool found = false;
      for (const LineEntry& entry : known) found = found || (entry.id == line.id && entry.from <= line.from);
      if (!found)
        report_.Critical(Check::kEventLog, {.path = segment.entry().path},
                         fmt::format("line {} wrote it; events/manifest.json does not know that", line.id));
    }
  }

  // A base is judged by its own rows, and by the events that it stands for where they are there. One that the log
  // begins with is where the events go on from.
  void CheckBase(const Segment& segment) {
    const SegmentEntry& entry = segment.entry();
    auto id = Ulid::Parse(segment.footer().cut_id);
    if (!id || id->ts_ms() != entry.max_ts_ms || segment.footer().cut_id < last_base_id_) {
      report_.Critical(Check::kEventLog, {.path = entry.path},
                       fmt::format("its cut is the event '{}', which does not fit lsn {} of {}",
                                   segment.footer().cut_id, entry.max_lsn, FormatTime(entry.max_ts_ms)));
    }
    if (subject_.view.manifest.begins_with(entry)) {
      last_ts_ms_ = entry.max_ts_ms;
      last_id_ = segment.footer().cut_id;
      digest_ = base_digest_;
    } else if (digest_known_ && segment.footer().cut_id != last_id_) {
      report_.Critical(Check::kEventLog, {.path = entry.path},
                       fmt::format("its cut is the event '{}'; at lsn {} is '{}'", segment.footer().cut_id,
                                   entry.max_lsn, last_id_));
    }
    if (fold_ != nullptr && digest_known_ && base_digest_.Hex() != digest_.Hex()) {
      report_.Critical(
          Check::kEventLog, {.path = entry.path, .ns = "", .lsn_range = LsnRange{1, entry.max_lsn}},
          fmt::format("what it holds is not the state that the events through lsn {} left", entry.max_lsn));
    }
    if (fold_ != nullptr && base_digest_.Hex() != segment.footer().digest) {
      report_.Critical(Check::kEventLog, {.path = entry.path},
                       "the state digest in its footer is not that of the entities it holds");
    }
  }

  void CheckSegmentDigest(const Segment& segment) {
    if (segment.entry().is_base) return CheckBase(segment);
    if (fold_ == nullptr) return;
    if (digest_known_ && digest_.Hex() != segment.footer().digest) {
      FindingPlace place{.path = segment.entry().path,
                         .ns = "",
                         .lsn_range = LsnRange{segment.entry().min_lsn, segment.entry().max_lsn}};
      report_.Critical(Check::kEventLog, place, "the state digest in its footer is not that of the events");
    }
    // Each segment is judged by its own events: what an earlier one got wrong is not reported again.
    if (auto footer = StateDigest::FromHex(segment.footer().digest)) {
      digest_ = *footer;
      digest_known_ = true;
    }
  }

  void CheckRecordDigest(int64_t lsn) {
    if (fold_ == nullptr || !digest_known_ || !subject_.record || !subject_.record->metadata ||
        subject_.record->metadata->head != lsn)
      return;
    if (record_digest_checked_) return;
    record_digest_checked_ = true;
    if (subject_.record->metadata->digest != digest_.Hex()) {
      report_.Critical(Check::kEventLog, {.path = "_meta/manifest.json", .ns = "", .lsn_range = LsnRange{1, lsn}},
                       fmt::format("its state digest at lsn {} is not that of the events", lsn));
    }
  }

  void Wrong(const EventView& event, const std::string& what) {
    FindingPlace place = place_;
    place.ns = std::string(NamespaceOfTarget(event.target));
    place.lsn_range = LsnRange{event.lsn, event.lsn};
    report_.Critical(Check::kEventLog, std::move(place), what);
  }

  Status CheckEvent(const EventView& event, FoldedAs as) {
    const bool is_base = as != FoldedAs::kEvent;
    CheckPosition(event, is_base);
    auto name = ParseTarget(event.target);
    if (!name.ok()) Wrong(event, name.status().message());
    if (event.op == Op::kCreate && event.before && !is_base) Wrong(event, "a CREATE with a state before it");
    if (event.op != Op::kDelete && !event.after) Wrong(event, "no state after it");
    if (event.op != Op::kCreate && !event.before && !is_base) Wrong(event, "no state before it");
    if (event.actor && !CheckActor(*event.actor).ok()) Wrong(event, "the actor is no valid name");
    if (event.metadata && !ParseJson(*event.metadata).ok()) Wrong(event, "its metadata is no JSON");
    Entity entity;
    std::string id = TargetToId(event.target);
    if (event.after) CheckState(event, id, &entity);
    if (fold_ == nullptr) return Status::Ok();
    EventTerms terms = TermsOf(event, event.after ? LinksText(entity.data) : std::string_view());
    if (has_bases_) terms.origin = OriginOf(event);
    if (is_base) {
      if (event.after) base_digest_.AddHash(terms.after);
      return fold_->Add(event, terms, as);
    }
    if (event.before) digest_.SubtractHash(terms.before);
    if (event.after) digest_.AddHash(terms.after);
    return fold_->Add(event, terms, as);
  }

  void CheckState(const EventView& event, const std::string& id, Entity* entity) {
    Status decoded = DecodeState(id, *event.after, entity);
    if (!decoded.ok()) return Wrong(event, decoded.message());
    Status good =
        normalizer_.Run(entity->data, {.max_depth = kMaxDocumentDepth, .max_bytes = kMaxFrameBytes}, &normal_, nullptr);
    if (!good.ok()) return Wrong(event, fmt::format("the document of {} can't be read: {}", id, good.message()));
    if (normal_ != entity->data) return Wrong(event, fmt::format("the document of {} is not in stored form", id));
    auto links = ReadLinks(entity->data);
    if (!links.ok()) Wrong(event, fmt::format("{}: {}", id, links.status().message()));
  }

  void CheckPosition(const EventView& event, bool is_base) {
    if (is_base) return CheckBasePosition(event);
    if (event.lsn != next_lsn_) Wrong(event, fmt::format("lsn {} was found, {} was expected", event.lsn, next_lsn_));
    next_lsn_ = event.lsn + 1;
    CheckId(event);
    if (event.ts_ms < last_ts_ms_ || event.id <= last_id_)
      Wrong(event, fmt::format("(ts, id) does not ascend at lsn {}", event.lsn));
    if (!first_ts_ms_) first_ts_ms_ = event.ts_ms;
    last_ts_ms_ = last_ts_in_segment_ms_ = event.ts_ms;
    last_id_.assign(event.id);
  }

  // The last event of an entity at the cut: its own lsn, between others that are not here.
  void CheckBasePosition(const EventView& event) {
    if (event.lsn <= last_base_lsn_ || event.lsn > base_cut_)
      Wrong(event,
            fmt::format("lsn {} was found in a base behind {}; its cut is {}", event.lsn, last_base_lsn_, base_cut_));
    if (event.before) Wrong(event, "a state before it, in a base");
    if (event.op == Op::kDelete) Wrong(event, "a DELETE in a base");
    last_base_lsn_ = event.lsn;
    last_base_id_.assign(event.id);
    CheckId(event);
  }

  void CheckId(const EventView& event) {
    auto id = Ulid::Parse(event.id);
    if (!id) {
      Wrong(event, fmt::format("its id '{}' is no ULID", event.id));
    } else if (id->ts_ms() != event.ts_ms) {
      Wrong(event, fmt::format("its id is of {}, its ts is {}", FormatTime(id->ts_ms()), FormatTime(event.ts_ms)));
    }
  }

  Subject& subject_;
  Report& report_;
  Fold* fold_;
  FindingPlace place_;
  bool whole_ = true, has_bases_ = false;
  int64_t next_lsn_ = 1, last_ts_ms_ = INT64_MIN, last_ts_in_segment_ms_ = 0;
  std::optional<int64_t> first_ts_ms_;  // of the segment that is read
  std::string last_id_, normal_, last_base_id_;
  int64_t base_cut_ = 0, last_base_lsn_ = 0;  // of the base that is read
  StateDigest base_digest_;
  StateDigest digest_;
  bool digest_known_ = true;  // false behind a segment that could not be read
  bool record_digest_checked_ = false;
  JsonNormalizer normalizer_;
};

}  // namespace

Result<bool> CheckLog(Subject& subject, Fold* fold) { return LogScan(subject, fold).Run(); }

Status FoldLog(const StorageBackend& storage, const View& view, Fold& fold) {
  for (const SegmentEntry& entry : view.manifest.segments) {
    const FoldedAs as = FoldsAs(view.manifest, entry);
    if (as == FoldedAs::kCheck) continue;  // the events are there
    ASSIGN_OR_RETURN(auto segment, OpenSegment(storage, view, entry));
    ASSIGN_OR_RETURN(auto cursor, segment->ScanAll(EventColumns::All()));
    EventView event;
    while (true) {
      ASSIGN_OR_RETURN(bool more, cursor->Next(&event));
      if (!more) break;
      RETURN_IF_ERROR(fold.Add(event, TermsOf(event, {}), as));
    }
  }
  for (const Event& event : view.tail) {
    const EventView tail = EventView::Of(event);
    RETURN_IF_ERROR(fold.Add(tail, TermsOf(tail, {}), FoldedAs::kEvent));
  }
  return Status::Ok();
}

}  // namespace parquedb
