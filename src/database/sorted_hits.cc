#include "database/sorted_hits.h"

#include <algorithm>

namespace parquedb {

SortedHits::SortedHits(std::optional<int64_t> most, uint64_t memory_bytes)
    : most_(most), memory_bytes_(memory_bytes), sorter_(memory_bytes) {}

Status SortedHits::Add(Hit hit) {
  if (!most_) return sorter_.Add(hit.sort_key, hit.text);
  auto bytes = [](const Kept& kept) { return sizeof kept + kept.key.size() + kept.text.size(); };
  Kept kept{std::move(hit.sort_key), std::move(hit.text), count_++};
  const bool full = static_cast<int64_t>(kept_.size()) >= *most_;
  if (full && (kept_.empty() || !(kept < kept_.front()))) return Status::Ok();
  if (full) {
    std::pop_heap(kept_.begin(), kept_.end());
    kept_bytes_ -= bytes(kept_.back());
    kept_.pop_back();
  }
  kept_bytes_ += bytes(kept);
  kept_.push_back(std::move(kept));
  std::push_heap(kept_.begin(), kept_.end());
  return kept_bytes_ > memory_bytes_ ? MoveToSorter() : Status::Ok();
}

// What was left out until now stays out: `most_` others come before it.
Status SortedHits::MoveToSorter() {
  std::sort(kept_.begin(), kept_.end(), [](const Kept& a, const Kept& b) { return a.number < b.number; });
  for (Kept& kept : kept_) {
    RETURN_IF_ERROR(sorter_.Add(kept.key, kept.text));
    kept = Kept();  // the sorter has it now; both would be too much
  }
  std::vector<Kept>().swap(kept_);
  most_.reset();
  return Status::Ok();
}

Status SortedHits::Finish() {
  if (!most_) return sorter_.Finish();
  std::sort(kept_.begin(), kept_.end());
  return Status::Ok();
}

Result<bool> SortedHits::Next(std::string_view* text) {
  std::string_view key;
  if (!most_) return sorter_.Next(&key, text);
  if (next_ == kept_.size()) return false;
  *text = kept_[next_++].text;
  return true;
}

}  // namespace parquedb
