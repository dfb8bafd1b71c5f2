#include "replay/hits.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "collection/row_selector.h"
#include "model/state_text.h"
#include "replay/change_prefetch.h"
#include "replay/file_hits.h"
#include "replay/state.h"

namespace parquedb {
namespace {

// The hits of a data file and the changes of its namespace since, both in id order: a changed entity's old row does not
// count, its new state is judged anew.
class MergedHits : public HitCursor {
 public:
  explicit MergedHits(MakeHit make) : make_(std::move(make)) {}  // null: everything is a hit, by its id alone

  Status StartChanges(std::unique_ptr<ChangeCursor> changes) {
    changes_ = std::move(changes);
    return AdvanceChange();
  }
  bool has_changes() const { return has_change_; }
  Status StartFile(std::unique_ptr<HitCursor> file) {
    file_ = std::move(file);
    return AdvanceFile();
  }

  Result<bool> Next(Hit* hit) override {
    while (has_row_ || has_change_) {
      if (has_row_ && (!has_change_ || row_.id < change_.id)) {
        std::swap(*hit, row_);
        RETURN_IF_ERROR(AdvanceFile());
        return true;
      }
      if (has_row_ && row_.id == change_.id) RETURN_IF_ERROR(AdvanceFile());
      bool wanted = false;
      if (!change_.deleted) {
        *hit = Hit();
        wanted = make_ == nullptr;
        if (!wanted) {
          RETURN_IF_ERROR(DecodeState(change_.id, change_.state, &entity_));
          ASSIGN_OR_RETURN(wanted, make_(entity_, hit));
        }
        hit->id = change_.id;
      }
      RETURN_IF_ERROR(AdvanceChange());
      if (wanted) return true;
    }
    return false;
  }

 private:
  Status AdvanceFile() {
    has_row_ = false;
    if (file_ == nullptr) return Status::Ok();
    ASSIGN_OR_RETURN(has_row_, file_->Next(&row_));
    return Status::Ok();
  }
  Status AdvanceChange() {
    has_change_ = false;
    if (changes_ == nullptr) return Status::Ok();
    ASSIGN_OR_RETURN(has_change_, changes_->Next(&change_));
    return Status::Ok();
  }

  std::unique_ptr<HitCursor> file_;
  std::unique_ptr<ChangeCursor> changes_;
  MakeHit make_;
  Hit row_;
  Change change_;
  Entity entity_;
  bool has_row_ = false, has_change_ = false;
};

// Where the state at the cut is found.
struct Sources {
  DataFiles::Source data;
  std::unique_ptr<ChangeCursor> changes;  // null: there are none
};

int ThreadsOf(const HitRequest& request) {
  return request.threads > 0 ? request.threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

enum class Texts { kWanted, kNotWanted };

Result<Sources> OpenSources(const StorageBackend& storage, const View& view, const HitRequest& request, Texts texts,
                            HitPlan* plan) {
  Sources sources;
  DataFiles files(storage, view);
  ASSIGN_OR_RETURN(sources.data, files.For(request.ns, request.cut));
  plan->has_file = sources.data.file != nullptr;
  plan->file_through = sources.data.through;
  if (plan->has_file && request.filter != nullptr) {
    plan->columns = PlanColumns(*request.filter, CatalogOf(*sources.data.file));
  }
  if (request.filter == nullptr) plan->columns.is_exact = true;
  if (sources.data.through >= request.cut) return sources;
  const ChangeRequest changes{
      .from = [&request, through = sources.data.through](
                  std::string_view ns) { return ns == request.ns ? std::optional(through) : std::nullopt; },
      .cut = request.cut,
      .farthest = sources.data.through,
      .lowest_after_base = sources.data.through == 0 ? INT64_MAX : 0,
      .states = texts == Texts::kWanted};
  ASSIGN_OR_RETURN(sources.changes, OpenChanges(storage, view, changes));
  if (ThreadsOf(request) > 1) sources.changes = ReadAhead(std::move(sources.changes));
  return sources;
}

FileHitRequest OfFile(const Sources& sources, const HitRequest& request, const HitPlan& plan) {
  return {.file = sources.data.file,
          .condition = plan.columns.condition,
          .make = request.make,
          .threads = ThreadsOf(request)};
}

}  // namespace

Result<std::unique_ptr<HitCursor>> OpenHits(const StorageBackend& storage, const View& view, const HitRequest& request,
                                            HitPlan* plan) {
  ASSIGN_OR_RETURN(Sources sources, OpenSources(storage, view, request, Texts::kWanted, plan));
  auto merged = std::make_unique<MergedHits>(request.make);
  RETURN_IF_ERROR(merged->StartChanges(std::move(sources.changes)));
  if (plan->has_file) RETURN_IF_ERROR(merged->StartFile(OpenFileHits(OfFile(sources, request, *plan))));
  return std::unique_ptr<HitCursor>(std::move(merged));
}

Result<int64_t> CountHits(const StorageBackend& storage, const View& view, const HitRequest& request, HitPlan* plan) {
  const bool all = request.filter == nullptr;
  ASSIGN_OR_RETURN(Sources sources,
                   OpenSources(storage, view, request, all ? Texts::kNotWanted : Texts::kWanted, plan));
  MergedHits merged(all ? MakeHit() : request.make);
  RETURN_IF_ERROR(merged.StartChanges(std::move(sources.changes)));
  plan->counted_by_columns = plan->has_file && plan->columns.is_exact;
  if (plan->counted_by_columns && !merged.has_changes())
    return CountRows(*sources.data.file, plan->columns.condition, ThreadsOf(request));
  if (plan->has_file) {
    FileHitRequest of_file = OfFile(sources, request, *plan);
    if (plan->counted_by_columns) of_file.make = nullptr;
    RETURN_IF_ERROR(merged.StartFile(OpenFileHits(std::move(of_file))));
  }
  int64_t count = 0;
  Hit hit;
  while (true) {
    ASSIGN_OR_RETURN(bool more, merged.Next(&hit));
    if (!more) return count;
    ++count;
  }
}

}  // namespace parquedb
