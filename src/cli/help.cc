#include "cli/help.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/topics.h"

namespace parquedb {
namespace {

constexpr std::string_view kFirstExamples =
    "parquedb create posts --id hello --data '{\"title\":\"Hello\"}'\n"
    "parquedb query posts --filter '{\"title\":\"Hello\"}'\n"
    "parquedb query posts --at \"5m ago\"\n"
    "parquedb push --to /backups --slug shop\n"
    "parquedb pull /backups/ann/shop --directory ./restored\n";

constexpr size_t kSpellingWidth = 26;

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string ExamplesText(const std::vector<std::string_view>& examples) {
  std::string text = "Examples:\n";
  for (std::string_view example : examples) text += fmt::format("  {}\n", example);
  return text;
}

std::string OptionsText(std::string_view title, const std::vector<OptionSpec>& options) {
  if (options.empty()) return "";
  std::string text = fmt::format("\n{}:\n", title);
  for (const OptionSpec& option : options) {
    std::string spelling = SpellingOf(option);
    // A long one has its text on the next line, in the column of all.
    if (spelling.size() > kSpellingWidth) spelling += fmt::format("\n  {:<{}}", "", kSpellingWidth);
    text += fmt::format("  {:<{}} {}\n", spelling, kSpellingWidth, option.help);
  }
  return text;
}

Array OptionsArray(const std::vector<OptionSpec>& options) {
  Array array;
  for (const OptionSpec& option : options) {
    Object object{{"name", option.name}, {"value", option.value}, {"help", option.help}};
    if (option.letter != 0) object.emplace("letter", std::string("-") + option.letter);
    array.push_back(std::move(object));
  }
  return array;
}

}  // namespace

std::string UsageOf(const CommandSpec& command) {
  return fmt::format("parquedb {}{}{} [options]", command.name, command.arguments.empty() ? "" : " ",
                     command.arguments);
}

std::vector<std::string_view> ExamplesOf(const CommandSpec& command) { return Lines(command.examples); }

std::string SpellingOf(const OptionSpec& option) {
  return fmt::format("{}{}{}{}", option.letter ? fmt::format("-{}, ", option.letter) : "", option.name,
                     option.value.empty() ? "" : " ", option.value);
}

std::string HelpOf(const CommandSpec& command) {
  return fmt::format("{}\nparquedb {}: {}\n\nUsage: {}\nFormats: {}\n{}{}", ExamplesText(ExamplesOf(command)),
                     command.name, command.summary, UsageOf(command), command.formats,
                     OptionsText("Options", command.options), OptionsText("Options of every verb", CommonOptions()));
}

std::string_view OverviewExamples() { return kFirstExamples; }

std::string HelpOverview() {
  std::string text =
      ExamplesText(Lines(kFirstExamples)) +
      "\nparquedb: an event-sourced document database in Parquet files that never loses them\n\nVerbs:\n";
  for (const CommandSpec& command : Commands()) text += fmt::format("  {:<12} {}\n", command.name, command.summary);
  text += "\nTopics:\n";
  for (const Topic& topic : Topics()) text += fmt::format("  {:<12} {}\n", topic.name, topic.summary);
  return text + "\nparquedb help VERB and parquedb help TOPIC tell more.\n";
}

Object HelpObject(const CommandSpec& command) {
  Array examples;
  for (std::string_view example : ExamplesOf(command)) examples.emplace_back(example);
  Array formats;
  for (const std::string& format : FixedValues(command.formats)) formats.emplace_back(format);
  return {{"verb", command.name},
          {"usage", UsageOf(command)},
          {"summary", command.summary},
          {"examples", std::move(examples)},
          {"formats", std::move(formats)},
          {"options", OptionsArray(command.options)},
          {"commonOptions", OptionsArray(CommonOptions())}};
}

}  // namespace parquedb
