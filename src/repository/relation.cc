#include "repository/relation.h"

#include <fmt/format.h>

#include <algorithm>

#include "eventlog/event_at.h"

namespace parquedb {
namespace {

// What a log holds itself, without what merges told it of: only that has a place in it.
Knows HeldBy(const View& view) {
  EventManifest log;
  log.lines = view.lines();
  return KnowsAt(log, view.head);
}

// At the last lsn of each line that both hold, the event must be the same. One that was retired can't be looked at; a
// line that goes on from it, and agrees, answers for it: who wrote it had the log through there.
Status CheckSharedLines(const LogSide& local, const LogSide& remote, const Knows& mine, const Knows& theirs) {
  const int64_t retired = std::max(local.view.manifest.compacted_through, remote.view.manifest.compacted_through);
  int64_t agreed = 0;
  std::vector<int64_t> gone;
  for (const auto& [line, lsn] : mine) {
    auto other = theirs.find(line);
    if (other == theirs.end()) continue;
    int64_t shared = std::min(lsn, other->second);
    if (shared < retired) {
      gone.push_back(shared);
      continue;
    }
    ASSIGN_OR_RETURN(auto here, EventIdAt(local.storage, local.view, shared));
    ASSIGN_OR_RETURN(auto there, EventIdAt(remote.storage, remote.view, shared));
    if (!here || !there || *here != *there) {
      return Conflict(
          fmt::format("lsn {} is the event {} here and {} there: a copy of the directory, or an older state "
                      "of it, was written on",
                      shared, here.value_or("(gone)"), there.value_or("(gone)")),
          "push to another slug with --slug");
    }
    agreed = std::max(agreed, shared);
  }
  for (int64_t lsn : gone) {
    if (lsn <= agreed) continue;
    return Conflict(fmt::format("lsn {}, the last event that both logs hold of a line, was retired (through lsn {}): "
                                "whether they agree there can't be told",
                                lsn, retired),
                    "push to another slug with --slug, or pull into a new folder");
  }
  return Status::Ok();
}

}  // namespace

Result<Relation> Compare(const LogSide& local, const LogSide& remote) {
  if (local.view.manifest.database_id != remote.view.manifest.database_id) {
    return Conflict(fmt::format("here is the database {}, there {}", local.view.manifest.database_id,
                                remote.view.manifest.database_id),
                    "use another slug, or pull into a new folder");
  }
  Knows mine = local.view.knows(), theirs = remote.view.knows();
  RETURN_IF_ERROR(CheckSharedLines(local, remote, HeldBy(local.view), HeldBy(remote.view)));
  bool behind = InPastOf(mine, theirs), ahead = InPastOf(theirs, mine);
  if (behind && ahead) return Relation::kEqual;
  if (behind) return Relation::kBehind;
  return ahead ? Relation::kAhead : Relation::kDiverged;
}

int64_t CountMissing(const View& log, const Knows& other) {
  const std::vector<LineEntry> lines = log.lines();
  int64_t missing = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    int64_t last = i + 1 < lines.size() ? lines[i + 1].from - 1 : log.head;
    auto known = other.find(lines[i].id);
    int64_t before = std::max(lines[i].from - 1, known == other.end() ? 0 : known->second);
    missing += std::max<int64_t>(last - before, 0);
  }
  return missing;
}

}  // namespace parquedb
