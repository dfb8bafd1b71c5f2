#include "database/query_run.h"

#include <algorithm>

#include "collection/entity_fields.h"
#include "core/limits.h"
#include "core/test_hooks.h"
#include "database/sorted_hits.h"
#include "model/state_text.h"
#include "replay/state.h"

namespace parquedb {
namespace {

constexpr int64_t kFewHits = 1000;  // a query that ends behind so many is not worth threads
constexpr uint64_t kSortedQueryBytes = 256 * kMiB;

bool HasFilter(const QueryRequest& request) { return request.filter && !request.filter->matches_all(); }

std::string TextOfHit(const QueryRequest& request, const Entity& entity, const Value* whole) {
  return request.projection ? WriteJson(request.projection->Apply(*whole)) : EncodeEntityJson(entity);
}

enum class Wanted { kCount, kText };

// Looks at no more of a document than the filter and the sort need, until it is known that the entity is a hit.
MakeHit MakeHitOf(const QueryRequest& request, Wanted wanted) {
  std::set<std::string, std::less<>> fields;
  if (HasFilter(request)) fields = request.filter->TopFields();
  if (request.sort && wanted == Wanted::kText) fields.merge(request.sort->TopFields());
  return [&request, wanted, fields = std::move(fields)](const Entity& entity, Hit* hit) -> Result<bool> {
    if (!fields.empty()) {
      ASSIGN_OR_RETURN(Value value, EntityFields(entity, fields));
      if (HasFilter(request) && !request.filter->Matches(value)) return false;
      if (request.sort && wanted == Wanted::kText) hit->sort_key = request.sort->KeyOf(value);
    }
    if (wanted == Wanted::kCount) return true;
    Value whole;
    if (request.projection) {
      ASSIGN_OR_RETURN(whole, EntityToValue(entity));
    }
    hit->text = TextOfHit(request, entity, &whole);
    return true;
  };
}

int ThreadsOf(const QueryRequest& request) {
  if (!request.sort && request.limit && *request.limit <= kFewHits && request.skip <= kFewHits) return 1;
  return request.threads;
}

HitRequest HitsOf(const QueryRequest& request, MakeHit make) {
  return {.ns = request.ns,
          .cut = request.cut,
          .filter = HasFilter(request) ? &*request.filter : nullptr,
          .make = std::move(make),
          .threads = ThreadsOf(request)};
}

// One entity, or none.
class SingleHit : public HitCursor {
 public:
  explicit SingleHit(std::optional<Hit> hit) : hit_(std::move(hit)) {}
  Result<bool> Next(Hit* hit) override {
    if (!hit_) return false;
    *hit = std::move(*hit_);
    hit_.reset();
    return true;
  }

 private:
  std::optional<Hit> hit_;
};

Result<std::unique_ptr<HitCursor>> OpenById(const StorageBackend& storage, const View& view,
                                            const QueryRequest& request, const MakeHit& make) {
  ASSIGN_OR_RETURN(auto entity, FindEntity(storage, view, request.id, request.cut));
  std::optional<Hit> hit;
  if (entity) {
    Hit made;
    ASSIGN_OR_RETURN(bool is_hit, make(*entity, &made));
    if (is_hit) hit = std::move(made);
  }
  return std::unique_ptr<HitCursor>(std::make_unique<SingleHit>(std::move(hit)));
}

Status RunSorted(HitCursor& hits, const QueryRequest& request, const std::function<Status(std::string_view)>& emit) {
  std::optional<int64_t> most;
  if (request.limit && *request.limit <= INT64_MAX - request.skip) most = request.skip + *request.limit;
  SortedHits sorted(most, static_cast<uint64_t>(TestNumber(kSortBytesVariable).value_or(kSortedQueryBytes)));
  Hit hit;
  while (true) {
    ASSIGN_OR_RETURN(bool more, hits.Next(&hit));
    if (!more) break;
    RETURN_IF_ERROR(sorted.Add(std::move(hit)));
  }
  RETURN_IF_ERROR(sorted.Finish());
  std::string_view text;
  for (int64_t seen = 0, given = 0; !request.limit || given < *request.limit; ++seen) {
    ASSIGN_OR_RETURN(bool more, sorted.Next(&text));
    if (!more) break;
    if (seen < request.skip) continue;
    RETURN_IF_ERROR(emit(text));
    ++given;
  }
  return Status::Ok();
}

constexpr std::string_view kFilterHint = "a filter is JSON, like '{\"status\":\"draft\"}'; see parquedb help filters";

}  // namespace

Status ParseQuery(std::string_view filter, std::string_view sort, std::string_view fields, QueryRequest* request) {
  if (!filter.empty()) {
    auto value = ParseJson(filter);
    if (!value.ok()) return InvalidArgument("--filter: " + value.status().message(), std::string(kFilterHint));
    auto compiled = Filter::Compile(*value, Filter::EntityFields());
    if (!compiled.ok()) return InvalidArgument("--filter: " + compiled.status().message(), compiled.status().hint());
    request->filter = std::move(*compiled);
  }
  if (!sort.empty()) {
    auto parsed = SortSpec::Parse(sort);
    if (!parsed.ok()) return InvalidArgument("--sort: " + parsed.status().message());
    request->sort = std::move(*parsed);
  }
  if (!fields.empty()) {
    auto parsed = Projection::Parse(fields);
    if (!parsed.ok()) return InvalidArgument("--fields: " + parsed.status().message());
    request->projection = std::move(*parsed);
  }
  return Status::Ok();
}

Status RunQuery(const StorageBackend& storage, const View& view, const QueryRequest& request,
                const std::function<Status(std::string_view json)>& emit, HitPlan* plan) {
  if (request.limit == 0) return Status::Ok();
  HitPlan unseen;
  MakeHit make = MakeHitOf(request, Wanted::kText);
  std::unique_ptr<HitCursor> hits;
  if (!request.id.empty()) {
    ASSIGN_OR_RETURN(hits, OpenById(storage, view, request, make));
  } else {
    ASSIGN_OR_RETURN(hits, OpenHits(storage, view, HitsOf(request, std::move(make)), plan != nullptr ? plan : &unseen));
  }
  if (request.sort) return RunSorted(*hits, request, emit);
  Hit hit;
  for (int64_t seen = 0, given = 0; !request.limit || given < *request.limit; ++seen) {
    ASSIGN_OR_RETURN(bool more, hits->Next(&hit));
    if (!more) break;
    if (seen < request.skip) continue;
    RETURN_IF_ERROR(emit(hit.text));
    ++given;
  }
  return Status::Ok();
}

Result<int64_t> CountQuery(const StorageBackend& storage, const View& view, const QueryRequest& request,
                           HitPlan* plan) {
  HitPlan unseen;
  MakeHit make = MakeHitOf(request, Wanted::kCount);
  int64_t count = 0;
  if (!request.id.empty()) {
    ASSIGN_OR_RETURN(auto one, OpenById(storage, view, request, make));
    Hit hit;
    ASSIGN_OR_RETURN(bool there, one->Next(&hit));
    count = there ? 1 : 0;
  } else {
    ASSIGN_OR_RETURN(count,
                     CountHits(storage, view, HitsOf(request, std::move(make)), plan != nullptr ? plan : &unseen));
  }
  count = std::max<int64_t>(0, count - request.skip);
  return request.limit ? std::min(count, *request.limit) : count;
}

}  // namespace parquedb
