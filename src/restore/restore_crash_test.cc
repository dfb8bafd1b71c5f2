// Restores and drops on a disk that crashes at every operation: each is one batch, all or nothing.
#include "database/crash_suite.h"
#include "document/value.h"
#include "replay/instant.h"
#include "restore/restore.h"
#include "restore/selected_restore.h"
#include "restore/undo_actor.h"

namespace parquedb {
namespace {

// The cut at an lsn of the log as it is now.
Result<Cut> CutAt(ScriptedDatabase& db, int64_t lsn) {
  ASSIGN_OR_RETURN(View view, db.db().state().TakeReaderView());
  return CutAtLsn(db.db().state().storage(), view, lsn);
}

// lsn 1-2 make a and b, 3-4 change a and make c. What was there after lsn 2.
Result<TestDocuments> Begin(ScriptedDatabase& db) {
  RETURN_IF_ERROR(db.Open());
  RETURN_IF_ERROR(db.Put("a", 1));
  RETURN_IF_ERROR(db.Put("b", 2));
  TestDocuments old = db.acknowledged;
  RETURN_IF_ERROR(db.Put("a", 3));
  RETURN_IF_ERROR(db.Put("c", 4));
  return old;
}

// Everything goes and comes back.
Status RunRestores(ScriptedDatabase& db) {
  ASSIGN_OR_RETURN(const TestDocuments old, Begin(db));
  RETURN_IF_ERROR(db.Step({}, [&] { return DropNamespace(db.db().state(), "docs").status(); }));
  RETURN_IF_ERROR(db.Flush());
  RETURN_IF_ERROR(db.Step({{"docs/a", old.at("docs/a")}}, [&] {
    ASSIGN_OR_RETURN(Cut cut, CutAt(db, 2));
    return RestoreEntity(db.db().state(), "docs/a", cut).status();
  }));
  RETURN_IF_ERROR(db.Checkpoint());
  RETURN_IF_ERROR(db.Put("d", 5));
  RETURN_IF_ERROR(db.Step(old, [&] {
    ASSIGN_OR_RETURN(Cut cut, CutAt(db, 2));
    return RestoreNamespaces(db.db().state(), {"docs"}, cut).status();
  }));
  return db.Put("e", 6);
}

// One actor's changes undone over what another wrote, and what a filter and a link select.
Status RunParts(ScriptedDatabase& db) {
  ASSIGN_OR_RETURN(const TestDocuments old, Begin(db));
  RETURN_IF_ERROR(db.Flush());
  RETURN_IF_ERROR(db.Step(old, [&] {
    ASSIGN_OR_RETURN(Cut from, CutAt(db, 2));
    ASSIGN_OR_RETURN(Cut to, CutAt(db, 4));
    return UndoActor(db.db().state(), {.actor = db.db().state().actor(), .from = from, .to = to, .force = true}, false)
        .status();
  }));
  RETURN_IF_ERROR(db.Step({}, [&] { return DropNamespace(db.db().state(), "docs").status(); }));
  RETURN_IF_ERROR(db.Checkpoint());
  RETURN_IF_ERROR(db.Step(old, [&] {
    ASSIGN_OR_RETURN(Cut cut, CutAt(db, 2));
    ASSIGN_OR_RETURN(Value text, ParseJson("{}"));
    ASSIGN_OR_RETURN(Filter filter, Filter::Compile(text, {}));
    return RestoreSelected(db.db().state(), {.filter = &filter, .with_links = 1}, cut, false).status();
  }));
  return db.Put("e", 6);
}

INSTANTIATE_TEST_SUITE_P(Parts, CrashTest,
                         testing::Values(CrashCase{"ThroughTheWal", RunParts, nullptr},
                                         CrashCase{"IntoSegments", RunParts, "100"}),
                         [](const auto& test) { return std::string(test.param.name); });

INSTANTIATE_TEST_SUITE_P(Restores, CrashTest,
                         testing::Values(CrashCase{"ThroughTheWal", RunRestores, nullptr},
                                         CrashCase{"IntoSegments", RunRestores, "100"}),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace parquedb
