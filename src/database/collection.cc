#include <set>

#include "core/ulid.h"
#include "database/database_state.h"
#include "database/query_run.h"
#include "model/layout.h"
#include "model/names.h"
#include "model/state_text.h"
#include "parquedb/database.h"
#include "replay/instant.h"
#include "replay/links.h"

namespace parquedb {
namespace {

Result<std::string> FullId(const std::string& ns, std::string_view id) {
  RETURN_IF_ERROR(CheckNamespace(ns));
  RETURN_IF_ERROR(CheckLocalId(id));
  return ns + "/" + std::string(id);
}

Status Missing(std::string_view id) { return NotFound("there is no entity " + std::string(id)); }

Status CheckVersion(const Entity& entity, const UpdateOptions& options) {
  if (!options.if_version || *options.if_version == entity.version) return Status::Ok();
  return Conflict(
      entity.id + " has version " + std::to_string(entity.version) + ", not " + std::to_string(*options.if_version),
      "read it again and decide anew");
}

PlanWrite CreatePlan(std::string id, std::string json) {
  return [id = std::move(id), json = std::move(json)](const std::optional<Entity>& before,
                                                      const Stamp& stamp) -> Result<std::optional<WritePlan>> {
    if (before) return Conflict("the id exists: " + id, "parquedb update " + id + " changes it");
    ASSIGN_OR_RETURN(Entity made, MakeEntity(id, json, stamp));
    return std::optional<WritePlan>({std::move(made), std::nullopt});
  };
}

// A plan that changes an existing entity by `change`.
template <typename Change>
PlanWrite ChangePlan(const std::string& id, const UpdateOptions& options, Change change) {
  return [=](const std::optional<Entity>& before, const Stamp& stamp) -> Result<std::optional<WritePlan>> {
    if (!before) return Missing(id);
    RETURN_IF_ERROR(CheckVersion(*before, options));
    Result<std::optional<Entity>> after = change(*before, stamp);
    if (!after.ok()) return after.status();
    if (!*after) return std::optional<WritePlan>();
    return std::optional<WritePlan>({std::move(*after), std::nullopt});
  };
}

Result<Entity> OnlyIfPresent(Result<std::optional<Entity>> outcome) {
  if (!outcome.ok()) return outcome.status();
  return std::move(**outcome);
}

// The local part of "$id" in a document, if it has one.
Result<std::optional<std::string>> OwnId(const std::string& ns, const Document& document) {
  ASSIGN_OR_RETURN(Value value, ParseJson(document.json()));
  const Value* id = value.as_object().if_contains("$id");
  if (id == nullptr) return std::optional<std::string>();
  if (!id->is_string()) return InvalidData("$id is not a string");
  auto name = ParseEntityId(std::string_view(id->as_string()));
  if (!name.ok()) return InvalidData(name.status().message());
  if (name->ns != ns) return InvalidData("$id " + std::string(id->as_string()) + " is not of the namespace " + ns);
  return std::optional<std::string>(name->local);
}

}  // namespace

Result<Entity> Collection::Create(const Document& document, const CreateOptions& options) {
  std::string local = options.id;
  if (local.empty()) {
    ASSIGN_OR_RETURN(auto own, OwnId(ns_, document));
    local = own ? *own : NewUlid(state_->clock(), SystemRandom()).ToString();
  }
  ASSIGN_OR_RETURN(std::string id, FullId(ns_, local));
  return OnlyIfPresent(state_->Write(id, CreatePlan(id, document.json())));
}

Result<std::vector<Entity>> Collection::CreateMany(const std::vector<Document>& documents) {
  std::vector<DatabaseState::PlannedWrite> writes;
  for (const Document& document : documents) {
    ASSIGN_OR_RETURN(auto own, OwnId(ns_, document));
    ASSIGN_OR_RETURN(std::string id, FullId(ns_, own ? *own : NewUlid(state_->clock(), SystemRandom()).ToString()));
    writes.push_back({id, CreatePlan(id, document.json())});
  }
  ASSIGN_OR_RETURN(auto outcomes, state_->WriteMany(writes));
  std::vector<Entity> entities;
  for (auto& outcome : outcomes) entities.push_back(std::move(*outcome));
  return entities;
}

Result<std::optional<Entity>> Collection::Get(std::string_view id) const {
  ASSIGN_OR_RETURN(std::string full, FullId(ns_, id));
  return state_->Get(full);
}

Result<Entity> Collection::Replace(std::string_view id, const Document& document, const UpdateOptions& options) {
  ASSIGN_OR_RETURN(std::string full, FullId(ns_, id));
  return OnlyIfPresent(
      state_->Write(full, ChangePlan(full, options, [json = document.json()](const Entity& before, const Stamp& stamp) {
                      return ReplaceFields(before, json, stamp);
                    })));
}

Result<Entity> Collection::Update(std::string_view id, const Document& update, const UpdateOptions& options) {
  ASSIGN_OR_RETURN(std::string full, FullId(ns_, id));
  ASSIGN_OR_RETURN(Value value, ParseJson(update.json()));
  ASSIGN_OR_RETURN(parquedb::Update compiled, parquedb::Update::Compile(value));
  return OnlyIfPresent(
      state_->Write(full, ChangePlan(full, options, [compiled](const Entity& before, const Stamp& stamp) {
                      return ApplyUpdate(before, compiled, stamp);
                    })));
}

Status Collection::Delete(std::string_view id) {
  ASSIGN_OR_RETURN(std::string full, FullId(ns_, id));
  auto plan = [full](const std::optional<Entity>& before, const Stamp&) -> Result<std::optional<WritePlan>> {
    if (!before) return Missing(full);
    return std::optional<WritePlan>(WritePlan{});
  };
  return state_->Write(full, plan).status();
}

namespace {

Result<QueryRequest> RequestOf(DatabaseState& state, const View& view, const std::string& ns,
                               const FindOptions& options) {
  QueryRequest request;
  request.ns = ns;
  request.cut = view.head;
  request.skip = options.skip;
  request.limit = options.limit;
  RETURN_IF_ERROR(ParseQuery(options.filter, options.sort, options.fields, &request));
  if (options.at.empty()) return request;
  ASSIGN_OR_RETURN(Cut cut, ResolveInstant(state.storage(), view, options.at, state.clock().NowMs()));
  request.cut = cut.lsn;
  return request;
}

}  // namespace

Status Collection::Find(const FindOptions& options, const std::function<Status(std::string_view json)>& emit) const {
  ASSIGN_OR_RETURN(View view, state_->TakeReaderView());
  ASSIGN_OR_RETURN(QueryRequest request, RequestOf(*state_, view, ns_, options));
  return RunQuery(state_->storage(), view, request, emit);
}

Result<int64_t> Collection::Count(const FindOptions& options) const {
  ASSIGN_OR_RETURN(View view, state_->TakeReaderView());
  ASSIGN_OR_RETURN(QueryRequest request, RequestOf(*state_, view, ns_, options));
  return CountQuery(state_->storage(), view, request);
}

Result<Entity> Collection::Link(std::string_view id, std::string_view predicate, std::string_view to,
                                bool allow_missing) {
  ASSIGN_OR_RETURN(std::string full, FullId(ns_, id));
  ASSIGN_OR_RETURN(EntityName name, ParseEntityId(to));
  (void)name;
  if (!allow_missing) {
    ASSIGN_OR_RETURN(auto end, state_->Get(to));
    if (!end) return Missing(to).WithHint("--allow-missing links to it all the same");
  }
  return OnlyIfPresent(state_->Write(full, ChangePlan(full, {},
                                                      [predicate = std::string(predicate), to = std::string(to)](
                                                          const Entity& before, const Stamp& stamp) {
                                                        return AddLink(before, predicate, to, stamp);
                                                      })));
}

Result<Entity> Collection::Unlink(std::string_view id, std::string_view predicate, std::string_view to) {
  ASSIGN_OR_RETURN(std::string full, FullId(ns_, id));
  return OnlyIfPresent(state_->Write(full, ChangePlan(full, {},
                                                      [predicate = std::string(predicate), to = std::string(to)](
                                                          const Entity& before, const Stamp& stamp) {
                                                        return RemoveLink(before, predicate, to, stamp);
                                                      })));
}

Result<std::vector<std::string>> Collection::LinkedFrom(std::string_view id, std::string_view predicate) const {
  ASSIGN_OR_RETURN(std::string full, FullId(ns_, id));
  ASSIGN_OR_RETURN(View view, state_->TakeReaderView());
  return FindLinksTo(state_->storage(), view, full, predicate);
}

}  // namespace parquedb
