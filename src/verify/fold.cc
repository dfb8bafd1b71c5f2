#include "verify/fold.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/limits.h"
#include "model/names.h"

namespace parquedb {
namespace {

constexpr uint64_t kFoldSortBytes = 128 * kMiB;
constexpr size_t kLsnBytes = 8;
constexpr uint8_t kHasBefore = 1, kHasAfter = 2, kIsStart = 4, kIsCheck = 8;

// Ids hold no control characters, so an id and a zero byte sort before every longer id.
std::string SortKey(std::string_view id, int64_t lsn) {
  std::string key(id);
  key.push_back('\0');
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(static_cast<uint64_t>(lsn) >> shift));
  return key;
}

void AppendOrigin(std::string* out, const Hash128& origin) {
  out->append(reinterpret_cast<const char*>(&origin), sizeof origin);
}

void AppendTerm(std::string* out, const Sha256Bytes& term) {
  out->append(reinterpret_cast<const char*>(term.data()), term.size());
}

}  // namespace

// Key: id, 0, lsn (big-endian). Payload: op, flags, term before, term after, origin, links.
struct Fold::Record {
  std::string_view id, links;
  int64_t lsn = 0;
  Op op = Op::kCreate;
  uint8_t flags = 0;
  Sha256Bytes before{}, after{};
  Hash128 origin;

  Record(std::string_view key, std::string_view payload) {
    id = key.substr(0, key.size() - kLsnBytes - 1);
    for (char c : key.substr(key.size() - kLsnBytes))
      lsn = static_cast<int64_t>(static_cast<uint64_t>(lsn) << 8 | static_cast<unsigned char>(c));
    op = static_cast<Op>(payload[0]);
    flags = static_cast<uint8_t>(payload[1]);
    std::copy_n(payload.data() + 2, before.size(), reinterpret_cast<char*>(before.data()));
    std::copy_n(payload.data() + 2 + before.size(), after.size(), reinterpret_cast<char*>(after.data()));
    payload.remove_prefix(2 + before.size() + after.size());
    std::copy_n(payload.data(), sizeof origin, reinterpret_cast<char*>(&origin));
    links = payload.substr(sizeof origin);
  }
};

Fold::Fold(std::vector<int64_t> cuts) : cuts_(std::move(cuts)), sorter_(kFoldSortBytes) {}

Status Fold::Add(const EventView& event, const EventTerms& terms, FoldedAs as) {
  std::string payload;
  payload.push_back(static_cast<char>(event.op));
  uint8_t flags = (event.before ? kHasBefore : 0) | (event.after ? kHasAfter : 0);
  if (as == FoldedAs::kStart) flags |= kIsStart;
  if (as == FoldedAs::kCheck) flags |= kIsCheck;
  payload.push_back(static_cast<char>(flags));
  AppendTerm(&payload, terms.before);
  AppendTerm(&payload, terms.after);
  AppendOrigin(&payload, terms.origin);
  payload.append(terms.links);
  if (!terms.links.empty()) has_links_ = true;
  return sorter_.Add(SortKey(TargetToId(event.target), event.lsn), payload);
}

Result<bool> Fold::Read() {
  ASSIGN_OR_RETURN(has_next_, sorter_.Next(&key_, &payload_));
  return has_next_;
}

Status Fold::Finish() {
  RETURN_IF_ERROR(sorter_.Finish());
  return Read().status();
}

Status Fold::Follow(const Record& record, FoldedEntity* entity, FoldedEntity::At* state, Hash128* origin,
                    Report& report) const {
  bool has_before = record.flags & kHasBefore, has_after = record.flags & kHasAfter;
  std::string wrong;
  if (record.flags & kIsStart) {
    if (state->lsn != 0) wrong = "the base that the log begins with holds it twice";
  } else if (record.flags & kIsCheck) {
    bool same = state->lsn == record.lsn && state->alive && state->term == record.after && *origin == record.origin;
    if (!same) wrong = "a base holds it otherwise than the event there";
  } else if (record.op == Op::kCreate && state->alive) {
    wrong = "CREATE of an entity that is there";
  } else if (record.op != Op::kCreate && !state->alive) {
    wrong = "UPDATE or DELETE of an entity that is not there";
  } else if (has_before != state->alive || (has_before && record.before != state->term)) {
    wrong = fmt::format("`before` is not the state that lsn {} left", state->lsn);
  } else if (has_after == (record.op == Op::kDelete)) {
    wrong = "`after` does not fit the op";
  }
  if (!wrong.empty()) {
    LsnRange range{state->lsn == 0 ? record.lsn : state->lsn, record.lsn};
    report.Critical(Check::kEventLog, {.path = "", .ns = std::string(NamespaceOfId(record.id)), .lsn_range = range},
                    fmt::format("{} at lsn {}: {}", record.id, record.lsn, wrong));
  }
  if (record.flags & kIsCheck) return Status::Ok();
  *origin = record.origin;
  state->alive = has_after;
  state->lsn = record.lsn;
  state->term = record.after;
  state->links.assign(record.links);
  for (size_t i = 0; i < cuts_.size(); ++i) {
    if (record.lsn <= cuts_[i]) entity->at[i] = *state;
  }
  return Status::Ok();
}

Result<bool> Fold::Next(FoldedEntity* entity, Report& report) {
  if (!has_next_) return false;
  entity->id.assign(Record(key_, payload_).id);
  entity->at.assign(cuts_.size(), {});
  FoldedEntity::At state;
  Hash128 origin;
  while (has_next_) {
    Record record(key_, payload_);
    if (record.id != entity->id) break;
    RETURN_IF_ERROR(Follow(record, entity, &state, &origin, report));
    RETURN_IF_ERROR(Read().status());
  }
  return true;
}

}  // namespace parquedb
