#include <algorithm>
#include <set>

#include "eventlog/segment_file.h"
#include "model/layout.h"
#include "model/names.h"
#include "replay/state.h"

namespace parquedb {

// A checkpoint leaves a data file for every namespace that an event named, also for an empty one; what came since must
// be looked up in the log.
Result<std::vector<std::string>> ListNamespaces(const StorageBackend& storage, const View& view) {
  std::set<std::string, std::less<>> names;
  // Namespaces that were pulled on their own are known also when nothing was in them.
  if (view.manifest.forked_from) {
    names.insert(view.manifest.forked_from->namespaces.begin(), view.manifest.forked_from->namespaces.end());
  }
  for (const auto& [path, through] : view.files) {
    auto name = ParsePath(path);
    if (name && name->kind == FileKind::kData) names.insert(name->ns);
  }
  std::string last;
  auto note = [&](std::string_view target) {
    std::string_view ns = NamespaceOfTarget(target);
    if (ns == last) return;
    last = std::string(ns);
    names.insert(last);
  };
  for (const SegmentEntry& entry : view.manifest.segments) {
    if (entry.max_lsn <= view.checkpoint || (entry.is_base && !view.manifest.begins_with(entry))) continue;
    ASSIGN_OR_RETURN(auto segment, OpenSegment(storage, view, entry));
    ASSIGN_OR_RETURN(auto cursor, segment->ScanAll(EventColumns::Keys()));
    EventView event;
    while (true) {
      ASSIGN_OR_RETURN(bool more, cursor->Next(&event));
      if (!more) break;
      note(event.target);
    }
  }
  for (const Event& event : view.tail) note(event.target);
  return std::vector<std::string>(names.begin(), names.end());
}

Result<bool> HasNamespace(const StorageBackend& storage, const View& view, std::string_view ns) {
  if (view.files.contains(DataPath(ns))) return true;
  if (view.manifest.forked_from) {
    const auto& pulled = view.manifest.forked_from->namespaces;
    if (std::find(pulled.begin(), pulled.end(), ns) != pulled.end()) return true;
  }
  for (const Event& event : view.tail) {
    if (NamespaceOfTarget(event.target) == ns) return true;
  }
  const std::string first = std::string(ns) + ":", behind = std::string(ns) + ";";  // ';' follows ':'
  for (const SegmentEntry& entry : view.manifest.segments) {
    if (entry.max_lsn <= view.checkpoint || (entry.is_base && !view.manifest.begins_with(entry))) continue;
    ASSIGN_OR_RETURN(auto segment, OpenSegment(storage, view, entry));
    const TableReader& table = segment->table();
    const auto column = table.column_index("target");
    for (int group = 0; column && group < table.row_group_count(); ++group) {
      auto targets = table.string_range(group, *column);
      if (targets && (targets->max < first || targets->min >= behind)) continue;
      ASSIGN_OR_RETURN(auto scanner, table.Scan(group, group + 1, {*column}));
      TableChunk chunk;
      while (true) {
        ASSIGN_OR_RETURN(bool more, scanner->Next(&chunk));
        if (!more) break;
        for (std::string_view target : chunk.columns.front().strings) {
          if (target.starts_with(first)) return true;
        }
      }
    }
  }
  return false;
}

std::map<std::string, int64_t> CountAtCheckpoint(const View& view) {
  std::map<std::string, int64_t> entities;
  for (const auto& [path, handle] : view.derived) {
    auto name = ParsePath(path);
    if (!name || name->kind != FileKind::kData) continue;
    auto file = DataFile::Open(handle, path, view.manifest.database_id);
    if (file.ok()) entities[name->ns] = (*file)->footer().rows;
  }
  return entities;
}

int64_t EstimateEntities(const View& view, const std::vector<std::string>& namespaces) {
  int64_t entities = view.head - view.checkpoint;
  for (const auto& [ns, count] : CountAtCheckpoint(view)) {
    bool wanted = namespaces.empty() || std::find(namespaces.begin(), namespaces.end(), ns) != namespaces.end();
    if (wanted) entities += count;
  }
  return entities;
}

}  // namespace parquedb
