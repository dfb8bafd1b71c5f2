// The state of a database at a cut, from data files where they are old enough and from the log behind them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collection/data_file.h"
#include "collection/entity_cursor.h"
#include "eventlog/view.h"
#include "replay/change_cursor.h"

namespace parquedb {

// The data files of a view, opened when asked for. Must outlive the cursors made from it. One thread.
class DataFiles {
 public:
  DataFiles(const StorageBackend& storage, const View& view);

  struct Source {
    std::shared_ptr<DataFile> file;  // null: no usable file, everything comes from the log
    int64_t through = 0;             // events behind this lsn are not in the file
  };
  // The source for a namespace when the state at `cut` is wanted: a file that goes further than the cut is of no use.
  Result<Source> For(std::string_view ns, int64_t cut);
  // Namespaces that have a data file in the view.
  std::vector<std::string> namespaces() const;

 private:
  const StorageBackend& storage_;
  const View& view_;
  std::map<std::string, Source, std::less<>> open_;
};

struct StateRequest {
  int64_t cut = 0;
  std::vector<std::string> namespaces;  // empty: all
};

// Entities alive at the cut, in id order, streamed. Memory as OpenChanges plus one page a column of a data file.
Result<std::unique_ptr<EntityCursor>> OpenState(const StorageBackend& storage, const View& view,
                                                const StateRequest& request);

// Finds single entities; keeps what it opened (footers, bloom filters), so the next look is cheap. The view must
// outlive it. One thread.
class EntityLookup {
 public:
  EntityLookup(const StorageBackend& storage, const View& view)
      : storage_(storage), view_(view), files_(storage, view) {}
  // The state text at the cut; nullopt when there is no such entity then.
  Result<std::optional<std::string>> FindState(std::string_view id, int64_t cut);
  Result<std::optional<Entity>> Find(std::string_view id, int64_t cut);

 private:
  Result<std::shared_ptr<Segment>> OpenSegment(const SegmentEntry& entry);
  const StorageBackend& storage_;
  const View& view_;
  DataFiles files_;
  std::map<int64_t, std::shared_ptr<Segment>> segments_;  // by seq
};

// One entity at the cut; reads as few pages as it can.
Result<std::optional<Entity>> FindEntity(const StorageBackend& storage, const View& view, std::string_view id,
                                         int64_t cut);

// Namespaces that any event names (at any time), sorted.
Result<std::vector<std::string>> ListNamespaces(const StorageBackend& storage, const View& view);

// True if any event names it; reads no more of the log than it takes to find one.
Result<bool> HasNamespace(const StorageBackend& storage, const View& view, std::string_view ns);

// Entities of each namespace at the view's checkpoint, from the footers of the data files that it pins; a damaged file
// is left out.
std::map<std::string, int64_t> CountAtCheckpoint(const View& view);

// At least as many entities as there are in these namespaces (empty: all) at the head, for who wants to tell how far it
// is: those at the checkpoint, and one for each event since.
int64_t EstimateEntities(const View& view, const std::vector<std::string>& namespaces);

}  // namespace parquedb
