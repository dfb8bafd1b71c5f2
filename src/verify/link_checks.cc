#include "verify/link_checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/check.h"
#include "core/limits.h"
#include "model/layout.h"
#include "model/names.h"
#include "model/state_text.h"

namespace parquedb {
namespace {

constexpr uint64_t kLinkSortBytes = 32 * kMiB;

// The links of an entity, from the text of its $links.
Result<Links> ParseLinks(const std::string& text) {
  if (text.empty()) return Links();
  ASSIGN_OR_RETURN(Value value, ParseJson(text));
  return LinksFromValue(value);
}

std::string Show(const LinkRow& row) { return fmt::format("{} -{}-> {}", row.from, row.predicate, row.to); }

auto KeyOf(const LinkRow& row, bool reverse) {
  return reverse
             ? std::make_tuple(std::string_view(row.to), std::string_view(row.predicate), std::string_view(row.from))
             : std::make_tuple(std::string_view(row.from), std::string_view(row.predicate), std::string_view(row.to));
}

}  // namespace

// The rows of one relationship file, one ahead. Damage is reported once and ends them.
class LinkChecks::RowReader {
 public:
  RowReader(const RelsSubject& rels, std::string ns, bool reverse, Report& report)
      : rels_(rels), ns_(std::move(ns)), reverse_(reverse), report_(report) {}
  Status Open() {
    auto cursor = rels_.file->Scan();
    if (!cursor.ok()) return Damaged(cursor.status());
    cursor_ = std::move(*cursor);
    return Advance();
  }
  Status Advance() {
    LinkRow before = std::move(row_);
    auto more = cursor_->Next(&row_);
    if (!more.ok()) return Damaged(more.status());
    at_end_ = !*more;
    if (!at_end_ && count_++ > 0 && KeyOf(row_, reverse_) <= KeyOf(before, reverse_))
      return Damaged(Corruption("its rows don't ascend at " + Show(row_)));
    return Status::Ok();
  }
  bool at_end() const { return at_end_; }
  bool broken() const { return broken_; }
  bool reverse() const { return reverse_; }
  const LinkRow& row() const { return row_; }
  int64_t cut() const { return rels_.cut; }
  void Wrong(const std::string& what) {
    report_.Critical(Check::kRelationships, {.path = rels_.path, .ns = ns_, .lsn_range = LsnRange{1, rels_.cut}}, what);
  }

