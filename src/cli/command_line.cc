#include "cli/command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace parquedb {
namespace {

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), now(b.size() + 1), older(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) before[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      now[j] = std::min({before[j] + 1, now[j - 1] + 1, before[j - 1] + (a[i - 1] != b[j - 1])});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) now[j] = std::min(now[j], older[j - 2] + 1);
    }
    older = before;
    before = now;
  }
  return before[b.size()];
}

// `verb` is false where none is written: the options are then those of every verb.
Status UnknownOption(const CommandSpec& command, bool verb, std::string_view name) {
  std::vector<std::string> known;
  for (const OptionSpec& option : command.options) known.emplace_back(option.name);
  for (const OptionSpec& option : CommonOptions()) known.emplace_back(option.name);
  if (!verb) {
    return InvalidArgument(fmt::format("unknown option {}{}", name, DidYouMean(name, known)), "parquedb help");
  }
  return InvalidArgument(fmt::format("unknown option {} of {}{}", name, command.name, DidYouMean(name, known)),
                         fmt::format("parquedb help {}", command.name));
}

Status UnknownCommand(std::string_view name) {
  std::vector<std::string> known;
  for (const CommandSpec& command : Commands()) known.emplace_back(command.name);
  return InvalidArgument(fmt::format("unknown verb {}{}", name, DidYouMean(name, known)), "parquedb help");
}

// `name` is the option's, or the verb's for an argument.
Status CheckValue(std::string_view name, std::string_view placeholder, const std::string& value) {
  std::vector<std::string> known = FixedValues(placeholder);
  if (known.empty() || std::find(known.begin(), known.end(), value) != known.end()) return Status::Ok();
  return InvalidArgument(fmt::format("{}: '{}' is not known{}", name, value, DidYouMean(value, known)),
                         fmt::format("one of {}", fmt::join(known, ", ")));
}

// The first word that is neither an option nor an option's value. Options before the verb are those that all verbs
// take; others need the verb to be known, so it is looked for behind them, too.
const std::string* FindVerb(const std::vector<std::string>& words) {
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") return i + 1 < words.size() ? &words[i + 1] : nullptr;
    if (word.size() < 2 || word[0] != '-') return &word;
    const OptionSpec* option = FindOption(nullptr, word.substr(0, word.find('=')));
    if (option != nullptr && !option->value.empty() && word.find('=') == std::string::npos) ++i;
  }
  return nullptr;
}

// What others write as an argument and this verb takes as an option; "" if it has none.
std::string AsOption(const CommandSpec& command, const std::string& arg) {
  for (std::string_view name : {"--file", "--entity", "--namespace"}) {
    bool takes = std::any_of(command.options.begin(), command.options.end(),
                             [&](const OptionSpec& option) { return option.name == name; });
    if (!takes || (name == "--entity" && arg.find('/') == std::string::npos)) continue;
    return fmt::format("parquedb {} {} {}", command.name, name, arg);
  }
  return "";
}

constexpr size_t kManyArguments = 1000;  // what a call may have of "WORD..."

Status CheckArguments(const CommandSpec& command, const std::vector<std::string>& args) {
  size_t count = args.size(), least = 0, most = 0;
  auto names = ArgumentNames(command);
  for (std::string_view one : names) {
    most += one.find("...") != std::string_view::npos ? kManyArguments : 1;
    if (!one.starts_with('[')) ++least;
  }
  if (count >= least && count <= most) {
    for (size_t i = 0; i < std::min(count, names.size()); ++i)
      RETURN_IF_ERROR(CheckValue(command.name, names[i], args[i]));
    return Status::Ok();
  }
  std::string hint = count > most ? AsOption(command, args.back()) : "";
  return InvalidArgument(
      fmt::format("{} takes {}; {} {} given", command.name,
                  command.arguments.empty() ? "no argument" : command.arguments, count, count == 1 ? "was" : "were"),
      hint.empty() ? fmt::format("parquedb help {}", command.name) : hint);
}

}  // namespace

