// The command line as a value: which verb, which options, which arguments. Parsing touches nothing.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "parquedb/status.h"

namespace parquedb {

struct OptionSpec {
  std::string_view name;   // "--at"
  std::string_view value;  // "T"; "" for a flag; "public|private": one of these, and parsing refuses any other
  std::string_view help;
  char letter = 0;  // 'd' for -d
};

class Call;
struct Session;

struct CommandSpec {
  std::string_view name;
  std::string_view arguments;  // "NS/ID"; "[DIR]" when it may be left out; "REF..." when there may be several
  std::string_view summary;
  std::string_view examples;  // lines
  std::vector<OptionSpec> options;
  Status (*run)(Session& session, const Call& call);
  std::string_view formats = "table|json";  // of --format, the default first
  // From the environment and config files. What speaks of the program alone must work beside a file that is wrong.
  bool takes_settings = true;
};

// All verbs, in the order of the help. The one table: parsing, help and the reference come from it.
const std::vector<CommandSpec>& Commands();
// Options that every verb takes.
const std::vector<OptionSpec>& CommonOptions();

const CommandSpec* FindCommand(std::string_view name);
// By its name or its letter, among the command's own and those of every verb; the command may be null.
const OptionSpec* FindOption(const CommandSpec* command, std::string_view name);
// "a|b|c" as a, b, c; nothing when the placeholder is no such set.
std::vector<std::string> FixedValues(std::string_view placeholder);
// "NS/ID PREDICATE [DIR]" as its words.
std::vector<std::string_view> ArgumentNames(const CommandSpec& command);

class Call {
 public:
  const CommandSpec* command = nullptr;
  std::vector<std::string> args;

  bool Has(std::string_view name) const { return values_.contains(name); }
  // The last value given; `other` when there is none.
  std::string Get(std::string_view name, std::string other = {}) const;
  const std::vector<std::string>& All(std::string_view name) const;
  // A whole number >= 0; kInvalidArgument names the option.
  Result<int64_t> Number(std::string_view name, int64_t other) const;

  // What the environment and config files add (cli/settings.h).
  void Fill(std::string_view name, const Setting& setting);
  bool IsFromCommandLine(std::string_view name) const { return Has(name) && !filled_.contains(name); }
  Settings remotes;                        // named ones; "default" too
  std::set<std::string> required_remotes;  // names of those that are marked so

 private:
  friend Result<Call> ParseCommandLine(const std::vector<std::string>& words);
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::set<std::string, std::less<>> filled_;
};

// kInvalidArgument with a did-you-mean for unknown verbs, options and values of a fixed set. Where --help or --version
// stands, the call is that of `help` or `version`.
Result<Call> ParseCommandLine(const std::vector<std::string>& words);

// The nearest of `known` to what was written, if one is near; for did-you-mean.
std::string NearestName(std::string_view written, const std::vector<std::string>& known);
// "; did you mean NAME?", or nothing.
std::string DidYouMean(std::string_view written, const std::vector<std::string>& known);

}  // namespace parquedb
