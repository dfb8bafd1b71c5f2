#include "verify/state_checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/check.h"
#include "model/layout.h"
#include "model/names.h"
#include "model/state_text.h"
#include "verify/data_rows.h"
#include "verify/link_checks.h"
#include "verify/log_checks.h"

namespace parquedb {
namespace {

// Merges the fold with the data files, namespace by namespace.
class StateMerge {
 public:
  StateMerge(Subject& subject, const DerivedFiles& files, Fold& fold)
      : subject_(subject),
        report_(subject.report),
        files_(files),
        fold_(fold),
        links_(subject, files, fold.cuts(), subject.view.head) {}

  Status Run() {
    FoldedEntity entity;
    while (true) {
      ASSIGN_OR_RETURN(bool more, fold_.Next(&entity, report_));
      if (!more) break;
      RETURN_IF_ERROR(Take(entity));
    }
    RETURN_IF_ERROR(FinishNamespace());
    // Data files of namespaces that no event names.
    for (const auto& [ns, file] : files_.data) {
      if (seen_.contains(ns)) continue;
      RETURN_IF_ERROR(StartNamespace(ns));
      RETURN_IF_ERROR(FinishNamespace());
    }
    if (fold_.has_links() || !files_.forward.empty() || !files_.reverse.empty()) RETURN_IF_ERROR(links_.Finish());
    CheckRecordCounts();
    report_.SetCounts(Check::kEntityCounts, expected_, actual_);
    return Status::Ok();
  }

 private:
  size_t CutIndex(int64_t lsn) const {
    auto found = std::find(fold_.cuts().begin(), fold_.cuts().end(), lsn);
    PARQUEDB_CHECK(found != fold_.cuts().end());
    return static_cast<size_t>(found - fold_.cuts().begin());
  }

  Status Take(const FoldedEntity& entity) {
    std::string ns(NamespaceOfId(entity.id));
    if (ns != ns_) {
      RETURN_IF_ERROR(FinishNamespace());
      RETURN_IF_ERROR(StartNamespace(ns));
    }
    if (subject_.record && subject_.record->metadata &&
        entity.at[CutIndex(subject_.record->metadata->checkpoint)].alive)
      ++at_record_[ns];
    if (fold_.has_links() || !files_.forward.empty() || !files_.reverse.empty()) RETURN_IF_ERROR(links_.Add(entity));
    const FoldedEntity::At& at = entity.at[cut_];
    if (at.alive) ++expected_here_;
    return rows_ == nullptr ? Status::Ok() : CompareRow(entity, at);
  }

  Status StartNamespace(const std::string& ns) {
    ns_ = ns;
    seen_.insert(ns);
    expected_here_ = 0;
    auto file = files_.data.find(ns);
    cut_ = CutIndex(file != files_.data.end() ? file->second.cut : subject_.view.checkpoint);
    if (file == files_.data.end()) return Status::Ok();
    rows_ = std::make_unique<DataRows>(ns, file->second, report_, subject_.cut_off);
    return rows_->Open();
  }

  void Wrong(const std::string& id, LsnRange range, const std::string& what) {
    report_.Critical(Check::kEntityCounts, {.path = DataPath(ns_), .ns = ns_, .lsn_range = range},
                     fmt::format("{} {}", id, what));
  }

  Status CompareRow(const FoldedEntity& entity, const FoldedEntity::At& at) {
    int64_t cut = fold_.cuts()[cut_];
    while (!rows_->at_end() && rows_->entity().id < entity.id) {
      Wrong(rows_->entity().id, {1, cut}, "is a row that no event made");
      RETURN_IF_ERROR(rows_->Next().status());
    }
    bool has_row = !rows_->at_end() && rows_->entity().id == entity.id;
    if (has_row && !at.alive)
      Wrong(entity.id, {at.lsn, cut},
            at.lsn == 0 ? "is a row, and was made only later" : fmt::format("is a row, and lsn {} deleted it", at.lsn));
    if (has_row && at.alive && rows_->term() != at.term)
      Wrong(entity.id, {at.lsn, cut}, fmt::format("is not what lsn {} wrote", at.lsn));
    if (!has_row && at.alive && !rows_->broken())
      Wrong(entity.id, {at.lsn, cut}, fmt::format("is missing; lsn {} wrote it", at.lsn));
    return has_row ? rows_->Next().status() : Status::Ok();
  }

