// Help as text and as JSON, from the table of commands.
#pragma once

#include <string>
#include <vector>

#include "cli/command_line.h"
#include "document/value.h"

namespace parquedb {

// "parquedb query NS [options]".
std::string UsageOf(const CommandSpec& command);
std::vector<std::string_view> ExamplesOf(const CommandSpec& command);
// "-d, --directory DIR".
std::string SpellingOf(const OptionSpec& option);

std::string HelpOf(const CommandSpec& command);
std::string HelpOverview();
// The examples that the overview begins with; lines.
std::string_view OverviewExamples();
Object HelpObject(const CommandSpec& command);

}  // namespace parquedb
