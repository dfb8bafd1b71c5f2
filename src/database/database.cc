#include "parquedb/database.h"

#include "database/database_state.h"

namespace parquedb {

ParqueDB::ParqueDB(std::unique_ptr<DatabaseState> state) : state_(std::move(state)) {}
ParqueDB::~ParqueDB() = default;

Result<std::unique_ptr<ParqueDB>> ParqueDB::Open(OpenOptions options) {
  ASSIGN_OR_RETURN(auto state, DatabaseState::Open(std::move(options)));
  return std::unique_ptr<ParqueDB>(new ParqueDB(std::move(state)));
}

Collection ParqueDB::collection(std::string ns) { return Collection(state_.get(), std::move(ns)); }
Status ParqueDB::Flush() { return state_->Flush(); }
Status ParqueDB::Checkpoint() { return state_->Checkpoint(); }

}  // namespace parquedb
