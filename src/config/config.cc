#include "config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace parquedb {
namespace {

constexpr std::string_view kRemoteTable = "remote";

std::string OriginOf(const std::string& path, const toml::node& node) {
  return fmt::format("{}:{}", path, node.source().begin.line);
}

// As an option would have it; nullopt for what no option can be.
std::optional<std::string> TextOf(const toml::node& node) {
  if (auto text = node.value_exact<std::string>()) return text;
  if (auto number = node.value_exact<int64_t>()) return std::to_string(*number);
  if (auto flag = node.value_exact<bool>()) return *flag ? "true" : "false";
  return std::nullopt;
}

Status ReadRemote(const std::string& path, std::string_view name, const toml::node& node, ConfigFile* file) {
  std::string where = fmt::format("{}: remote.{}", OriginOf(path, node), name);
  const toml::table* table = node.as_table();
  const toml::node* url = table != nullptr ? table->get("url") : nullptr;
  auto text = url != nullptr ? url->value_exact<std::string>() : std::nullopt;
  if (!text || text->empty()) return InvalidArgument(where + " has no url", "url = \"/backups\"");
  for (const auto& [key, value] : *table) {
    if (key.str() == "url") continue;
    if (key.str() != "required") {
      return InvalidArgument(fmt::format("{}: remote.{} has no '{}'", OriginOf(path, value), name, key.str()),
                             "a remote has an url, and may be required");
    }
    auto flag = value.value_exact<bool>();
    if (!flag) return InvalidArgument(OriginOf(path, value) + ": required is true or false", "required = true");
    if (*flag) file->required.emplace(name);
  }
  file->remotes[std::string(name)] = {*text, OriginOf(path, *url)};
  return Status::Ok();
}

Status ReadTop(const std::string& path, std::string_view key, const toml::node& node,
               const std::vector<std::string>& known, ConfigFile* file) {
  if (key == kRemoteTable) {
    const toml::table* remotes = node.as_table();
    if (remotes == nullptr) return InvalidArgument(OriginOf(path, node) + ": remote is no table", "[remote.default]");
    for (const auto& [name, remote] : *remotes) RETURN_IF_ERROR(ReadRemote(path, name.str(), remote, file));
    return Status::Ok();
  }
  std::string name(key);
  std::replace(name.begin(), name.end(), '_', '-');
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    return InvalidArgument(fmt::format("{}: there is no setting '{}'", OriginOf(path, node), key),
                           fmt::format("settings are {} and remote", fmt::join(known, ", ")));
  }
  auto text = TextOf(node);
  if (!text) {
    return InvalidArgument(fmt::format("{}: the value of '{}' is neither text, a whole number nor true or false",
                                       OriginOf(path, node), key),
                           name + " = \"…\"");
  }
  file->settings[name] = {*text, OriginOf(path, node)};
  return Status::Ok();
}

std::string_view Trimmed(std::string_view line) {
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) line.remove_suffix(1);
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  return line;
}

}  // namespace

Result<ConfigFile> ReadConfigFile(const std::string& path, const std::vector<std::string>& known) {
  ConfigFile file{.path = path, .settings = {}, .remotes = {}, .required = {}};
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    if (errno == ENOENT || errno == ENOTDIR) return file;
    return InvalidArgument(fmt::format("{}: {}", path, std::strerror(errno)), "parquedb help environment");
  }
  std::ostringstream text;
  text << stream.rdbuf();
  toml::parse_result parsed = toml::parse(text.str(), path);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return InvalidArgument(
        fmt::format("{}:{}:{}: {}", path, error.source().begin.line, error.source().begin.column, error.description()),
        "the file is TOML: operator = \"ann\"");
  }
  for (const auto& [key, node] : parsed.table()) RETURN_IF_ERROR(ReadTop(path, key.str(), node, known, &file));
  return file;
}

std::string DatabaseConfigPath(const std::string& directory) { return directory + "/parquedb.toml"; }

std::string UserConfigPath() {
  const char* config = std::getenv("XDG_CONFIG_HOME");
  if (config != nullptr && *config == '/') return std::string(config) + "/parquedb/config.toml";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return std::string(home) + "/.config/parquedb/config.toml";
  return "";
}

std::string WithRemote(std::string_view text, std::string_view name, std::string_view url) {
  std::string whole(text);
  if (!whole.empty() && !whole.ends_with('\n')) whole += '\n';
  if (!whole.empty()) whole += '\n';
  std::string quoted;
  for (char c : url) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return whole + fmt::format("[remote.{}]\nurl = \"{}\"\n",
                             name.find('.') == std::string_view::npos ? std::string(name) : fmt::format("\"{}\"", name),
                             quoted);
}

std::optional<std::string> WithoutRemote(std::string_view text, std::string_view name) {
  std::string plain = fmt::format("[remote.{}]", name), quoted = fmt::format("[remote.\"{}\"]", name), kept;
  bool inside = false, found = false;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    std::string_view line = text.substr(begin, end - begin),
                     word = Trimmed(line.substr(0, line.find_last_not_of('\n') + 1));
    if (word == plain || word == quoted) {
      inside = found = true;
      if (kept.ends_with("\n\n")) kept.pop_back();  // the blank line that came with it
    } else if (word.starts_with('[')) {
      inside = false;
    }
    if (!inside) kept += line;
    begin = end;
  }
  if (!found) return std::nullopt;
  return kept;
}

}  // namespace parquedb
