#include "restore/namespace_pull.h"

#include <fmt/format.h>

#include "core/ulid.h"
#include "parquedb/database.h"
#include "restore/fresh_directory.h"
#include "restore/restore.h"

namespace parquedb {

PullResult NamespacePullPlan::transfer() const {
  PullResult result;
  for (const SegmentEntry& entry : base.segments) {
    result.downloaded.push_back({entry.path, entry.size_bytes});
    result.bytes += entry.size_bytes;
  }
  return result;
}

Result<NamespacePullPlan> PlanNamespacePull(const StorageBackend& source, const View& view, const Cut& cut,
                                            const std::vector<std::string>& namespaces) {
  RETURN_IF_ERROR(RequireNamespaces(source, view, namespaces));
  NamespacePullPlan plan{.cut = cut, .namespaces = namespaces, .base = {}};
  // Where the log stood at the cut: the state is the same from that event on.
  BaseCut base{.lsn = cut.lsn, .ts_ms = view.window_from_ms(), .id = cut.id};
  if (auto id = Ulid::Parse(cut.id)) base.ts_ms = id->ts_ms();
  ASSIGN_OR_RETURN(plan.base, PlanBase(source, view, base, namespaces));
  return plan;
}

Result<PullResult> ExecuteNamespacePull(const StorageBackend& source, const View& view, const NamespacePullPlan& plan,
                                        std::shared_ptr<StorageBackend> target, const std::string& name, Clock& clock) {
  FreshDirectory directory(*target, clock);
  RETURN_IF_ERROR(
      directory.Begin(fmt::format("pull of {} at lsn {}", fmt::join(plan.namespaces, ","), plan.cut.lsn), {}));
  EventManifest manifest;
  manifest.dataset = name;
  manifest.database_id = NewUlid(clock, SystemRandom()).ToString();
  manifest.created_at_ms = manifest.updated_at_ms = clock.NowMs();
  manifest.forked_from = ForkOrigin{view.manifest.database_id, plan.cut.lsn, plan.cut.id, plan.namespaces};
  manifest.compacted_through = plan.cut.lsn;
  manifest.lines = plan.base.lines;
  Base base;
  if (plan.cut.lsn > 0) {
    ASSIGN_OR_RETURN(base, WriteBase(source, view, plan.base, *target, 1, manifest.database_id, clock.NowMs()));
    manifest.segments = {base.entry};
    manifest.next_seq = 2;
  }
  RETURN_IF_ERROR(directory.Commit(manifest, base.digest.Hex()));
  ASSIGN_OR_RETURN(auto db, ParqueDB::Open({.storage = std::move(target), .verb = "verb pull", .clock = &clock}));
  RETURN_IF_ERROR(db->Checkpoint());
  return plan.transfer();
}

}  // namespace parquedb
