#include "replay/diff.h"

#include <algorithm>

#include "core/external_sort.h"
#include "core/limits.h"
#include "model/names.h"
#include "model/state_text.h"
#include "replay/history.h"

namespace parquedb {
namespace {

constexpr uint64_t kDiffSortBytes = 128 * kMiB;
constexpr size_t kLsnBytes = 8;

// One event as it is sorted: by id, then by lsn.
struct Step {
  static std::string Key(const EventView& event) {
    std::string key = TargetToId(event.target);
    key.push_back('\0');  // ids have no control characters
    for (int shift = 56; shift >= 0; shift -= 8)
      key.push_back(static_cast<char>(static_cast<uint64_t>(event.lsn) >> shift & 0xff));
    return key;
  }
  static void AppendText(std::string* out, const std::optional<std::string_view>& text) {
    uint32_t size = text ? static_cast<uint32_t>(text->size()) + 1 : 0;  // 0: there is none
    out->append(reinterpret_cast<const char*>(&size), sizeof size);
    if (text) out->append(*text);
  }
  static std::optional<std::string_view> TakeText(std::string_view* from) {
    uint32_t size = 0;
    std::copy_n(from->data(), sizeof size, reinterpret_cast<char*>(&size));
    from->remove_prefix(sizeof size);
    if (size == 0) return std::nullopt;
    std::string_view text = from->substr(0, size - 1);
    from->remove_prefix(size - 1);
    return text;
  }
};

class SortedDiff : public DiffCursor {
 public:
  SortedDiff() : sorter_(kDiffSortBytes) {}

  Status Read(const StorageBackend& storage, const View& view, const DiffRequest& request) {
    HistoryRequest history;
    history.from_lsn = request.from_lsn;
    history.to_lsn = request.to_lsn;
    history.ns = request.ns;
    ASSIGN_OR_RETURN(auto cursor, OpenHistory(storage, view, history));
    EventView event;
    while (true) {
      ASSIGN_OR_RETURN(bool more, cursor->Next(&event));
      if (!more) break;
      std::string payload;
      Step::AppendText(&payload, event.actor);
      Step::AppendText(&payload, event.before);
      Step::AppendText(&payload, event.after);
      RETURN_IF_ERROR(sorter_.Add(Step::Key(event), payload));
    }
    RETURN_IF_ERROR(sorter_.Finish());
    ASSIGN_OR_RETURN(has_step_, sorter_.Next(&key_, &payload_));
    return Status::Ok();
  }

  Result<bool> Next(Difference* difference) override {
    if (!has_step_) return false;
    difference->id.assign(key_.substr(0, key_.size() - kLsnBytes - 1));
    difference->actors.clear();
    difference->before.reset();
    bool first = true;
    std::optional<std::string> after;
    while (has_step_ && key_.substr(0, key_.size() - kLsnBytes - 1) == difference->id) {
      auto actor = Step::TakeText(&payload_), before = Step::TakeText(&payload_), now = Step::TakeText(&payload_);
      if (actor) difference->actors.emplace_back(*actor);
      if (first && before) RETURN_IF_ERROR(Decode(difference->id, *before, &difference->before));
      first = false;
      after = now ? std::optional<std::string>(*now) : std::nullopt;
      ASSIGN_OR_RETURN(has_step_, sorter_.Next(&key_, &payload_));
    }
    difference->after.reset();
    if (after) RETURN_IF_ERROR(Decode(difference->id, *after, &difference->after));
    std::sort(difference->actors.begin(), difference->actors.end());
    difference->actors.erase(std::unique(difference->actors.begin(), difference->actors.end()),
                             difference->actors.end());
    return true;
  }

 private:
  static Status Decode(std::string_view id, std::string_view state, std::optional<Entity>* entity) {
    return DecodeState(id, state, &entity->emplace());
  }
  ExternalSorter sorter_;
  std::string_view key_, payload_;
  bool has_step_ = false;
};

}  // namespace

Result<std::unique_ptr<DiffCursor>> OpenDiff(const StorageBackend& storage, const View& view,
                                             const DiffRequest& request) {
  auto diff = std::make_unique<SortedDiff>();
  RETURN_IF_ERROR(diff->Read(storage, view, request));
  return std::unique_ptr<DiffCursor>(std::move(diff));
}

}  // namespace parquedb
