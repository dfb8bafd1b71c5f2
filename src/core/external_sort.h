// Sorts any number of records in bounded memory: what does not fit the budget goes to temporary files (TMPDIR) as
// sorted runs, which are merged while reading. Order: by key bytes, equal keys in the order they were added.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "parquedb/status.h"

namespace parquedb {

class ExternalSorter {
 public:
  explicit ExternalSorter(uint64_t memory_budget_bytes);
  ~ExternalSorter();
  ExternalSorter(ExternalSorter&&) noexcept;

  Status Add(std::string_view key, std::string_view payload);
  // No Add after this. Called once before the first Next.
  Status Finish();
  // False at the end. The views hold until the next call.
  Result<bool> Next(std::string_view* key, std::string_view* payload);
  uint64_t count() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace parquedb
