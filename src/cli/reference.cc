#include <fmt/format.h>

#include "cli/help.h"
#include "cli/manual.h"
#include "cli/topics.h"

namespace parquedb {
namespace {

// A cell of a table, where | would end it.
std::string Cell(std::string_view text) {
  std::string out;
  for (char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

std::string OptionsTable(const std::vector<OptionSpec>& options) {
  std::string text = "| option | |\n|---|---|\n";
  for (const OptionSpec& option : options)
    text += fmt::format("| `{}` | {} |\n", Cell(SpellingOf(option)), Cell(option.help));
  return text;
}

}  // namespace

std::string ReferencePage() {
  std::string text =
      "# Command line reference\n\n"
      "Made from the table of commands by `parquedb generate --reference docs/cli.md`; `parquedb help VERB` shows the "
      "same. "
      "What each verb prints with `--json`: [json.md](json.md).\n\n| verb | does |\n|---|---|\n";
  for (const CommandSpec& command : Commands())
    text += fmt::format("| [`{0}`](#{0}) | {1} |\n", command.name, Cell(command.summary));
  text += "\n## Options of every verb\n\n" + OptionsTable(CommonOptions());
  for (const CommandSpec& command : Commands()) {
    text += fmt::format("\n## {}\n\n{}: `{}`\n\n```\n{}\n```\n\nFormats: `{}`, the first by default.\n", command.name,
                        command.summary, UsageOf(command), command.examples, command.formats);
    if (!command.options.empty()) text += "\n" + OptionsTable(command.options);
  }
  for (const Topic& topic : Topics())
    text += fmt::format("\n## Topic: {}\n\n{}.\n\n```\n{}```\n", topic.name, topic.summary, topic.text);
  return text;
}

}  // namespace parquedb