 private:
  Status Damaged(const Status& status) {
    at_end_ = broken_ = true;
    return report_.Judge(Check::kParquet, {.path = rels_.path, .ns = ns_}, status);
  }
  const RelsSubject& rels_;
  const std::string ns_;
  const bool reverse_;
  Report& report_;
  std::unique_ptr<RelsCursor> cursor_;
  LinkRow row_;
  int64_t count_ = 0;
  bool at_end_ = false, broken_ = false;
};

LinkChecks::LinkChecks(Subject& subject, const DerivedFiles& files, std::vector<int64_t> cuts, int64_t dangling_at)
    : subject_(subject), files_(files), cuts_(std::move(cuts)), dangling_at_(dangling_at) {
  for (size_t i = 0; i < cuts_.size(); ++i) incoming_.emplace_back(kLinkSortBytes);
}
LinkChecks::~LinkChecks() = default;

size_t LinkChecks::CutIndex(int64_t lsn) const {
  auto found = std::find(cuts_.begin(), cuts_.end(), lsn);
  PARQUEDB_CHECK(found != cuts_.end());
  return static_cast<size_t>(found - cuts_.begin());
}

Status LinkChecks::Add(const FoldedEntity& entity) {
  RETURN_IF_ERROR(AddForward(entity));
  return AddReverse(entity);
}

// A target that is there is a record without a payload: it sorts in front of the links that come to it.
Status LinkChecks::AddReverse(const FoldedEntity& entity) {
  for (size_t i = 0; i < cuts_.size(); ++i) {
    if (!entity.at[i].alive) continue;
    if (cuts_[i] == dangling_at_) RETURN_IF_ERROR(incoming_[i].Add(entity.id + '\0', ""));
    ASSIGN_OR_RETURN(Links links, ParseLinks(entity.at[i].links));
    for (const auto& [predicate, targets] : links) {
      for (const std::string& to : targets)
        RETURN_IF_ERROR(incoming_[i].Add(to + '\0' + predicate + '\0' + entity.id, "link"));
    }
  }
  return Status::Ok();
}

Status LinkChecks::Match(RowReader* reader, const LinkRow& row) {
  if (reader->broken()) return Status::Ok();
  bool reverse = reader->reverse();
  while (!reader->at_end() && KeyOf(reader->row(), reverse) < KeyOf(row, reverse)) {
    reader->Wrong("no entity holds the link " + Show(reader->row()));
    RETURN_IF_ERROR(reader->Advance());
  }
  if (!reader->at_end() && reader->row() == row) return reader->Advance();
  if (!reader->broken()) reader->Wrong("the link " + Show(row) + " is missing");
  return Status::Ok();
}

Status LinkChecks::ReportRest(RowReader* reader) {
  while (!reader->at_end()) {
    reader->Wrong("no entity holds the link " + Show(reader->row()));
    RETURN_IF_ERROR(reader->Advance());
  }
  return Status::Ok();
}

Status LinkChecks::StartForward(const std::string& ns) {
  RETURN_IF_ERROR(FinishForward());
  forward_ns_ = ns;
  forward_seen_.insert(ns);
  auto file = files_.forward.find(ns);
  if (file == files_.forward.end()) return Status::Ok();
  forward_ = std::make_unique<RowReader>(file->second, ns, false, subject_.report);
  return forward_->Open();
}

Status LinkChecks::FinishForward() {
  if (forward_ == nullptr) return Status::Ok();
  RETURN_IF_ERROR(ReportRest(forward_.get()));
  forward_.reset();
  return Status::Ok();
}

Status LinkChecks::AddForward(const FoldedEntity& entity) {
  std::string ns(NamespaceOfId(entity.id));
  if (ns != forward_ns_) RETURN_IF_ERROR(StartForward(ns));
  int64_t cut = forward_ != nullptr ? forward_->cut() : subject_.view.checkpoint;
  const FoldedEntity::At& at = entity.at[CutIndex(cut)];
  if (!at.alive || at.links.empty()) return Status::Ok();
  if (forward_ == nullptr) {
    std::string path = ForwardPath(ns);
    if (!files_.IsDamaged(path) && missing_reported_.insert(path).second) {
      subject_.report.Critical(Check::kRelationships, {.path = path, .ns = ns, .lsn_range = LsnRange{at.lsn, cut}},
                               "it is missing, and entities of the namespace hold links");
    }
    return Status::Ok();
  }
  ASSIGN_OR_RETURN(Links links, ParseLinks(at.links));
  for (const auto& [predicate, targets] : links) {
    for (const std::string& to : targets) RETURN_IF_ERROR(Match(forward_.get(), {entity.id, predicate, to}));
  }
  return Status::Ok();
}

Status LinkChecks::FinishReverse() {
  if (reverse_ != nullptr) RETURN_IF_ERROR(ReportRest(reverse_.get()));
  reverse_.reset();
  reverse_ns_.clear();
  return Status::Ok();
}

Status LinkChecks::ExpectReverse(size_t cut, const LinkRow& row) {
  std::string ns(NamespaceOfId(row.to));
  auto file = files_.reverse.find(ns);
  if (file == files_.reverse.end()) {
    std::string path = ReversePath(ns);
    if (cuts_[cut] == subject_.view.checkpoint && !files_.IsDamaged(path) && missing_reported_.insert(path).second) {
      subject_.report.Critical(Check::kRelationships, {.path = path, .ns = ns, .lsn_range = LsnRange{1, cuts_[cut]}},
                               "it is missing, and links to the namespace exist");
    }
    return Status::Ok();
  }
  if (file->second.cut != cuts_[cut]) return Status::Ok();
  if (ns != reverse_ns_) {
    RETURN_IF_ERROR(FinishReverse());
    reverse_ns_ = ns;
    reverse_seen_.insert(ns);
    reverse_ = std::make_unique<RowReader>(file->second, ns, true, subject_.report);
    RETURN_IF_ERROR(reverse_->Open());
  }
  return Match(reverse_.get(), row);
}

// True for an entity of a namespace that a pull of some namespaces left where it was.
bool LinkChecks::IsOutside(const std::string& id) const {
  const auto& origin = subject_.view.manifest.forked_from;
  if (!origin) return false;
  return std::find(origin->namespaces.begin(), origin->namespaces.end(), NamespaceOfId(id)) == origin->namespaces.end();
}

Status LinkChecks::CheckReverseAt(size_t cut) {
  ExternalSorter& sorter = incoming_[cut];
  RETURN_IF_ERROR(sorter.Finish());
  std::string present;  // the last target that is there
  std::string_view key, payload;
  while (true) {
    ASSIGN_OR_RETURN(bool more, sorter.Next(&key, &payload));
    if (!more) return FinishReverse();
    size_t end = key.find('\0');
    if (payload.empty()) {
      present.assign(key.substr(0, end));
      continue;
    }
    size_t second = key.find('\0', end + 1);
    LinkRow row{std::string(key.substr(second + 1)), std::string(key.substr(end + 1, second - end - 1)),
                std::string(key.substr(0, end))};
    if (cuts_[cut] == dangling_at_ && present != row.to) {
      subject_.report.Warning(Check::kRelationships, {.path = "", .ns = std::string(NamespaceOfId(row.from))},
                              IsOutside(row.to)
                                  ? "outside: the link " + Show(row) + " leads to a namespace that was not pulled"
                                  : "dangling link: " + Show(row) + ", which is not there");
    }
    RETURN_IF_ERROR(ExpectReverse(cut, row));
  }
}

Status LinkChecks::Finish() {
  RETURN_IF_ERROR(FinishForward());
  for (size_t i = 0; i < cuts_.size(); ++i) RETURN_IF_ERROR(CheckReverseAt(i));
  // Files of which no entity asked for a row.
  for (const auto& [ns, file] : files_.forward) {
    if (forward_seen_.contains(ns)) continue;
    RETURN_IF_ERROR(StartForward(ns));
  }
  RETURN_IF_ERROR(FinishForward());
  for (const auto& [ns, file] : files_.reverse) {
    if (reverse_seen_.contains(ns)) continue;
    reverse_ = std::make_unique<RowReader>(file, ns, true, subject_.report);
    RETURN_IF_ERROR(reverse_->Open());
    RETURN_IF_ERROR(FinishReverse());
  }
  return Status::Ok();
}

}  // namespace parquedb
