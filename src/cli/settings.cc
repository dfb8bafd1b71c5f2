#include "cli/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "cli/session.h"

namespace parquedb {
namespace {

// Options that say how something is done. What is done, and to what, is said by each call.
constexpr std::string_view kSettings[] = {"--format",   "--level",    "--lock-timeout", "--operator",
                                          "--owner",    "--progress", "--quiet",        "--slug",
                                          "--strategy", "--threads",  "--visibility",   "--verbose"};
// Not from the environment: what they ask for would be answered instead of every call.
constexpr std::string_view kNeverFromEnvironment[] = {"--help", "--version", "--directory"};

std::string EnvironmentName(std::string_view option) {
  std::string name = "PARQUEDB_";
  for (char c : option.substr(2))
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

std::optional<Setting> FromEnvironment(std::string_view option) {
  std::string name = EnvironmentName(option);
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return Setting{value, name};
}

std::vector<const OptionSpec*> EveryOption() {
  std::vector<const OptionSpec*> options;
  std::set<std::string_view> seen;
  for (const OptionSpec& option : CommonOptions()) {
    if (seen.insert(option.name).second) options.push_back(&option);
  }
  for (const CommandSpec& command : Commands()) {
    for (const OptionSpec& option : command.options) {
      if (seen.insert(option.name).second) options.push_back(&option);
    }
  }
  return options;
}

// Some verb has this option with this value.
bool AnyVerbKnows(std::string_view option, const std::string& value) {
  for (const CommandSpec& command : Commands()) {
    const OptionSpec* found = FindOption(&command, option);
    std::string_view values = option == "--format" ? command.formats : found != nullptr ? found->value : "";
    if (found == nullptr) continue;
    std::vector<std::string> fixed = FixedValues(values);
    if (values == value || fixed.empty() || std::find(fixed.begin(), fixed.end(), value) != fixed.end()) return true;
  }
  return false;
}

std::optional<bool> ParseFlag(const std::string& text) {
  for (std::string_view yes : {"1", "true", "yes", "on"}) {
    if (text == yes) return true;
  }
  for (std::string_view no : {"0", "false", "no", "off"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

Status Fill(Call* call, const OptionSpec& option, const Setting& setting) {
  if (option.value.empty()) {
    auto flag = ParseFlag(setting.value);
    if (!flag) return InvalidArgument(fmt::format("{}: '{}' is neither true nor false", setting.origin, setting.value));
    if (*flag) call->Fill(option.name, {"true", setting.origin});
    return Status::Ok();
  }
  std::string_view values = option.name == "--format" ? call->command->formats : option.value;
  std::vector<std::string> fixed = FixedValues(values);
  bool is_set = !fixed.empty() || option.name == "--format";
  bool knows = values == setting.value || std::find(fixed.begin(), fixed.end(), setting.value) != fixed.end();
  if (is_set && !knows) {
    if (AnyVerbKnows(option.name, setting.value)) return Status::Ok();
    return InvalidArgument(fmt::format("{}: {} does not know '{}'{}", setting.origin, option.name, setting.value,
                                       DidYouMean(setting.value, fixed)),
                           fmt::format("{}", fmt::join(fixed, ", ")));
  }
  call->Fill(option.name, setting);
  return Status::Ok();
}

// Nearest first. A database in the current folder also tells its remotes to a pull into another one.
Result<std::vector<ConfigFile>> ReadLayers(const Call& call) {
  std::vector<std::string> paths = {DatabaseConfigPath(DirectoryOf(call))};
  ASSIGN_OR_RETURN(bool here, HoldsDatabase("."));
  if (here) paths.push_back(DatabaseConfigPath("."));
  if (std::string user = UserConfigPath(); !user.empty()) paths.push_back(user);
  std::vector<ConfigFile> layers;
  std::vector<std::string> known = SettingNames();
  std::set<std::string> read;
  for (const std::string& path : paths) {
    std::error_code error;
    std::filesystem::path whole = std::filesystem::weakly_canonical(path, error);
    if (!read.insert(error ? path : whole.string()).second) continue;
    ASSIGN_OR_RETURN(ConfigFile file, ReadConfigFile(path, known));
    layers.push_back(std::move(file));
  }
  return layers;
}

std::optional<Setting> FromLayers(const std::vector<ConfigFile>& layers, std::string_view option) {
  for (const ConfigFile& layer : layers) {
    auto found = layer.settings.find(option.substr(2));
    if (found != layer.settings.end()) return found->second;
  }
  return std::nullopt;
}

std::string DefaultOf(const std::string& name) {
  if (name == "format") return "table";
  if (name == "level") return "replay";
  if (name == "lock-timeout") return "10s";
  if (name == "operator" || name == "owner") return LoginName();
  if (name == "slug") return "(the database's name)";
  if (name == "strategy") return "manual";
  if (name == "visibility") return "private";
  if (name == "threads") return "(the cores)";
  if (name == "progress") return "auto";
  return "false";
}

bool MayComeFromEnvironment(std::string_view option) {
  return std::find(std::begin(kNeverFromEnvironment), std::end(kNeverFromEnvironment), option) ==
         std::end(kNeverFromEnvironment);
}

}  // namespace

std::string DirectoryOf(const Call& call) {
  bool takes_one = call.command->arguments == "[DIR]";
  return takes_one && !call.args.empty() ? call.args[0] : DirectoryOption(call);
}

std::string DirectoryOption(const Call& call) {
  if (call.Has("--directory")) return call.Get("--directory");
  for (const char* name : {"PARQUEDB_PATH", "PARQUEDB_DIRECTORY"}) {
    const char* path = std::getenv(name);
    if (path != nullptr && *path != '\0') return path;
  }
  return ".";
}

std::vector<std::string> SettingNames() {
  std::vector<std::string> names;
  for (const OptionSpec* option : EveryOption()) {
    if (std::find(std::begin(kSettings), std::end(kSettings), option->name) != std::end(kSettings))
      names.emplace_back(option->name.substr(2));
  }
  std::sort(names.begin(), names.end());
  return names;
}

Status FillFromSettings(Call* call) {
  ASSIGN_OR_RETURN(auto layers, ReadLayers(*call));
  std::vector<const OptionSpec*> options;
  for (const OptionSpec& option : CommonOptions()) options.push_back(&option);
  for (const OptionSpec& option : call->command->options) options.push_back(&option);
  // Whose backups are meant counts for every verb: --at may name one.
  static constexpr OptionSpec kAnyOwner{"--owner", "O", ""};
  if (FindOption(call->command, kAnyOwner.name) == nullptr) options.push_back(&kAnyOwner);
  for (const OptionSpec* option : options) {
    if (call->Has(option->name) || !MayComeFromEnvironment(option->name)) continue;
    auto setting = FromEnvironment(option->name);
    if (!setting) setting = FromLayers(layers, option->name);
    if (setting) RETURN_IF_ERROR(Fill(call, *option, *setting));
  }
  for (const ConfigFile& layer : layers) {
    for (const auto& [name, remote] : layer.remotes) {
      // The nearest file says all of a remote.
      if (call->remotes.emplace(name, remote).second && layer.required.contains(name))
        call->required_remotes.insert(name);
    }
  }
  if (const char* url = std::getenv("PARQUEDB_REMOTE_URL"); url != nullptr && *url != '\0')
    call->remotes["default"] = {url, "PARQUEDB_REMOTE_URL"};
  return Status::Ok();
}

Result<std::vector<SettingInForce>> SettingsInForce(const Call& call) {
  ASSIGN_OR_RETURN(auto layers, ReadLayers(call));
  std::vector<SettingInForce> settings;
  const char* path = std::getenv("PARQUEDB_PATH");
  bool from_path = !call.Has("--directory") && path != nullptr && *path != '\0';
  settings.push_back({"directory", DirectoryOf(call),
                      call.Has("--directory") ? "--directory"
                      : from_path             ? "PARQUEDB_PATH"
                                              : "default"});
  for (const std::string& name : SettingNames()) {
    std::string option = "--" + name;
    auto setting = FromEnvironment(option);
    if (!setting) setting = FromLayers(layers, option);
    if (call.IsFromCommandLine(option)) setting = Setting{call.Get(option), option};
    if (setting) {
      settings.push_back({name, setting->value, setting->origin});
    } else {
      settings.push_back({name, DefaultOf(name), "default"});
    }
  }
  for (const auto& [name, remote] : call.remotes) settings.push_back({"remote." + name, remote.value, remote.origin});
  return settings;
}

}  // namespace parquedb
