#include "replay/links.h"

#include <algorithm>
#include <set>

#include "collection/rels_file.h"
#include "model/layout.h"
#include "model/names.h"
#include "model/state_text.h"
#include "replay/change_cursor.h"

namespace parquedb {
namespace {

struct Reverse {
  std::vector<LinkRow> rows;
  int64_t through = 0;  // every link event behind it must be looked up in the log
};

Result<Reverse> ReadReverse(const StorageBackend& storage, const View& view, std::string_view id) {
  std::string path = ReversePath(NamespaceOfId(id));
  auto entry = view.files.find(path);
  if (entry == view.files.end()) return Reverse{{}, view.checkpoint};
  std::shared_ptr<const ReadableFile> handle;
  if (auto pinned = view.derived.find(path); pinned != view.derived.end()) {
    handle = pinned->second;
  } else {
    auto opened = storage.Open(path);
    if (!opened.ok() && opened.status().code() != StatusCode::kNotFound) return opened.status();
    if (!opened.ok()) return Reverse{};  // lost: the whole log tells
    handle = std::move(*opened);
  }
  ASSIGN_OR_RETURN(auto file, RelsFile::Open(std::move(handle), path, view.manifest.database_id));
  Reverse reverse;
  ASSIGN_OR_RETURN(reverse.rows, file->Find(id));
  reverse.through = file->through() >= entry->second ? std::max(file->through(), view.checkpoint) : file->through();
  if (reverse.through < view.manifest.compacted_through) return Reverse{};  // too old: what came next was retired
  return reverse;
}

}  // namespace

Result<std::vector<std::string>> FindLinksTo(const StorageBackend& storage, const View& view, std::string_view id,
                                             std::string_view predicate) {
  ASSIGN_OR_RETURN(Reverse reverse, ReadReverse(storage, view, id));
  std::set<std::pair<std::string, std::string>> found;  // (from, predicate)
  for (const LinkRow& row : reverse.rows) found.emplace(row.from, row.predicate);
  ChangeRequest request{.from = [&](std::string_view) { return std::optional<int64_t>(reverse.through); },
                        .cut = view.head,
                        .farthest = reverse.through,
                        .lowest_after_base = reverse.through == 0 ? INT64_MAX : 0};
  ASSIGN_OR_RETURN(auto changes, OpenChanges(storage, view, request));
  Change change;
  while (true) {
    ASSIGN_OR_RETURN(bool more, changes->Next(&change));
    if (!more) break;
    auto begin = found.lower_bound({change.id, ""});
    auto end = begin;
    while (end != found.end() && end->first == change.id) ++end;
    found.erase(begin, end);
    if (change.deleted) continue;
    Entity entity;
    RETURN_IF_ERROR(DecodeState(change.id, change.state, &entity));
    ASSIGN_OR_RETURN(Links links, ReadLinks(entity.data));
    for (const auto& [name, targets] : links) {
      if (std::binary_search(targets.begin(), targets.end(), id)) found.emplace(change.id, name);
    }
  }
  std::vector<std::string> sources;
  for (const auto& [from, name] : found) {
    if (!predicate.empty() && name != predicate) continue;
    if (sources.empty() || sources.back() != from) sources.push_back(from);
  }
  return sources;
}

}  // namespace parquedb
