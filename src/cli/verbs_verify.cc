#include <fmt/format.h>

#include "cli/subject.h"
#include "cli/verbs.h"
#include "parquedb/verify.h"

namespace parquedb {
namespace {

Result<VerifyLevel> LevelOf(const Call& call) {
  std::string level = call.Get("--level", "replay");
  if (level == "quick") return VerifyLevel::kQuick;
  if (level == "hash") return VerifyLevel::kHash;
  if (level == "full") return VerifyLevel::kFull;
  if (level == "replay") return VerifyLevel::kReplay;
  return InvalidArgument("--level: '" + level + "' is not known", "quick, hash, full or replay");
}

std::string_view NameOf(Severity severity) { return severity == Severity::kCritical ? "critical" : "warning"; }

Object CheckObject(const VerificationCheck& check) {
  Object object{{"name", check.name}, {"passed", check.passed}};
  if (check.expected) object.emplace("expected", *check.expected);
  if (check.actual) object.emplace("actual", *check.actual);
  object.emplace("severity", std::string(NameOf(check.severity)));
  return object;
}

Object FindingObject(const Finding& finding) {
  Object object{{"check", finding.check}, {"severity", std::string(NameOf(finding.severity))}, {"path", finding.path}};
  if (!finding.ns.empty()) object.emplace("namespace", finding.ns);
  if (finding.lsn_range)
    object.emplace("lsnRange", Object{{"from", finding.lsn_range->from}, {"to", finding.lsn_range->to}});
  object.emplace("message", finding.message);
  return object;
}

Status PrintAsJson(Session& session, const VerificationResult& result) {
  Array checks, findings;
  for (const VerificationCheck& check : result.checks) checks.push_back(CheckObject(check));
  for (const Finding& finding : result.findings) findings.push_back(FindingObject(finding));
  return session.PrintJson({{"passed", result.passed},
                            {"checks", std::move(checks)},
                            {"warnings", Array(result.warnings.begin(), result.warnings.end())},
                            {"errors", Array(result.errors.begin(), result.errors.end())},
                            {"findings", std::move(findings)}});
}

Status PrintForPeople(Session& session, const VerificationResult& result, bool detailed) {
  for (const VerificationCheck& check : result.checks) {
    std::string counts =
        check.expected && check.actual ? fmt::format("  {} of {}", *check.actual, *check.expected) : "";
    RETURN_IF_ERROR(session.Print(fmt::format("{}  {}{}\n", check.passed ? "ok    " : "FAILED", check.name, counts)));
    if (!detailed) continue;
    for (const Finding& finding : result.findings) {
      if (finding.check != check.name) continue;
      std::string range =
          finding.lsn_range ? fmt::format(" (lsn {}-{})", finding.lsn_range->from, finding.lsn_range->to) : "";
      RETURN_IF_ERROR(session.Print(fmt::format("        {}: {}{}{}{}\n", NameOf(finding.severity), finding.path,
                                                finding.path.empty() ? "" : ": ", finding.message, range)));
    }
  }
  return session.Print(result.passed ? "passed\n" : "FAILED\n");
}

}  // namespace

Status RunVerify(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format,
                   session.Format(call, {AnswerFormat::kTable, AnswerFormat::kJson, AnswerFormat::kDetailed}));
  VerifyOptions options;
  ASSIGN_OR_RETURN(options.level, LevelOf(call));
  options.now_ms = SystemClock().NowMs();
  options.progress = session.StartProgress(call);
  std::string text = call.args.empty() ? session.Directory(call) : call.args[0];
  ASSIGN_OR_RETURN(auto storage, OpenSubject(call, text));
  std::unique_ptr<StorageBackend> other;
  if (call.Has("--compare")) {
    ASSIGN_OR_RETURN(other, OpenSubject(call, call.Get("--compare")));
    options.compare = other.get();
  }
  auto verified = Verify(*storage, options);
  if (!verified.ok()) return verified.status().With(text);
  const VerificationResult& result = *verified;
  bool json = format == AnswerFormat::kJson || WithoutCompression(session.output_path).ends_with(".json");
  RETURN_IF_ERROR(json ? PrintAsJson(session, result)
                       : PrintForPeople(session, result, format == AnswerFormat::kDetailed || !result.passed));
  for (const std::string& warning : result.warnings) session.Note("warning: " + warning);
  if (result.passed) return Status::Ok();
  session.answers_failure = true;
  std::string errors;
  for (size_t i = 0; i < result.errors.size() && i < 10; ++i) errors += "\n  " + result.errors[i];
  return Corruption(fmt::format("{} does not verify: {} errors{}", text, result.errors.size(), errors),
                    "parquedb verify --format detailed");
}

}  // namespace parquedb
