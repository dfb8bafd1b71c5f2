#include "restore/state_difference.h"

#include <fmt/format.h>

#include "core/time_text.h"

namespace parquedb {

Status DifferenceCursor::Open(const StateAt& then, const StateAt& now, const std::vector<std::string>& namespaces,
                              Progress* progress) {
  progress_ = progress;
  Expect(progress, EstimateEntities(now.view, namespaces));
  ASSIGN_OR_RETURN(then_, OpenState(then.storage, then.view, {.cut = then.cut, .namespaces = namespaces}));
  ASSIGN_OR_RETURN(now_, OpenState(now.storage, now.view, {.cut = now.cut, .namespaces = namespaces}));
  ASSIGN_OR_RETURN(has_then_, then_->Next(&then_entity_));
  ASSIGN_OR_RETURN(has_now_, now_->Next(&now_entity_));
  return Status::Ok();
}

Result<bool> DifferenceCursor::Next(Item* item) {
  if (!has_then_ && !has_now_) return false;
  Advance(progress_, 1, static_cast<int64_t>((has_then_ ? then_entity_ : now_entity_).data.size()));
  bool takes_then = has_then_ && (!has_now_ || then_entity_.id <= now_entity_.id);
  bool takes_now = has_now_ && (!has_then_ || now_entity_.id <= then_entity_.id);
  item->id = takes_then ? then_entity_.id : now_entity_.id;
  item->then.reset();
  item->now.reset();
  if (takes_then) {
    item->then = std::move(then_entity_);
    ASSIGN_OR_RETURN(has_then_, then_->Next(&then_entity_));
  }
  if (takes_now) {
    item->now = std::move(now_entity_);
    ASSIGN_OR_RETURN(has_now_, now_->Next(&now_entity_));
  }
  return true;
}

std::string RestoredFrom(const Cut& cut) {
  std::string text = fmt::format(R"({{"restoredFrom":{{"at":"{}","lsn":{})", FormatTime(cut.ts_ms), cut.lsn);
  if (!cut.id.empty()) text += fmt::format(R"(,"id":"{}")", cut.id);
  return text + "}}";
}

}  // namespace parquedb
