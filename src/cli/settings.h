// What a call takes from the environment and from config files: every option that was not given on the command line.
#pragma once

#include <string>
#include <vector>

#include "cli/command_line.h"
#include "config/config.h"

namespace parquedb {

// Fills in, in this order: PARQUEDB_<OPTION>, parquedb.toml in the database, the user's config.toml. A value that
// another verb's option of the same name knows and this one's does not is left out. kInvalidArgument names the place.
Status FillFromSettings(Call* call);

// The names that config files may set, sorted: options that say how, not what.
std::vector<std::string> SettingNames();

// A setting as it is in force for a directory, or its default.
struct SettingInForce {
  std::string name, value, origin;  // origin "default" where nobody set it
};
Result<std::vector<SettingInForce>> SettingsInForce(const Call& call);

// --directory, PARQUEDB_PATH, PARQUEDB_DIRECTORY, the current folder.
std::string DirectoryOption(const Call& call);
// The database that a call is about: its [DIR], else as DirectoryOption.
std::string DirectoryOf(const Call& call);

}  // namespace parquedb
