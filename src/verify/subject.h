// What is verified, and what has been read of it.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "eventlog/view.h"
#include "model/file_manifest.h"
#include "parquedb/progress.h"
#include "parquedb/verify.h"
#include "verify/report.h"

namespace parquedb {

struct Subject {
  const StorageBackend& storage;
  VerifyLevel level;
  Report& report;
  bool is_backup = false;              // a snapshot: its record lists every file
  std::optional<FileManifest> record;  // _meta/manifest.json, or the snapshot; nullopt: missing or damaged
  View view;
  Progress* progress = nullptr;  // may be null
  bool cut_off = false;  // a checkpoint did not end (marker): derived files may be newer than both manifests say

  // The record was written before the last flush or checkpoint: files it does not know as they are now are judged by
  // the log.
  bool record_is_behind() const {
    return !record || !record->metadata || cut_off || record->metadata->head < view.manifest.last_lsn() ||
           record->metadata->checkpoint < view.manifest.checkpoint;
  }
};

}  // namespace parquedb
