// _meta/manifest.json of a live directory: a record of what is there, written last by everything that changes files.
#pragma once

#include <map>
#include <set>
#include <string>

#include "eventlog/log_writer.h"
#include "maintenance/base_schedule.h"
#include "model/file_manifest.h"

namespace parquedb {

// The record for what `events/manifest.json` names now. What the previous record says of a file is taken over unless
// the file is in `rewritten`; others are hashed. Entities per namespace come from the data files' footers.
struct DirectoryRecord {
  const EventManifest& events;
  std::optional<FileManifest> previous;
  std::set<std::string> rewritten;
  std::map<std::string, std::string> hashes;  // that are known, by path; of derived files
  std::string digest;                         // at the head, hex
  int64_t now_ms = 0;
};
Result<FileManifest> DescribeDirectory(const StorageBackend& storage, const DirectoryRecord& record);

// DescribeDirectory, written. Durable when it returns.
Status WriteFileManifest(LogWriter& log, std::set<std::string> rewritten = {},
                         std::map<std::string, std::string> hashes = {});

// Flush of the log and the record behind it; what every writer calls.
// `bases` (may be null): those that are due then are added.
Status FlushAll(LogWriter& log, BaseSchedule* bases = nullptr);

}  // namespace parquedb
