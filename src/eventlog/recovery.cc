#include "eventlog/recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/limits.h"
#include "core/ulid.h"
#include "eventlog/manifest_file.h"
#include "eventlog/segment_file.h"
#include "eventlog/wal_directory.h"
#include "model/layout.h"

namespace parquedb {
namespace {

constexpr uint64_t kMaxLineFileBytes = 1024;

Result<std::string> ReadLine(const StorageBackend& storage) {
  auto text = ReadWhole(storage, kLinePath, kMaxLineFileBytes);
  if (!text.ok() && text.status().code() == StatusCode::kNotFound) return std::string();
  if (!text.ok()) return text.status();
  std::string line = text->substr(0, text->find('\n'));
  if (!Ulid::Parse(line))
    return Corruption(std::string(kLinePath) + ": a ULID was expected",
                      "remove the file: this directory then writes a line of its own");
  return line;
}

// Joins the WAL files behind the last segment. Two files may overlap only where one is a failed one.
Status JoinTail(RecoveredLog* log) {
  int64_t head = std::max(log->manifest.last_lsn(), log->manifest.compacted_through);
  for (WalPart& part : log->parts) {
    if (part.database_id != log->manifest.database_id) {
      return Corruption(part.path + " belongs to database " + part.database_id + ", not " + log->manifest.database_id);
    }
    for (Event& event : part.events) {
      if (event.lsn <= head) continue;
      if (event.lsn != head + 1) {
        return Corruption(fmt::format("lsn {} is missing: {} goes on with {}", head + 1, part.path, event.lsn),
                          "parquedb verify; then pull from a backup");
      }
      head = event.lsn;
      log->tail.push_back(std::move(event));
    }
  }
  return Status::Ok();
}

Result<std::optional<std::string>> LastId(const StorageBackend& storage, const RecoveredLog& log) {
  if (!log.tail.empty()) return std::optional<std::string>(log.tail.back().id);
  if (log.manifest.segments.empty()) return std::optional<std::string>();
  ASSIGN_OR_RETURN(auto segment, Segment::Open(storage, log.manifest.segments.back(), log.manifest.database_id));
  if (segment->entry().is_base) return std::optional<std::string>(segment->footer().cut_id);
  const TableReader& table = segment->table();
  auto column = table.column_index("id");
  if (!column || table.row_count() == 0) return Corruption(table.name() + ": no ids");
  TableChunk chunk;
  RETURN_IF_ERROR(table.ReadRows(table.row_count() - 1, 1, {*column}, &chunk));
  return std::optional<std::string>(chunk.columns[0].strings[0]);
}

// Litter of a crash: temporary files, and segments that were never committed.
Status RemoveLitter(StorageBackend& storage, const EventManifest& manifest) {
  std::set<std::string> named;
  for (const SegmentEntry& entry : manifest.segments) named.insert(entry.path);
  for (std::string_view prefix : {"events/", "_meta/"}) {
    ASSIGN_OR_RETURN(auto entries, storage.List(prefix));
    for (const FileEntry& entry : entries) {
      auto name = ParsePath(entry.path);
      bool unlisted = name && name->kind == FileKind::kSegment && !named.contains(entry.path);
      if (unlisted || entry.path.ends_with(".tmp")) RETURN_IF_ERROR(storage.Remove(entry.path));
    }
  }
  return Status::Ok();
}

Status MendWal(StorageBackend& storage, RecoveredLog* log) {
  int64_t committed = std::max(log->manifest.last_lsn(), log->manifest.compacted_through);
  int64_t head = log->tail.empty() ? committed : log->tail.back().lsn;
  std::vector<WalPart> left;
  for (size_t i = 0; i < log->parts.size(); ++i) {
    WalPart& part = log->parts[i];
    bool last = i + 1 == log->parts.size();
    bool failed = ParseWalName(part.path)->failed_after.has_value();
    // Covered by segments, or made for a flush that never came to be.
    bool covered = !last && !failed && log->parts[i + 1].first_lsn <= committed + 1;
    bool stray = part.events.empty() && part.first_lsn > head + 1;
    if (covered || stray) {
      RETURN_IF_ERROR(storage.Remove(part.path));
      continue;
    }
    if (failed) log->has_failed_wal = true;
    if (part.torn && !failed) {
      ASSIGN_OR_RETURN(auto file, storage.OpenAppend(part.path));
      RETURN_IF_ERROR(file->Truncate(part.valid_bytes));
    }
    left.push_back(std::move(part));
  }
  log->parts = std::move(left);
  return Status::Ok();
}

}  // namespace

Result<RecoveredLog> RecoverLog(StorageBackend& storage) {
  RecoveredLog log;
  RETURN_IF_ERROR(CheckNotRestoring(storage));
  // The process before may have ended between a change and its sync. What this one removes, and what it appends, rests
  // on what it sees now: that becomes durable first, names and contents.
  for (std::string_view folder : {"", "events", "_meta", "_meta/wal"}) RETURN_IF_ERROR(storage.SyncNames(folder));
  ASSIGN_OR_RETURN(log.manifest, ReadEventManifest(storage));
  ASSIGN_OR_RETURN(log.line, ReadLine(storage));
  ASSIGN_OR_RETURN(auto parts, ReadWalDirectory(storage, {.sync = true, .recovering = true}));
  if (!parts) return Status(StatusCode::kBusy, "a WAL file went while it was read");
  log.parts = std::move(*parts);
  RETURN_IF_ERROR(JoinTail(&log));
  // Every segment is opened, so that a damaged database is not written to.
  for (const SegmentEntry& entry : log.manifest.segments) {
    if (log.manifest.checkpoint < entry.max_lsn || &entry == &log.manifest.segments.back()) {
      ASSIGN_OR_RETURN(auto segment, Segment::Open(storage, entry, log.manifest.database_id));
      (void)segment;
      continue;
    }
    ASSIGN_OR_RETURN(auto found, storage.Stat(entry.path));
    if (!found || found->size != static_cast<uint64_t>(entry.size_bytes)) {
      return Corruption(entry.path + (found ? " has another size than events/manifest.json says"
                                            : " is missing; events/manifest.json names it"),
                        "parquedb verify; then pull from a backup");
    }
  }
  ASSIGN_OR_RETURN(log.last_id, LastId(storage, log));
  RETURN_IF_ERROR(RemoveLitter(storage, log.manifest));
  RETURN_IF_ERROR(MendWal(storage, &log));
  return log;
}

}  // namespace parquedb
