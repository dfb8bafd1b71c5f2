#include "model/event_manifest.h"

#include <set>

#include "core/ulid.h"
#include "model/json_reader.h"
#include "model/layout.h"

namespace parquedb {
namespace {

constexpr int64_t kEventManifestVersion = 1;

Value SegmentToValue(const SegmentEntry& entry) {
  return Object{{"seq", entry.seq},
                {"path", entry.path},
                {"minTs", entry.min_ts_ms},
                {"maxTs", entry.max_ts_ms},
                {"count", entry.count},
                {"sizeBytes", entry.size_bytes},
                {"createdAt", entry.created_at_ms},
                {"sha256", entry.sha256},
                {"minLsn", entry.min_lsn},
                {"maxLsn", entry.max_lsn},
                {"kind", entry.is_base ? "base" : "events"}};
}

Value KnowsToValue(const Knows& knows) {
  Object object;
  for (const auto& [line, lsn] : knows) object.emplace(line, lsn);
  return object;
}

template <typename Map>
Value MapToValue(const Map& map) {
  Object object;
  for (const auto& [key, value] : map) object.emplace(key, value);
  return object;
}

SegmentEntry ReadSegment(const Value& value, JsonReader* parent, const std::string& place) {
  JsonReader reader(value, place + ": segments");
  SegmentEntry entry;
  entry.seq = reader.Int("seq");
  entry.path = reader.String("path");
  entry.min_ts_ms = reader.Int("minTs");
  entry.max_ts_ms = reader.Int("maxTs");
  entry.count = reader.Int("count");
  entry.size_bytes = reader.Int("sizeBytes");
  entry.created_at_ms = reader.Int("createdAt");
  entry.sha256 = reader.String("sha256");
  entry.min_lsn = reader.Int("minLsn");
  entry.max_lsn = reader.Int("maxLsn");
  std::string kind = reader.String("kind");
  entry.is_base = kind == "base";
  if (kind != "base" && kind != "events") reader.Fail("kind", "\"events\" or \"base\"");
  if (reader.status().ok() && entry.path != SegmentPath(entry.seq)) reader.Fail("path", SegmentPath(entry.seq));
  if (reader.status().ok() && entry.sha256.size() != 64) reader.Fail("sha256", "64 hex digits");
  parent->Absorb(reader.status());
  return entry;
}

Knows ReadKnows(const Object& object, JsonReader* reader) {
  Knows knows;
  for (const auto& member : object) {
    if (!member.value().is_int64())
      reader->Fail("knows", "integers");
    else
      knows.emplace(TextOf(member.key()), member.value().get_int64());
  }
  return knows;
}

// Segments follow one another without a gap, a base stands at the end of one; counts and totals add up.
Status CheckSegments(const EventManifest& manifest, const std::string& place) {
  int64_t last_lsn = manifest.compacted_through, total = 0;
  std::set<int64_t> seqs;
  for (const SegmentEntry& entry : manifest.segments) {
    std::string where = place + ": " + entry.path;
    // A number is given once, in the order of writing: a merged segment has a greater one than those behind it.
    if (entry.seq < 1 || entry.seq >= manifest.next_seq) return Corruption(where + ": seq is not below nextSeq");
    if (!seqs.insert(entry.seq).second) return Corruption(where + ": it is named twice");
    if (entry.min_ts_ms > entry.max_ts_ms || entry.size_bytes <= 0 || entry.count < 0)
      return Corruption(where + ": its numbers contradict each other");
    if (entry.is_base) {
      if (entry.min_lsn != entry.max_lsn || entry.max_lsn != last_lsn) {
        return Corruption(where + ": a base at lsn " + std::to_string(entry.max_lsn) + " does not fit behind lsn " +
                          std::to_string(last_lsn));
      }
      continue;
    }
    if (entry.min_lsn != last_lsn + 1 || entry.max_lsn - entry.min_lsn + 1 != entry.count) {
      return Corruption(where + ": lsn " + std::to_string(entry.min_lsn) + "-" + std::to_string(entry.max_lsn) +
                        " with " + std::to_string(entry.count) + " events does not follow lsn " +
                        std::to_string(last_lsn));
    }
    last_lsn = entry.max_lsn;
    total += entry.count;
  }
  if (total + manifest.compacted_through < manifest.total_events || total > manifest.total_events) {
    return Corruption(place + ": totalEvents is " + std::to_string(manifest.total_events) + ", the segments hold " +
                      std::to_string(total));
  }
  if (manifest.checkpoint < 0 || manifest.checkpoint > last_lsn)
    return Corruption(place + ": the checkpoint lies behind the last segment");
  return Status::Ok();
}

void ReadState(const Value& value, EventManifest* manifest, JsonReader* parent, const std::string& place) {
  JsonReader reader(value, place + ": state");
  manifest->checkpoint = reader.Int("checkpoint");
  for (const auto& member : reader.Map("files")) {
    std::string path(TextOf(member.key()));
    auto name = ParsePath(path);
    bool known =
        name && (name->kind == FileKind::kData || name->kind == FileKind::kForward || name->kind == FileKind::kReverse);
    if (!known || !member.value().is_int64()) {
      reader.Fail("files", "paths of data and rels files (not '" + path + "') with their lsn");
      break;
    }
    manifest->files.emplace(path, member.value().get_int64());
  }
  parent->Absorb(reader.status());
}

void ReadFork(const Value& value, EventManifest* manifest, JsonReader* parent, const std::string& place) {
  JsonReader reader(value, place + ": forkedFrom");
  ForkOrigin origin{reader.String("databaseId"), reader.Int("lsn"), reader.String("id"), {}};
  for (const Value& ns : reader.List("namespaces")) {
    if (!ns.is_string())
      reader.Fail("namespaces", "names");
    else
      origin.namespaces.emplace_back(TextOf(ns.get_string()));
  }
  manifest->forked_from = std::move(origin);
  parent->Absorb(reader.status());
}

}  // namespace

std::string EncodeEventManifest(const EventManifest& manifest) {
  Array segments, lines, merges;
  for (const SegmentEntry& entry : manifest.segments) segments.push_back(SegmentToValue(entry));
  for (const LineEntry& line : manifest.lines) lines.push_back(Object{{"id", line.id}, {"from", line.from}});
  for (const MergeEntry& merge : manifest.merges)
    merges.push_back(Object{{"at", merge.at}, {"knows", KnowsToValue(merge.knows)}});
  Object object{{"version", kEventManifestVersion},
                {"dataset", manifest.dataset},
                {"databaseId", manifest.database_id},
                {"createdAt", manifest.created_at_ms},
                {"segments", std::move(segments)},
                {"compactedThrough", manifest.compacted_through},
                {"nextSeq", manifest.next_seq},
                {"totalEvents", manifest.total_events},
                {"updatedAt", manifest.updated_at_ms},
                {"lines", std::move(lines)},
                {"merges", std::move(merges)},
                {"tags", MapToValue(manifest.tags)},
                {"state", Object{{"checkpoint", manifest.checkpoint}, {"files", MapToValue(manifest.files)}}}};
  if (manifest.forked_from) {
    const ForkOrigin& origin = *manifest.forked_from;
    object.emplace("forkedFrom", Object{{"databaseId", origin.database_id},
                                        {"lsn", origin.lsn},
                                        {"id", origin.id},
                                        {"namespaces", Array(origin.namespaces.begin(), origin.namespaces.end())}});
  }
  return WritePrettyJson(object) + "\n";
}

Result<EventManifest> DecodeEventManifest(std::string_view text) {
  const std::string place(kEventManifestPath);
  ASSIGN_OR_RETURN(Value value, ParseVersioned(text, kEventManifestVersion, place));
  JsonReader reader(value, place);
  EventManifest manifest;
  manifest.dataset = reader.String("dataset");
  manifest.database_id = reader.String("databaseId");
  if (reader.status().ok() && !Ulid::Parse(manifest.database_id)) reader.Fail("databaseId", "a ULID");
  manifest.created_at_ms = reader.Int("createdAt");
  for (const Value& segment : reader.List("segments"))
    manifest.segments.push_back(ReadSegment(segment, &reader, place));
  manifest.compacted_through = reader.Int("compactedThrough");
  manifest.next_seq = reader.Int("nextSeq");
  manifest.total_events = reader.Int("totalEvents");
  manifest.updated_at_ms = reader.Int("updatedAt");
  for (const Value& line : reader.List("lines")) {
    JsonReader entry(line, place + ": lines");
    manifest.lines.push_back({entry.String("id"), entry.Int("from")});
    reader.Absorb(entry.status());
  }
  for (const Value& merge : reader.List("merges")) {
    JsonReader entry(merge, place + ": merges");
    manifest.merges.push_back({entry.Int("at"), ReadKnows(entry.Map("knows"), &entry)});
    reader.Absorb(entry.status());
  }
  for (const auto& tag : reader.Map("tags")) {
    if (!tag.value().is_string())
      reader.Fail("tags", "event ids");
    else
      manifest.tags.emplace(TextOf(tag.key()), TextOf(tag.value().get_string()));
  }
  if (const Value* state = reader.Find("state"))
    ReadState(*state, &manifest, &reader, place);
  else
    reader.Fail("state", "an object");
  if (const Value* origin = reader.Find("forkedFrom")) ReadFork(*origin, &manifest, &reader, place);
  RETURN_IF_ERROR(reader.status());
  RETURN_IF_ERROR(CheckSegments(manifest, place));
  return manifest;
}

int64_t EventManifest::window_from_ms() const {
  int64_t from_ms = created_at_ms;
  for (const SegmentEntry& entry : segments) {
    if (entry.is_base && entry.max_lsn == compacted_through) return entry.min_ts_ms;
    if (!entry.is_base) from_ms = std::min(from_ms, entry.min_ts_ms);
  }
  return from_ms;
}

Knows KnowsAt(const EventManifest& manifest, int64_t head) {
  Knows knows;
  auto raise = [&](const std::string& line, int64_t lsn) {
    int64_t& known = knows[line];
    known = std::max(known, lsn);
  };
  for (size_t i = 0; i < manifest.lines.size(); ++i) {
    int64_t last = i + 1 < manifest.lines.size() ? manifest.lines[i + 1].from - 1 : head;
    last = std::min(last, head);
    if (last >= manifest.lines[i].from) raise(manifest.lines[i].id, last);
  }
  for (const MergeEntry& merge : manifest.merges) {
    if (merge.at > head) continue;
    for (const auto& [line, lsn] : merge.knows) raise(line, lsn);
  }
  return knows;
}

bool InPastOf(const Knows& x, const Knows& y) {
  for (const auto& [line, lsn] : x) {
    auto known = y.find(line);
    if (known == y.end() || known->second < lsn) return false;
  }
  return true;
}

}  // namespace parquedb
