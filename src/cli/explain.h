// --explain: what a verb read, what it did not need to read, and why.
#pragma once

#include "cli/session.h"
#include "replay/hits.h"

namespace parquedb {

// Nothing without --explain. Else says it on standard error, and returns it as the field `explain` of a JSON answer.
// `plan`: of a query, which may have no filter; null for other verbs.
std::optional<Object> Explain(Session& session, const View& view, const HitPlan* plan, bool has_filter);
// As a field of the answer, if there is something to explain.
void AddExplain(Session& session, const View& view, Object* answer);

}  // namespace parquedb
