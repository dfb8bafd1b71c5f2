#include "verify/report.h"

#include <fmt/format.h>

namespace parquedb {
namespace {

constexpr int64_t kMaxFindingsOfACheck = 100;  // a wholly damaged file must not fill memory with its rows

struct CheckSpec {
  const char* name;
  Severity severity;
};
constexpr CheckSpec kChecks[kCheckCount] = {{"Manifest exists", Severity::kCritical},
                                            {"File count", Severity::kCritical},
                                            {"Hash verification", Severity::kCritical},
                                            {"Parquet validity", Severity::kCritical},
                                            {"Entity counts", Severity::kWarning},
                                            {"Relationships", Severity::kWarning},
                                            {"Indexes", Severity::kWarning},
                                            {"Event log", Severity::kWarning}};

std::string Describe(const Finding& finding) {
  std::string text = finding.path.empty() ? finding.message : finding.path + ": " + finding.message;
  if (finding.lsn_range) text += fmt::format(" (lsn {}-{})", finding.lsn_range->from, finding.lsn_range->to);
  return text;
}

}  // namespace

void Report::Add(Check check, Severity severity, FindingPlace place, std::string message) {
  Counts& counts = counts_[static_cast<size_t>(check)];
  ++(severity == Severity::kCritical ? counts.critical : counts.warnings);
  if (counts.kept == kMaxFindingsOfACheck) return;
  ++counts.kept;
  // Messages of readers begin with the file's name already.
  std::string prefix = place.path + ": ";
  if (!place.path.empty() && message.starts_with(prefix)) message.erase(0, prefix.size());
  findings_.push_back({kChecks[static_cast<size_t>(check)].name, severity, std::move(place.path), std::move(place.ns),
                       place.lsn_range, std::move(message)});
}

Status Report::Judge(Check check, FindingPlace place, const Status& status) {
  if (status.ok()) return status;
  if (status.code() != StatusCode::kCorruption && status.code() != StatusCode::kInvalidData &&
      status.code() != StatusCode::kNotFound)
    return status;
  Critical(check, std::move(place), status.message());
  return Status::Ok();
}

void Report::SetCounts(Check check, int64_t expected, int64_t actual) {
  counts_[static_cast<size_t>(check)].expected = expected;
  counts_[static_cast<size_t>(check)].actual = actual;
}

VerificationResult Report::Finish() {
  VerificationResult result;
  for (size_t i = 0; i < kCheckCount; ++i) {
    const Counts& counts = counts_[i];
    int64_t left_out = counts.critical + counts.warnings - counts.kept;
    if (left_out > 0) {
      Severity severity = counts.critical > 0 ? Severity::kCritical : Severity::kWarning;
      findings_.push_back({kChecks[i].name, severity, "", "", std::nullopt,
                           fmt::format("{} more findings of this check are not listed", left_out)});
    }
    result.checks.push_back(
        {kChecks[i].name, counts.critical == 0, kChecks[i].severity, counts.expected, counts.actual});
    result.passed = result.passed && counts.critical == 0;
  }
  for (const Finding& finding : findings_) {
    (finding.severity == Severity::kCritical ? result.errors : result.warnings).push_back(Describe(finding));
  }
  result.findings = std::move(findings_);
  return result;
}

}  // namespace parquedb
