#include "replay/instant.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>

#include "core/time_text.h"
#include "core/ulid.h"
#include "eventlog/event_at.h"
#include "eventlog/segment_file.h"

namespace parquedb {
namespace {

// Finds the last event for which `counts` holds; it holds for a prefix of the log. Only its lsn, ts and id come.
// `count_in`: how many events of a segment count.
template <typename Counts, typename CountIn>
Result<std::optional<Event>> LastEventWhere(const StorageBackend& storage, const View& view,
                                            const std::function<bool(const SegmentEntry&)>& may_count,
                                            const Counts& counts, const CountIn& count_in) {
  for (auto event = view.tail.rbegin(); event != view.tail.rend(); ++event) {
    if (counts(*event)) return std::optional<Event>(*event);
  }
  const auto& segments = view.manifest.segments;
  for (auto entry = segments.rbegin(); entry != segments.rend(); ++entry) {
    if (entry->is_base || !may_count(*entry)) continue;
    ASSIGN_OR_RETURN(auto segment, OpenSegment(storage, view, *entry));
    ASSIGN_OR_RETURN(int64_t count, count_in(*segment));
    if (count == 0) continue;
    ASSIGN_OR_RETURN(Event last, segment->ReadStamp(count - 1));
    return std::optional<Event>(std::move(last));
  }
  return std::optional<Event>();
}

// The cut at an event; without one, where the log begins: at nothing, or at the base that stands in for retired events.
Result<Cut> CutOf(const StorageBackend& storage, const View& view, const std::optional<Event>& event, int64_t ts_ms) {
  if (event) return Cut{event->lsn, ts_ms, event->id};
  int64_t first = view.manifest.compacted_through;
  if (first == 0) return Cut{0, ts_ms, ""};
  ASSIGN_OR_RETURN(auto id, EventIdAt(storage, view, first));
  return Cut{first, ts_ms, id.value_or("")};
}

// Of a log in which no event counts.
int64_t FirstInstant(const View& view) {
  return view.manifest.compacted_through > 0 ? view.window_from_ms() : view.manifest.created_at_ms;
}

Result<Cut> CutAtId(const StorageBackend& storage, const View& view, const Ulid& id) {
  std::string text = id.ToString();
  ASSIGN_OR_RETURN(auto event,
                   LastEventWhere(
                       storage, view, [&](const SegmentEntry& entry) { return entry.min_ts_ms <= id.ts_ms(); },
                       [&](const Event& event) { return event.id <= text; },
                       [&](const Segment& segment) { return segment.CountUpToId(text); }));
  return CutOf(storage, view, event, id.ts_ms());
}

Status Outside(std::string_view what, const Window& window) {
  return {StatusCode::kOutsideWindow,
          fmt::format("{} is before the oldest restorable point\n  window: {} … {}", what, FormatTime(window.from_ms),
                      FormatTime(window.to_ms)),
          "parquedb window"};
}

std::optional<int64_t> ParseLsn(std::string_view text) {
  if (!text.starts_with("lsn:")) return std::nullopt;
  text.remove_prefix(4);
  int64_t lsn = -1;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), lsn);
  if (error != std::errc() || end != text.data() + text.size() || lsn < 0) return std::nullopt;
  return lsn;
}

}  // namespace

Window RestorableWindow(const View& view) {
  return {view.window_from_ms(), std::max(view.taken_ms, view.head_ts_ms())};
}

Result<Cut> HeadCut(const StorageBackend& storage, const View& view) {
  ASSIGN_OR_RETURN(auto id, EventIdAt(storage, view, view.head));
  return Cut{view.head, std::max(view.taken_ms, view.head_ts_ms()), id.value_or("")};
}

Result<Cut> CutAtTime(const StorageBackend& storage, const View& view, int64_t ts_ms) {
  ASSIGN_OR_RETURN(auto event, LastEventWhere(
                                   storage, view, [&](const SegmentEntry& entry) { return entry.min_ts_ms <= ts_ms; },
                                   [&](const Event& event) { return event.ts_ms <= ts_ms; },
                                   [&](const Segment& segment) { return segment.CountUpToTime(ts_ms); }));
  return CutOf(storage, view, event, ts_ms);
}

Result<Cut> CutAtLsn(const StorageBackend& storage, const View& view, int64_t lsn) {
  ASSIGN_OR_RETURN(auto event, LastEventWhere(
                                   storage, view, [&](const SegmentEntry& entry) { return entry.min_lsn <= lsn; },
                                   [&](const Event& event) { return event.lsn <= lsn; },
                                   [&](const Segment& segment) { return segment.CountUpToLsn(lsn); }));
  return CutOf(storage, view, event, event ? event->ts_ms : FirstInstant(view));
}

Result<Cut> ResolveInstant(const StorageBackend& storage, const View& view, std::string_view text, int64_t now_ms) {
  if (text == "latest") return HeadCut(storage, view);
  Window window = RestorableWindow(view);
  if (auto lsn = ParseLsn(text)) {
    if (*lsn > view.head) {
      return Status(StatusCode::kOutsideWindow, fmt::format("lsn {} is behind the last event, lsn {}", *lsn, view.head),
                    "parquedb window");
    }
    if (*lsn < view.manifest.compacted_through) return Outside(text, window);
    return CutAtLsn(storage, view, *lsn);
  }
  std::string name(text);
  if (auto tag = view.manifest.tags.find(name); tag != view.manifest.tags.end()) name = tag->second;
  if (auto id = Ulid::Parse(name)) {
    if (id->ts_ms() < window.from_ms) return Outside(text, window);
    if (view.manifest.compacted_through > 0) {
      // Retired events may be of the millisecond in which the window begins.
      ASSIGN_OR_RETURN(auto first, EventIdAt(storage, view, view.manifest.compacted_through));
      if (first && name < *first) return Outside(text, window);
    }
    return CutAtId(storage, view, *id);
  }
  auto ts_ms = ParseInstant(text, now_ms);
  if (!ts_ms) {
    return InvalidArgument(fmt::format("'{}' is no time, event id, lsn:N or tag", text),
                           "a time is written like 2026-02-01T12:00:00Z, 2026-02-01, \"5m ago\", yesterday or latest; "
                           "see parquedb help time");
  }
  if (*ts_ms < window.from_ms) return Outside(FormatTime(*ts_ms), window);
  if (view.is_backup && *ts_ms > window.to_ms) {
    return Status(StatusCode::kOutsideWindow,
                  fmt::format("{} is after the instant of the backup\n  window: {} … {}", FormatTime(*ts_ms),
                              FormatTime(window.from_ms), FormatTime(window.to_ms)),
                  "a later backup, or --at latest");
  }
  if (*ts_ms >= window.to_ms) return HeadCut(storage, view);
  return CutAtTime(storage, view, *ts_ms);
}

}  // namespace parquedb
