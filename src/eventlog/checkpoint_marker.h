// _meta/CHECKPOINT: a checkpoint that has not ended, and how far it got.
#pragma once

#include "parquedb/storage.h"

namespace parquedb {

enum class CheckpointMarker {
  kNone,
  kPreparing,  // new derived files are being made under temporary names; those in place are untouched
  kReplacing,  // they are being put in place: single files may be newer than events/manifest.json says, or missing
};

Result<CheckpointMarker> ReadCheckpointMarker(const StorageBackend& storage);
// Durable when it returns (kNone: some time later).
Status WriteCheckpointMarker(StorageBackend& storage, CheckpointMarker marker);

}  // namespace parquedb