  Status FinishNamespace() {
    if (ns_.empty()) return Status::Ok();
    std::string path = DataPath(ns_);
    int64_t cut = fold_.cuts()[cut_];
    int64_t found = 0;
    if (rows_ != nullptr) {
      while (!rows_->at_end()) {
        Wrong(rows_->entity().id, {1, cut}, "is a row that no event made");
        RETURN_IF_ERROR(rows_->Next().status());
      }
      rows_->CheckFooter();
      int64_t size = files_.data.find(ns_)->second.size;
      Advance(subject_.progress, size, size);
      found = rows_->count();
      if (found != expected_here_ && !rows_->broken()) {
        report_.Critical(Check::kEntityCounts, {.path = path, .ns = ns_, .lsn_range = LsnRange{1, cut}},
                         fmt::format("{} rows; the log has {} entities of {}", found, expected_here_, ns_));
      }
    } else if (expected_here_ > 0 && !files_.IsDamaged(path)) {
      report_.Critical(
          Check::kEntityCounts, {.path = path, .ns = ns_, .lsn_range = LsnRange{1, cut}},
          fmt::format("no data file; the log has {} entities of {} at the checkpoint", expected_here_, ns_));
    }
    expected_ += expected_here_;
    actual_ += found;
    rows_.reset();
    ns_.clear();
    return Status::Ok();
  }

  void CheckRecordCounts() {
    if (!subject_.record || !subject_.record->metadata) return;
    const auto& recorded = subject_.record->metadata->entities;
    std::map<std::string, int64_t> all = at_record_;
    for (const auto& [ns, count] : recorded) all.emplace(ns, 0);
    for (const auto& [ns, count] : all) {
      auto found = recorded.find(ns);
      int64_t said = found == recorded.end() ? 0 : found->second;
      if (said == count || files_.IsDamaged(DataPath(ns))) continue;
      FindingPlace place{.path = std::string(kFileManifestPath),
                         .ns = ns,
                         .lsn_range = LsnRange{1, subject_.record->metadata->checkpoint}};
      report_.Critical(Check::kEntityCounts, place,
                       fmt::format("it counts {} entities of {}; the log has {}", said, ns, count));
    }
  }

