#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "cli/help.h"
#include "cli/manual.h"
#include "cli/topics.h"

namespace parquedb {
namespace {

constexpr std::string_view kReleaseDate = "2026-11-25";  // of PARQUEDB_VERSION; pages of one version are the same bytes

// Text as roff prints it character for character, also when a person copies it from the page into a shell. The help has
// one character that is not ASCII, the ellipsis.
std::string Roff(std::string_view text) {
  static constexpr std::pair<std::string_view, std::string_view> kEscapes[] = {
      {"\\", "\\e"}, {"-", "\\-"}, {"'", "\\(aq"}, {"`", "\\(ga"}, {"^", "\\(ha"}, {"~", "\\(ti"}, {"…", "..."}};
  std::string out;
  if (text.starts_with('.') || text.starts_with("…")) out = "\\&";
  while (!text.empty()) {
    size_t taken = 1;
    std::string_view shown = text.substr(0, 1);
    for (const auto& [written, escape] : kEscapes) {
      if (!text.starts_with(written)) continue;
      taken = written.size();
      shown = escape;
    }
    out += shown;
    text.remove_prefix(taken);
  }
  return out;
}

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return upper;
}

std::string Head(std::string_view page, std::string_view summary) {
  return fmt::format(".TH {} 1 {} \"parquedb {}\" \"ParqueDB\"\n.SH NAME\n{} \\- {}\n", Roff(Upper(page)), kReleaseDate,
                     PARQUEDB_VERSION, Roff(page), Roff(summary));
}

std::string Literal(std::string_view text) {
  std::string out = ".EX\n";
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    out += Roff(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + ".EE\n";
}

std::string OptionList(const std::vector<OptionSpec>& options) {
  std::string out;
  for (const OptionSpec& option : options) {
    std::string letter = option.letter != 0 ? fmt::format("\\fB\\-{}\\fR, ", option.letter) : "";
    std::string value = option.value.empty() ? "" : fmt::format(" \\fI{}\\fR", Roff(option.value));
    out += fmt::format(".TP\n{}\\fB{}\\fR{}\n{}\n", letter, Roff(option.name), value, Roff(option.help));
  }
  return out;
}

ManualPage VerbPage(const CommandSpec& command) {
  std::string page = fmt::format("parquedb-{}", command.name);
  std::string text = Head(page, command.summary);
  text += fmt::format(".SH SYNOPSIS\n\\fBparquedb {}\\fR{}{} [options]\n", Roff(command.name),
                      command.arguments.empty() ? "" : " ",
                      command.arguments.empty() ? "" : fmt::format("\\fI{}\\fR", Roff(command.arguments)));
  text += ".SH EXAMPLES\n" + Literal(command.examples);
  if (!command.options.empty()) text += ".SH OPTIONS\n" + OptionList(command.options);
  text += ".SH OPTIONS OF EVERY VERB\n" + OptionList(CommonOptions());
  text += fmt::format(".PP\nFormats: {}.\n.SH SEE ALSO\n.BR parquedb (1)\n", Roff(command.formats));
  return {page + ".1", text};
}

}  // namespace

std::vector<ManualPage> ManPages() {
  std::string text = Head("parquedb", "an event-sourced document database in Parquet files that never loses them");
  text += ".SH SYNOPSIS\n\\fBparquedb\\fR \\fIVERB\\fR [arguments] [options]\n.SH EXAMPLES\n" +
          Literal(OverviewExamples()) + ".SH VERBS\n";
  for (const CommandSpec& command : Commands())
    text += fmt::format(".TP\n.BR parquedb\\-{} (1)\n{}\n", Roff(command.name), Roff(command.summary));
  text += ".SH OPTIONS OF EVERY VERB\n" + OptionList(CommonOptions());
  for (const Topic& topic : Topics())
    text +=
        fmt::format(".SH {}\n{}", topic.name == "exit-codes" ? "EXIT STATUS" : Upper(topic.name), Literal(topic.text));
  std::vector<ManualPage> pages = {{"parquedb.1", text}};
  for (const CommandSpec& command : Commands()) pages.push_back(VerbPage(command));
  return pages;
}

}  // namespace parquedb
