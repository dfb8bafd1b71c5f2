// Random histories against a model of maps: whatever happens to the log meanwhile (flush, checkpoint, bases,
// compaction, retirement, reopening, power cuts), the state at every lsn and every instant of the window is the
// model's, and what lies before the window is refused. PARQUEDB_HISTORIES and PARQUEDB_HISTORY_OPS make longer runs,
// PARQUEDB_TEST_SEED repeats one.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "core/clock.h"
#include "core/test_hooks.h"
#include "database/database_state.h"
#include "parquedb/database.h"
#include "replay/instant.h"
#include "replay/state.h"
#include "storage/memory_backend.h"

namespace parquedb {
namespace {

struct ModelEntity {
  int64_t version = 1;
  std::vector<std::pair<std::string, std::string>> fields;  // in their order; value texts
  std::map<std::string, std::set<std::string>> links;

  std::string Text() const {
    std::string text;
    for (const auto& [predicate, targets] : links) {
      std::string list;
      for (const std::string& target : targets) list += (list.empty() ? "\"" : ",\"") + target + "\"";
      text += (text.empty() ? "" : ",") + ("\"" + predicate + "\":[" + list + "]");
    }
    if (!text.empty()) text = "\"$links\":{" + text + "}";
    for (const auto& [name, value] : fields) text += (text.empty() ? "" : ",") + ("\"" + name + "\":" + value);
    return "{" + text + "}";
  }
  bool operator==(const ModelEntity&) const = default;
};
using Model = std::map<std::string, ModelEntity>;  // by "ns/id"

std::string TextOf(const Model& model) {
  std::string text;
  for (const auto& [id, entity] : model)
    text += id + " v" + std::to_string(entity.version) + " " + entity.Text() + "\n";
  return text;
}

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class History {
 public:
  explicit History(uint64_t seed) : random_(seed) {
    // Every other history has bases: behind every segment, or where the product puts them if it were for such small
    // logs.
    const uint64_t bases = Pick(4);
    if (bases < 2) ::setenv(kBaseBytesVariable, bases == 0 ? "0" : "1", 1);
  }
  ~History() { ::unsetenv(kBaseBytesVariable); }

  void Run(uint64_t operations, bool every_lsn) {
    Open();
    for (uint64_t i = 0; i < operations && !testing::Test::HasFatalFailure(); ++i) {
      clock_.Advance(static_cast<int64_t>(random_.Next() % 3));
      Step();
      ++step_;
    }
    if (testing::Test::HasFatalFailure()) return;
    Reopen();
    for (int64_t lsn = every_lsn ? 0 : static_cast<int64_t>(Pick(10)); lsn <= head(); lsn += every_lsn ? 1 : 10) {
      ExpectStateAt(lsn);
      if (!ids_[static_cast<size_t>(lsn)].empty()) ExpectState(ids_[static_cast<size_t>(lsn)], lsn);
      for (int64_t beside : {-1, 0, 1}) ExpectStateAtTime(times_[static_cast<size_t>(lsn)] + beside);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
  int64_t head() const { return static_cast<int64_t>(states_.size()) - 1; }
  int64_t merges() const { return merges_; }
  int64_t retired() const { return retired_; }

 private:
  uint64_t Pick(uint64_t below) { return random_.Next() % below; }
  std::string Ns() { return Pick(3) == 0 ? "b" : "a"; }
  std::string Local() { return "d" + std::to_string(Pick(9)); }
  std::string Value() {
    int64_t n = ++values_;
    return Pick(2) == 0 ? std::to_string(n) : "\"v" + std::to_string(n) + "\"";
  }

  void Open() {
    db_.reset();
    OpenOptions options;
    options.storage = std::make_shared<MemoryBackend>(disk_);
    options.create_if_missing = true;
    options.name = "history";
    options.clock = &clock_;
    options.lock_timeout_ms = 0;
    auto db = ParqueDB::Open(options);
    ASSERT_TRUE(db.ok()) << db.status().message();
    db_ = std::move(*db);
  }
  // The process ends, or the power goes: what was acknowledged stays.
  void Reopen() {
    db_.reset();
    if (Pick(2) == 0)
      disk_->EndProcess();
    else
      disk_->CutPower(random_);
    Open();
    if (!testing::Test::HasFatalFailure()) Check();
  }

  void Step() {
    const std::string ns = Ns(), local = Local(), id = ns + "/" + local;
    switch (Pick(22)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return Create(ns, local);
      case 4:
      case 5:
      case 6:
        return Replace(ns, local);
      case 7:
      case 8:
      case 9:
      case 10:
        return Update(ns, local);
      case 11:
      case 12:
        return Delete(ns, local);
      case 13:
      case 14:
        return Link(ns, local);
      case 15:
        return Unlink(ns, local);
      case 16:
        return Batch(ns);
      case 17:
        ASSERT_TRUE(db_->Flush().ok());
        return Check();
      case 18:
        ASSERT_TRUE(db_->Checkpoint().ok());
        return Check();
      case 19:
        return Compact({});
      case 20:
        // Half of them go back so far that nothing is retired.
        return Compact({.floor_ms = times_[Pick(states_.size())] + static_cast<int64_t>(Pick(2))});
      default:
        return Reopen();
    }
  }

  // Merges of all segments, or of some: small ones into ones that are not much larger.
  void Compact(CompactionRequest request) {
    if (Pick(2) == 0) request.small_bytes = 3000 + static_cast<int64_t>(Pick(6000));
    if (Pick(2) == 0) request.merged_bytes = 6000 + static_cast<int64_t>(Pick(12000));
    auto plan = db_->state().Compact(request, false);
    ASSERT_TRUE(plan.ok()) << "step " << step_ << ": " << plan.status().message();
    if (plan->cut > 0) {
      ASSERT_GT(plan->cut, begin_);
      ASSERT_LT(times_[static_cast<size_t>(plan->cut)], *request.floor_ms);
      begin_ = plan->cut;
    }
    merges_ += plan->merge_count();
    retired_ += plan->retired_events();
    auto again = db_->state().Compact(request, true);
    ASSERT_TRUE(again.ok()) << again.status().message();
    ASSERT_EQ(again->cut, 0) << "step " << step_ << ": what was retired is retired again";
    Check();
  }

  // The entity as the next state has it; what it holds afterwards is committed by Changed.
  ModelEntity* Present(const std::string& id) {
    next_ = states_.back();
    auto found = next_.find(id);
    return found == next_.end() ? nullptr : &found->second;
  }
  // The operation had an effect: one event.
  void Changed(const Status& status, ModelEntity* entity) {
    ASSERT_TRUE(status.ok()) << "step " << step_ << ": " << status.message();
    if (entity != nullptr) ++entity->version;
    states_.push_back(std::move(next_));
    Note();
  }
  // The last event's time and id.
  void Note() {
    times_.resize(states_.size(), clock_.NowMs());
    ids_.resize(states_.size());
    ids_.back() = db_->state().UndoPoint();
  }
  void Refused(const Status& status, StatusCode code) {
    ASSERT_EQ(status.code(), code) << "step " << step_ << ": " << status.message();
  }

  void Create(const std::string& ns, const std::string& local) {
    ModelEntity fresh;
    fresh.fields = {{"n", Value()}, {"m", Value()}};
    Status status = db_->collection(ns).Create(*Document::Parse(fresh.Text()), {.id = local}).status();
    if (Present(ns + "/" + local) != nullptr) return Refused(status, StatusCode::kConflict);
    next_[ns + "/" + local] = fresh;
    Changed(status, nullptr);
  }
  void Replace(const std::string& ns, const std::string& local) {
    std::vector<std::pair<std::string, std::string>> fields = {{"m", Value()}};
    if (Pick(2) == 0) fields.emplace_back("k", Value());
    ModelEntity shown;
    shown.fields = fields;
    Status status = db_->collection(ns).Replace(local, *Document::Parse(shown.Text())).status();
    ModelEntity* entity = Present(ns + "/" + local);
    if (entity == nullptr) return Refused(status, StatusCode::kNotFound);
    entity->fields = fields;
    Changed(status, entity);
  }
  // $set of one field, $unset of another that may be missing.
  void Update(const std::string& ns, const std::string& local) {
    ModelEntity* entity = Present(ns + "/" + local);
    const bool sets = Pick(3) != 0;
    const std::string set = std::vector<std::string>{"n", "m", "k"}[Pick(3)], unset = set == "k" ? "m" : "k",
                      value = Value();
    std::string update = sets ? "{\"$set\":{\"" + set + "\":" + value + "},\"$unset\":{\"" + unset + "\":\"\"}}"
                              : "{\"$unset\":{\"" + unset + "\":\"\"}}";
    Status status = db_->collection(ns).Update(local, *Document::Parse(update)).status();
    if (entity == nullptr) return Refused(status, StatusCode::kNotFound);
    ModelEntity before = *entity;
    auto field =
        std::find_if(entity->fields.begin(), entity->fields.end(), [&](const auto& f) { return f.first == set; });
    if (sets && field != entity->fields.end())
      field->second = value;
    else if (sets)
      entity->fields.emplace_back(set, value);
    std::erase_if(entity->fields, [&](const auto& f) { return f.first == unset; });
    if (*entity == before) return Refused(status, StatusCode::kOk);  // without effect: no event
    Changed(status, entity);
  }
  void Delete(const std::string& ns, const std::string& local) {
    Status status = db_->collection(ns).Delete(local);
    if (Present(ns + "/" + local) == nullptr) return Refused(status, StatusCode::kNotFound);
    next_.erase(ns + "/" + local);
    Changed(status, nullptr);
  }
  void Link(const std::string& ns, const std::string& local) {
    const std::string predicate = Pick(2) == 0 ? "p" : "q", to = Ns() + "/" + Local();
    Status status = db_->collection(ns).Link(local, predicate, to, true).status();
    ModelEntity* entity = Present(ns + "/" + local);
    if (entity == nullptr) return Refused(status, StatusCode::kNotFound);
    if (!entity->links[predicate].insert(to).second) return Refused(status, StatusCode::kOk);
    Changed(status, entity);
  }
  void Unlink(const std::string& ns, const std::string& local) {
    ModelEntity* entity = Present(ns + "/" + local);
    if (entity == nullptr || entity->links.empty()) return;
    auto links = entity->links.begin();
    const std::string predicate = links->first, to = *links->second.begin();
    links->second.erase(to);
    if (links->second.empty()) entity->links.erase(links);
    Changed(db_->collection(ns).Unlink(local, predicate, to).status(), entity);
  }
  // New documents, all or nothing: one that exists refuses all.
  void Batch(const std::string& ns) {
    std::vector<Document> documents;
    std::vector<Model> states = {states_.back()};
    bool exists = false;
    for (uint64_t first = Pick(7), at = first; at < first + 2; ++at) {
      ModelEntity fresh;
      fresh.fields = {{"n", Value()}};
      std::string id = ns + "/d" + std::to_string(at);
      documents.push_back(*Document::Parse("{\"$id\":\"" + id + "\"," + fresh.Text().substr(1)));
      exists |= states.back().contains(id);
      states.push_back(states.back());
      states.back()[id] = fresh;
    }
    Status status = db_->collection(ns).CreateMany(documents).status();
    if (exists) return Refused(status, StatusCode::kConflict);
    ASSERT_TRUE(status.ok()) << "step " << step_ << ": " << status.message();
    states_.insert(states_.end(), states.begin() + 1, states.end());
    Note();
  }

  // The head, another lsn, a few documents by the writer's own eyes, and who links to one of them.
  void Check() {
    ExpectStateAt(head());
    ExpectStateAt(static_cast<int64_t>(Pick(states_.size())));
    const Model& model = states_.back();
    std::string ns = Ns(), local = Local(), id = ns + "/" + local;
    auto found = db_->collection(ns).Get(local);
    ASSERT_TRUE(found.ok()) << found.status().message();
    auto expected = model.find(id);
    ASSERT_EQ(found->has_value(), expected != model.end()) << "step " << step_ << ": " << id;
    if (*found) {
      ASSERT_EQ((*found)->data, expected->second.Text()) << "step " << step_;
    }
    std::vector<std::string> linked;
    for (const auto& [from, entity] : model) {
      auto links = entity.links.find("p");
      if (links != entity.links.end() && links->second.contains(id)) linked.push_back(from);
    }
    auto seen = db_->collection(ns).LinkedFrom(local, "p");
    ASSERT_TRUE(seen.ok()) << seen.status().message();
    ASSERT_EQ(*seen, linked) << "step " << step_ << ": who links to " << id;
  }

  void ExpectStateAt(int64_t lsn) { ExpectState("lsn:" + std::to_string(lsn), lsn); }
  // The last event that was not later counts.
  void ExpectStateAtTime(int64_t ts_ms) {
    auto later = std::upper_bound(times_.begin() + 1, times_.end(), ts_ms);
    ExpectState(std::to_string(ts_ms), later - times_.begin() - 1);
  }
  void ExpectState(const std::string& at, int64_t lsn) {
    const std::string where = "step " + std::to_string(step_) + ", " + at + " of " + std::to_string(head());
    MemoryBackend storage(disk_);
    auto view = TakeView(storage, clock_.NowMs(), {.pin_all = true, .namespaces = {}});
    ASSERT_TRUE(view.ok()) << view.status().message();
    ASSERT_EQ(view->head, head()) << where;
    auto cut = ResolveInstant(storage, *view, at, clock_.NowMs());
    // At the ts of the event at the cut more events may have come; before it nothing is left.
    const bool is_time = at.find_first_not_of("0123456789") == std::string::npos && at.size() == 13;
    const bool is_gone = lsn < begin_ || (is_time && std::stoll(at) < times_[0]);
    if (is_gone) {
      ASSERT_EQ(cut.status().code(), StatusCode::kOutsideWindow) << where << ", the window begins at lsn " << begin_;
      return;
    }
    ASSERT_TRUE(cut.ok()) << where << ": " << cut.status().message();
    ASSERT_EQ(cut->lsn, lsn) << where;
    auto cursor = OpenState(storage, *view, {.cut = cut->lsn, .namespaces = {}});
    ASSERT_TRUE(cursor.ok()) << cursor.status().message();
    std::string text;
    Entity entity;
    while (true) {
      auto more = (*cursor)->Next(&entity);
      ASSERT_TRUE(more.ok()) << more.status().message();
      if (!*more) break;
      text += entity.id + " v" + std::to_string(entity.version) + " " + entity.data + "\n";
    }
    ASSERT_EQ(text, TextOf(states_[static_cast<size_t>(lsn)])) << where;
    const std::string id = Ns() + "/" + Local();
    auto found = FindEntity(storage, *view, id, cut->lsn);
    ASSERT_TRUE(found.ok()) << where << ": " << found.status().message();
    auto expected = states_[static_cast<size_t>(lsn)].find(id);
    ASSERT_EQ(found->has_value(), expected != states_[static_cast<size_t>(lsn)].end()) << where << ": " << id;
    if (!*found) return;
    ASSERT_EQ((*found)->data, expected->second.Text()) << where << ": " << id;
  }

  SeededRandom random_;
  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
  ManualClock clock_{1'700'000'000'000};
  std::unique_ptr<ParqueDB> db_;
  std::vector<Model> states_ = {{}};                  // by lsn
  std::vector<int64_t> times_ = {1'700'000'000'000};  // of the events, by lsn; [0]: the creation
  std::vector<std::string> ids_ = {""};               // of single events and of the last of a batch
  int64_t begin_ = 0;                                 // events through here are retired
  int64_t merges_ = 0, retired_ = 0;
  Model next_;
  int64_t values_ = 0;
  uint64_t step_ = 0;
};

TEST(HistoryPropertyTest, TheStateAtEveryLsnIsTheModels) {
  const uint64_t seed = FromEnvironment("PARQUEDB_TEST_SEED", SystemRandom().Next() % 1'000'000'000);
  const uint64_t histories = FromEnvironment("PARQUEDB_HISTORIES", 200),
                 operations = FromEnvironment("PARQUEDB_HISTORY_OPS", 200);
  std::printf("PARQUEDB_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  int64_t events = 0, merges = 0, retired = 0;
  for (uint64_t i = 0; i < histories; ++i) {
    SCOPED_TRACE("PARQUEDB_TEST_SEED=" + std::to_string(seed + i) + " PARQUEDB_HISTORIES=1");
    History history(seed + i);
    history.Run(operations, i % 4 == 0);  // the others look at every tenth lsn
    if (HasFatalFailure()) return;
    events += history.head();
    merges += history.merges();
    retired += history.retired();
  }
  EXPECT_GT(merges, static_cast<int64_t>(histories * operations / 200));
  EXPECT_GT(retired, static_cast<int64_t>(histories * operations / 40));
  EXPECT_GT(events, static_cast<int64_t>(histories * operations / 4));
}

}  // namespace
}  // namespace parquedb
