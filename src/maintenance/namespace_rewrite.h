// One namespace's part of a checkpoint: its old data file and its changes become a new data, forward and bloom file,
// and the links that came or went are handed on for the reverse files.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "collection/data_file.h"
#include "collection/rels_file.h"
#include "core/external_sort.h"
#include "parquedb/progress.h"
#include "parquedb/storage.h"
#include "replay/change_cursor.h"

namespace parquedb {

// Links that came (+) or went (-), sorted by target; later records win over earlier ones of the same link.
class LinkChanges {
 public:
  LinkChanges();
  Status Add(const LinkRow& link, bool present);
  Status Finish();
  struct Item {
    LinkRow link;
    bool present = false;
  };
  // In the order of a reverse file, each link once, with its last word.
  Result<bool> Next(Item* item);

 private:
  Result<bool> NextRaw(Item* item);
  ExternalSorter sorter_;
  Item ahead_;
  bool has_ahead_ = false, started_ = false;
};

struct NamespaceSource {
  std::string ns;
  std::shared_ptr<DataFile> old_file;  // null: none
  int64_t through = 0;                 // the new files' lsn
  std::string database_id;
  std::optional<StateDigest> digest;  // of the namespace at `through`, if the log says it; else it is summed up
  Progress* progress = nullptr;       // may be null; counts rows that are read
  bool all_links = false;  // hand on every link, not only those of changed entities (the reverse files are made anew)
};

struct NamespaceFiles {
  std::vector<std::unique_ptr<PendingFile>> files;
  std::map<std::string, std::string> hashes;  // of those that were hashed while they were written, by path
  bool has_links = false;
  int64_t rows = 0;
};

// Reads `changes` while they are of this namespace; `change` holds the first of them and, at the end, the first that is
// not (or *more is false). `reopen` gives the same changes again: if the columns chosen from the old counts and a
// sample turn out wrong, the namespace is written a second time with the exact ones.
struct ChangeStream {
  ChangeCursor* cursor = nullptr;
  Change change;
  bool more = false;
};
Result<NamespaceFiles> RewriteNamespace(StorageBackend& storage, const NamespaceSource& source, ChangeStream* stream,
                                        const std::function<Result<std::unique_ptr<ChangeCursor>>()>& reopen,
                                        LinkChanges* links);

}  // namespace parquedb