const OptionSpec* FindOption(const CommandSpec* command, std::string_view name) {
  for (const OptionSpec& option : CommonOptions()) {
    if (option.name == name || (name.size() == 2 && name[0] == '-' && name[1] == option.letter)) return &option;
  }
  if (command == nullptr) return nullptr;
  for (const OptionSpec& option : command->options) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

const CommandSpec* FindCommand(std::string_view name) {
  for (const CommandSpec& command : Commands()) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

std::vector<std::string> FixedValues(std::string_view placeholder) {
  std::vector<std::string> values;
  if (placeholder.find('|') == std::string_view::npos) return values;
  while (true) {
    size_t end = placeholder.find('|');
    values.emplace_back(placeholder.substr(0, end));
    if (end == std::string_view::npos) return values;
    placeholder.remove_prefix(end + 1);
  }
}

std::vector<std::string_view> ArgumentNames(const CommandSpec& command) {
  std::vector<std::string_view> names;
  for (std::string_view rest = command.arguments; !rest.empty();) {
    size_t end = std::min(rest.find(' '), rest.size());
    names.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return names;
}

std::string Call::Get(std::string_view name, std::string other) const {
  auto found = values_.find(name);
  return found == values_.end() ? std::move(other) : found->second.back();
}

const std::vector<std::string>& Call::All(std::string_view name) const {
  static const std::vector<std::string> none;
  auto found = values_.find(name);
  return found == values_.end() ? none : found->second;
}

void Call::Fill(std::string_view name, const Setting& setting) {
  values_[std::string(name)] = {setting.value};
  filled_.insert(std::string(name));
}

Result<int64_t> Call::Number(std::string_view name, int64_t other) const {
  if (!Has(name)) return other;
  std::string text = Get(name);
  int64_t number = -1;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number >= 0) return number;
  return InvalidArgument(fmt::format("{}: '{}' is no whole number from 0 on", name, text),
                         fmt::format("for example {} 10", name));
}

std::string NearestName(std::string_view written, const std::vector<std::string>& known) {
  std::string best;
  size_t best_distance = std::max<size_t>(1, written.size() / 3) + 1;
  for (const std::string& name : known) {
    size_t distance = EditDistance(written, name);
    if (distance < best_distance) {
      best = name;
      best_distance = distance;
    }
  }
  return best;
}

std::string DidYouMean(std::string_view written, const std::vector<std::string>& known) {
  std::string near = NearestName(written, known);
  return near.empty() ? "" : fmt::format("; did you mean {}?", near);
}

Result<Call> ParseCommandLine(const std::vector<std::string>& words) {
  Call call;
  const std::string* verb = FindVerb(words);
  call.command = FindCommand(verb == nullptr ? "help" : *verb);
  if (call.command == nullptr) return UnknownCommand(*verb);
  bool options_ended = false;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (&word == verb) continue;
    if (!options_ended && word == "--") {
      options_ended = true;
      continue;
    }
    if (options_ended || word.size() < 2 || word[0] != '-') {
      call.args.push_back(word);
      continue;
    }
    size_t equals = word.find('=');
    std::string name = word.substr(0, equals);
    const OptionSpec* option = FindOption(call.command, name);
    if (option == nullptr) return UnknownOption(*call.command, verb != nullptr, name);
    std::string value;
    if (option->value.empty()) {
      if (equals != std::string::npos) return InvalidArgument(fmt::format("{} takes no value", option->name));
      value = "true";
    } else if (equals != std::string::npos) {
      value = word.substr(equals + 1);
    } else if (i + 1 < words.size() && &words[i + 1] != verb) {
      value = words[++i];
    } else {
      return InvalidArgument(fmt::format("{} needs a value: {} {}", option->name, option->name, option->value),
                             fmt::format("parquedb help {}", call.command->name));
    }
    RETURN_IF_ERROR(CheckValue(option->name, option->value, value));
    call.values_[std::string(option->name)].push_back(std::move(value));
  }
  if (call.Has("--help") || call.Has("--version")) {
    call.args.clear();
    if (call.Has("--help") && verb != nullptr) call.args = {*verb};
    call.command = FindCommand(call.Has("--help") ? "help" : "version");
    return call;
  }
  RETURN_IF_ERROR(CheckArguments(*call.command, call.args));
  return call;
}

}  // namespace parquedb
