#include "database/query_run.h"

#include <algorithm>
#include <vector>

#include "model/state_text.h"
#include "replay/state.h"

namespace parquedb {
namespace {

// Calls `take` with every entity that the filter lets pass; `take` returns false when it has enough.
using Take = std::function<Result<bool>(const Entity& entity, const Value* value)>;

bool NeedsValue(const QueryRequest& request) {
  return (request.filter && !request.filter->matches_all()) || request.sort || request.projection;
}

Result<bool> Offer(const QueryRequest& request, const Entity& entity, const Take& take) {
  if (!NeedsValue(request)) return take(entity, nullptr);
  ASSIGN_OR_RETURN(Value value, EntityToValue(entity));
  if (request.filter && !request.filter->Matches(value)) return true;
  return take(entity, &value);
}

Status Scan(const StorageBackend& storage, const View& view, const QueryRequest& request, const Take& take) {
  if (!request.id.empty()) {
    ASSIGN_OR_RETURN(auto entity, FindEntity(storage, view, request.id, request.cut));
    if (!entity) return Status::Ok();
    ASSIGN_OR_RETURN(bool more, Offer(request, *entity, take));
    (void)more;
    return Status::Ok();
  }
  ASSIGN_OR_RETURN(auto cursor, OpenState(storage, view, {.cut = request.cut, .namespaces = {request.ns}}));
  Entity entity;
  while (true) {
    ASSIGN_OR_RETURN(bool any, cursor->Next(&entity));
    if (!any) return Status::Ok();
    ASSIGN_OR_RETURN(bool more, Offer(request, entity, take));
    if (!more) return Status::Ok();
  }
}

std::string ResultText(const QueryRequest& request, const Entity& entity, const Value* value) {
  return request.projection ? WriteJson(request.projection->Apply(*value)) : EncodeEntityJson(entity);
}

Status RunSorted(const StorageBackend& storage, const View& view, const QueryRequest& request,
                 const std::function<Status(std::string_view)>& emit) {
  struct Hit {
    Value value;
    std::string text;
  };
  std::vector<Hit> hits;
  RETURN_IF_ERROR(Scan(storage, view, request, [&](const Entity& entity, const Value* value) -> Result<bool> {
    hits.push_back({*value, ResultText(request, entity, value)});
    return true;
  }));
  std::stable_sort(hits.begin(), hits.end(),
                   [&](const Hit& a, const Hit& b) { return request.sort->Compare(a.value, b.value) < 0; });
  size_t begin = std::min<size_t>(hits.size(), static_cast<size_t>(request.skip));
  size_t end = hits.size();
  if (request.limit) end = std::min<size_t>(end, begin + static_cast<size_t>(*request.limit));
  for (size_t i = begin; i < end; ++i) RETURN_IF_ERROR(emit(hits[i].text));
  return Status::Ok();
}

}  // namespace

Status ParseQuery(std::string_view filter, std::string_view sort, std::string_view fields, QueryRequest* request) {
  if (!filter.empty()) {
    auto value = ParseJson(filter);
    if (!value.ok()) return InvalidArgument("--filter: " + value.status().message());
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
                const std::function<Status(std::string_view json)>& emit) {
  if (request.limit == 0) return Status::Ok();
  if (request.sort) return RunSorted(storage, view, request, emit);
  int64_t seen = 0, given = 0;
  RETURN_IF_ERROR(Scan(storage, view, request, [&](const Entity& entity, const Value* value) -> Result<bool> {
    if (seen++ < request.skip) return true;
    RETURN_IF_ERROR(emit(ResultText(request, entity, value)));
    ++given;
    return !request.limit || given < *request.limit;
  }));
  return Status::Ok();
}

Result<int64_t> CountQuery(const StorageBackend& storage, const View& view, const QueryRequest& request) {
  QueryRequest counted = request;
  counted.sort.reset();
  counted.projection.reset();
  int64_t count = 0;
  RETURN_IF_ERROR(Scan(storage, view, counted, [&](const Entity&, const Value*) -> Result<bool> {
    ++count;
    return true;
  }));
  count = std::max<int64_t>(0, count - request.skip);
  return request.limit ? std::min(count, *request.limit) : count;
}

}  // namespace parquedb
