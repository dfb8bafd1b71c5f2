// Hits in the order of their sort keys, in bounded memory.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/external_sort.h"
#include "replay/hits.h"

namespace parquedb {

// Holds at most `memory_bytes` of hits; more is sorted through TMPDIR. With `most` only the first so many are kept, as
// long as these fit in memory.
class SortedHits {
 public:
  SortedHits(std::optional<int64_t> most, uint64_t memory_bytes);
  // In id order: hits with equal keys stay in it.
  Status Add(Hit hit);
  // No Add after this.
  Status Finish();
  // False at the end. The text holds until the next call.
  Result<bool> Next(std::string_view* text);

 private:
  struct Kept {
    std::string key, text;
    int64_t number;  // of the hit: equal keys keep their order
    bool operator<(const Kept& other) const { return key != other.key ? key < other.key : number < other.number; }
  };
  Status MoveToSorter();

  std::optional<int64_t> most_;  // nothing: all
  uint64_t memory_bytes_, kept_bytes_ = 0;
  std::vector<Kept> kept_;  // a heap, the last of them in front, while there is a `most_`; sorted at the end
  int64_t count_ = 0;
  size_t next_ = 0;
  ExternalSorter sorter_;
};

}  // namespace parquedb
