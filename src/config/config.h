// parquedb.toml and the user's config.toml: settings and named remotes, each with the place it comes from. Text of
// these files is changed only around the lines that a remote is in; comments and order stay.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "parquedb/status.h"

namespace parquedb {

struct Setting {
  std::string value;   // as an option has it; "true" for a flag
  std::string origin;  // "/path/parquedb.toml:3", "PARQUEDB_OWNER"
};
using Settings = std::map<std::string, Setting, std::less<>>;  // by name: "lock-timeout"

struct ConfigFile {
  std::string path;
  Settings settings;
  Settings remotes;                // name -> URL
  std::set<std::string> required;  // names of those that are marked so
};

// A file that is missing is empty. `known`: the names that settings may have; '_' stands for '-'. kInvalidArgument with
// path, line and what was expected: no TOML, an unknown name, a value that is neither text, number nor true/false, a
// remote without an url.
Result<ConfigFile> ReadConfigFile(const std::string& path, const std::vector<std::string>& known);

// parquedb.toml in a database's directory.
std::string DatabaseConfigPath(const std::string& directory);
// $XDG_CONFIG_HOME/parquedb/config.toml, else ~/.config/parquedb/config.toml; "" without either variable.
std::string UserConfigPath();

// The text of a config file with a remote more: a table at its end. The name and the URL are known to be good.
std::string WithRemote(std::string_view text, std::string_view name, std::string_view url);
// The text without the remote's table; nullopt when no line begins one by this name (it may be written another way).
std::optional<std::string> WithoutRemote(std::string_view text, std::string_view name);

}  // namespace parquedb
