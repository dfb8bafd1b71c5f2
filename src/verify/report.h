// Findings in the making, and the checklist that they fill.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "parquedb/verify.h"

namespace parquedb {

// The guide's checklist, in its order.
enum class Check { kManifest, kFileCount, kHashes, kParquet, kEntityCounts, kRelationships, kIndexes, kEventLog };
constexpr int kCheckCount = 8;

struct FindingPlace {
  std::string path;
  std::string ns = {};
  std::optional<LsnRange> lsn_range = {};
};

class Report {
 public:
  void Critical(Check check, FindingPlace place, std::string message) {
    Add(check, Severity::kCritical, std::move(place), std::move(message));
  }
  void Warning(Check check, FindingPlace place, std::string message) {
    Add(check, Severity::kWarning, std::move(place), std::move(message));
  }
  // A failure to read: damage is a critical finding and OK is returned; anything else stops the verification.
  Status Judge(Check check, FindingPlace place, const Status& status);
  void SetCounts(Check check, int64_t expected, int64_t actual);
  VerificationResult Finish();

 private:
  void Add(Check check, Severity severity, FindingPlace place, std::string message);

  struct Counts {
    int64_t critical = 0, warnings = 0, kept = 0;
    std::optional<int64_t> expected, actual;
  };
  std::array<Counts, kCheckCount> counts_;
  std::vector<Finding> findings_;
};

}  // namespace parquedb