  Subject& subject_;
  Report& report_;
  const DerivedFiles& files_;
  Fold& fold_;
  LinkChecks links_;
  std::string ns_;
  std::unique_ptr<DataRows> rows_;
  size_t cut_ = 0;
  int64_t expected_here_ = 0, expected_ = 0, actual_ = 0;
  std::set<std::string> seen_;
  std::map<std::string, int64_t> at_record_;
};

}  // namespace

Status CheckAgainstFold(Subject& subject, const DerivedFiles& files, Fold& fold) {
  RETURN_IF_ERROR(fold.Finish());
  return StateMerge(subject, files, fold).Run();
}

Status CheckFilesAlone(Subject& subject, const DerivedFiles& files) {
  // Each file is right at its own lsn: only files of one lsn can be compared with each other.
  std::set<int64_t> cuts;
  for (const auto& [ns, file] : files.data) cuts.insert(file.cut);
  for (const auto& [ns, file] : files.forward) cuts.insert(file.cut);
  for (const auto& [ns, file] : files.reverse) cuts.insert(file.cut);
  cuts.insert(subject.view.checkpoint);
  bool comparable = cuts.size() == 1 && files.damaged.empty();
  if (!comparable)
    subject.report.Warning(Check::kRelationships, {},
                           "links were not compared: the derived files are not of one lsn, or one is damaged; the "
                           "level replay compares them with the log");
  LinkChecks links(subject, files, {subject.view.checkpoint}, subject.view.checkpoint);
  std::vector<std::pair<std::string, const DataSubject*>> in_id_order;
  for (const auto& [ns, file] : files.data) in_id_order.emplace_back(ns, &file);
  std::sort(in_id_order.begin(), in_id_order.end(),
            [](const auto& a, const auto& b) { return a.first + "/" < b.first + "/"; });
  FoldedEntity entity;
  entity.at.resize(1);
  for (const auto& [ns, file] : in_id_order) {
    DataRows rows(ns, *file, subject.report, subject.cut_off);
    RETURN_IF_ERROR(rows.Open());
    while (!rows.at_end()) {
      entity.id = rows.entity().id;
      entity.at[0] = {
          .alive = true, .lsn = file->cut, .term = rows.term(), .links = std::string(LinksText(rows.entity().data))};
      if (comparable) RETURN_IF_ERROR(subject.report.Judge(Check::kRelationships, {file->path, ns}, links.Add(entity)));
      RETURN_IF_ERROR(rows.Next().status());
    }
    rows.CheckFooter();
    Advance(subject.progress, file->size, file->size);
  }
  CheckCounts(subject, files);
  return comparable ? links.Finish() : Status::Ok();
}

void CheckCounts(Subject& subject, const DerivedFiles& files) {
  int64_t actual = 0;
  for (const auto& [ns, file] : files.data) actual += file.file->footer().rows;
  if (!subject.record || !subject.record->metadata || subject.record_is_behind()) return;
  int64_t expected = 0;
  for (const auto& [ns, count] : subject.record->metadata->entities) {
    expected += count;
    auto file = files.data.find(ns);
    int64_t rows = file == files.data.end() ? 0 : file->second.file->footer().rows;
    if (rows == count || files.IsDamaged(DataPath(ns))) continue;
    subject.report.Critical(Check::kEntityCounts, {.path = DataPath(ns), .ns = ns},
                            fmt::format("{} rows; the manifest counts {} entities", rows, count));
  }
  subject.report.SetCounts(Check::kEntityCounts, expected, actual);
}

Status CompareStates(const Subject& subject, const StorageBackend& other, const View& other_view) {
  Report& report = subject.report;
  Report unused;  // the chain of each log is judged elsewhere
  Fold here({subject.view.head}), there({other_view.head});
  RETURN_IF_ERROR(FoldLog(subject.storage, subject.view, here));
  RETURN_IF_ERROR(FoldLog(other, other_view, there));
  RETURN_IF_ERROR(here.Finish());
  RETURN_IF_ERROR(there.Finish());
  FoldedEntity a, b;
  ASSIGN_OR_RETURN(bool has_a, here.Next(&a, unused));
  ASSIGN_OR_RETURN(bool has_b, there.Next(&b, unused));
  int64_t count_a = 0, count_b = 0;
  auto wrong = [&](const std::string& id, int64_t lsn, const std::string& what) {
    report.Critical(Check::kEntityCounts,
                    {.path = "", .ns = std::string(NamespaceOfId(id)), .lsn_range = LsnRange{lsn, lsn}},
                    fmt::format("{} {}", id, what));
  };
  while (has_a || has_b) {
    bool takes_a = has_a && (!has_b || a.id <= b.id), takes_b = has_b && (!has_a || b.id <= a.id);
    bool alive_a = takes_a && a.at[0].alive, alive_b = takes_b && b.at[0].alive;
    count_a += alive_a;
    count_b += alive_b;
    if (alive_a && !alive_b) wrong(a.id, a.at[0].lsn, "is here, and not in " + other.Describe());
    if (!alive_a && alive_b) wrong(b.id, b.at[0].lsn, "is missing; " + other.Describe() + " has it");
    if (alive_a && alive_b && a.at[0].term != b.at[0].term)
      wrong(a.id, a.at[0].lsn, "differs from " + other.Describe());
    if (takes_a) {
      ASSIGN_OR_RETURN(has_a, here.Next(&a, unused));
    }
    if (takes_b) {
      ASSIGN_OR_RETURN(has_b, there.Next(&b, unused));
    }
  }
  report.SetCounts(Check::kEntityCounts, count_b, count_a);
  return Status::Ok();
}

}  // namespace parquedb
