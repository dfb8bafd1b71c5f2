// A folder that becomes a database: under the marker _meta/RESTORING until its log is whole, so that nobody opens half
// of it; what an earlier run left that was cut off is removed first.
#pragma once

#include <set>
#include <string>

#include "core/clock.h"
#include "model/event_manifest.h"
#include "parquedb/storage.h"

namespace parquedb {

class FreshDirectory {
 public:
  FreshDirectory(StorageBackend& storage, Clock& clock) : storage_(storage), clock_(clock) {}
  // Sets the marker (`what` is its text) and removes files of the layout but those in `keep`.
  Status Begin(const std::string& what, const std::set<std::string>& keep);
  // The segments that the manifest names are durable: both manifests, then the marker goes. `digest`: of the state at
  // the head, hex.
  Status Commit(const EventManifest& manifest, const std::string& digest);

 private:
  StorageBackend& storage_;
  Clock& clock_;
};

}  // namespace parquedb
