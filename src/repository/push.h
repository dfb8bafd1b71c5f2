// A backup: what a view shows, as content-named objects, one snapshot and one commit. Plan first, then carry it out.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "eventlog/view.h"
#include "parquedb/progress.h"
#include "parquedb/sync.h"
#include "repository/repository.h"

namespace parquedb {

struct PushRequest {
  std::string owner, slug, visibility = "private";
  std::string writer_operator, writer_host, writer_line;
  bool full = false;  // renew the derived files, also where those of the last snapshot would do
  ConflictStrategy strategy = ConflictStrategy::kManual;
  std::map<std::string, int64_t> entities;  // per namespace, at the view's checkpoint
  int64_t now_ms = 0;
  Progress* progress = nullptr;  // may be null; bytes of objects that are uploaded
};

struct PushObject {
  std::string path;    // in the database
  std::string object;  // in the repository
  int64_t size = 0;
  std::string bytes;  // for what is made by the push (the manifest, the WAL's tail); else the file is read
  bool made = false;
  bool present = false;  // the repository has it
};

struct PushPlan {
  bool nothing_to_do = false;  // remote-wins
  bool only_instant = false;   // no change since the slug's newest snapshot
  std::vector<PushObject> objects;
  FileManifest snapshot;
  Commit commit;
  std::vector<std::string> warnings;  // derived files that are left out, and why
};

// `storage` and `view` (taken with pin_all) are the database's. kConflict as docs/ordering.md says. While the log
// behind the checkpoint of the slug's last snapshot is short, its derived files are taken over as one set: an hourly
// push then is the new segments. Derived files that were being replaced while the view was taken (not
// view.derived_together) are left out as a whole, a damaged one alone: the log holds everything.
Result<PushPlan> PlanPush(const StorageBackend& storage, const View& view, Repository& repository,
                          const PushRequest& request);

// Objects, snapshot, commit, fronts, in this order; when it returns OK the backup is complete and durable. Run again
// after a failure it takes up what is there.
Result<PushResult> ExecutePush(const StorageBackend& storage, const View& view, Repository& repository,
                               const PushRequest& request, PushPlan plan);
// What the plan says, as a result.
PushResult Describe(const PushPlan& plan);

}  // namespace parquedb
