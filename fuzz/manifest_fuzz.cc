// Manifests, snapshots and commits: what is accepted is written and read again as the same.
#include <cstddef>
#include <cstdint>

#include "core/check.h"
#include "model/commit.h"
#include "model/event_manifest.h"
#include "model/file_manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace parquedb;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto events = DecodeEventManifest(text); events.ok()) {
    auto again = DecodeEventManifest(EncodeEventManifest(*events));
    PARQUEDB_CHECK(again.ok() && *again == *events);
  }
  if (auto files = DecodeFileManifest(text); files.ok()) {
    auto again = DecodeFileManifest(EncodeFileManifest(*files));
    PARQUEDB_CHECK(again.ok() && *again == *files);
    for (const auto& [path, file] : files->files) PARQUEDB_CHECK(path.find("..") == std::string::npos);
  }
  if (auto commit = DecodeCommit(text); commit.ok()) {
    auto again = DecodeCommit(EncodeCommit(*commit));
    PARQUEDB_CHECK(again.ok() && *again == *commit);
  }
  return 0;
}
