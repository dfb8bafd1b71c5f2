#include "eventlog/checkpoint_marker.h"

#include "model/layout.h"

namespace parquedb {
namespace {

constexpr uint64_t kMaxMarkerBytes = 1024;
constexpr std::string_view kPreparingText = "preparing\n";
constexpr std::string_view kReplacingText = "replacing\n";

}  // namespace

Result<CheckpointMarker> ReadCheckpointMarker(const StorageBackend& storage) {
  auto text = ReadWhole(storage, kCheckpointPath, kMaxMarkerBytes);
  if (text.ok()) return *text == kPreparingText ? CheckpointMarker::kPreparing : CheckpointMarker::kReplacing;
  if (text.status().code() == StatusCode::kNotFound) return CheckpointMarker::kNone;
  // Damaged: the worst is assumed.
  return text.status().code() == StatusCode::kCorruption ? Result<CheckpointMarker>(CheckpointMarker::kReplacing)
                                                         : text.status();
}

Status WriteCheckpointMarker(StorageBackend& storage, CheckpointMarker marker) {
  if (marker == CheckpointMarker::kNone) return storage.Remove(kCheckpointPath);
  return storage.Write(kCheckpointPath, marker == CheckpointMarker::kPreparing ? kPreparingText : kReplacingText);
}

}  // namespace parquedb
