#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/remote.h"
#include "cli/settings.h"
#include "cli/verbs.h"
#include "core/time_text.h"
#include "core/ulid.h"
#include "model/names.h"

namespace parquedb {
namespace {

const std::vector<AnswerFormat> kPlainFormats = {AnswerFormat::kTable, AnswerFormat::kJson};

// The file that `remote add` and `remote remove` change: the database's, else the user's.
Result<std::string> FileToChange(const Call& call) {
  std::string directory = DirectoryOption(call);
  ASSIGN_OR_RETURN(bool exists, HoldsDatabase(directory));
  if (exists && !call.Has("--global")) return DatabaseConfigPath(directory);
  std::string user = UserConfigPath();
  if (!user.empty()) return user;
  return InvalidArgument("there is no home folder for the user's config.toml", "set HOME or XDG_CONFIG_HOME");
}

std::string TextOfFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

// Whole or not at all.
Status WriteConfig(const std::string& path, const std::string& text) {
  size_t slash = path.rfind('/');
  ASSIGN_OR_RETURN(auto folder, OpenDirectory(path.substr(0, slash)));
  return folder->Write(path.substr(slash + 1), text);
}

Status CheckUrl(const std::string& url) {
  size_t scheme = url.find("://"), at = url.find('@');
  if (scheme != std::string::npos && at != std::string::npos && at < url.find('/', scheme + 3))
    return InvalidArgument("credentials do not belong into a URL", "they come from the environment or from files");
  for (char c : url) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      return InvalidArgument("a remote's URL has control characters");
  }
  return PathOfUrl(url).status();
}

// A path is kept as an absolute one: the name then means the same wherever it is used.
std::string KeptUrl(const std::string& url) {
  if (url.find("://") != std::string::npos || url.starts_with('~') || url.starts_with('/')) return url;
  std::string path = std::filesystem::absolute(url).lexically_normal().string();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

Object RemoteObject(const std::string& name, const Setting& remote) {
  return {{"name", name}, {"url", remote.value}, {"origin", remote.origin}};
}

Status UnknownRemote(const Call& call, const std::string& name) {
  std::vector<std::string> known;
  for (const auto& [other, remote] : call.remotes) known.push_back(other);
  return NotFound(fmt::format("there is no remote {}{}", name, DidYouMean(name, known)),
                  known.empty() ? "parquedb remote add NAME URL" : fmt::format("there is {}", fmt::join(known, ", ")));
}

Status AddRemote(Session& session, const Call& call, AnswerFormat format) {
  const std::string& name = call.args[1];
  std::string url = call.args[2];
  RETURN_IF_ERROR(CheckNamePart("remote", name));
  RETURN_IF_ERROR(CheckUrl(url));
  url = KeptUrl(url);
  ASSIGN_OR_RETURN(std::string file, FileToChange(call));
  ASSIGN_OR_RETURN(ConfigFile config, ReadConfigFile(file, SettingNames()));
  if (auto known = config.remotes.find(name); known != config.remotes.end() && known->second.value != url) {
    return Conflict(fmt::format("{} names the remote {} already: {}", known->second.origin, name, known->second.value),
                    "parquedb remote remove " + name);
  }
  bool changes = !config.remotes.contains(name);
  if (changes && !call.Has("--dry-run")) RETURN_IF_ERROR(WriteConfig(file, WithRemote(TextOfFile(file), name, url)));
  Object answer{{"name", name}, {"url", url}, {"file", file}};
  if (call.Has("--dry-run")) answer.emplace("dryRun", true);
  if (format == AnswerFormat::kJson) return session.PrintJson(std::move(answer));
  return session.Print(
      fmt::format("{}remote {} is {} (in {})\n", call.Has("--dry-run") ? "would be: " : "", name, url, file));
}

Status RemoveRemote(Session& session, const Call& call, AnswerFormat format) {
  const std::string& name = call.args[1];
  RETURN_IF_ERROR(CheckNamePart("remote", name));
  ASSIGN_OR_RETURN(std::string file, FileToChange(call));
  ASSIGN_OR_RETURN(ConfigFile config, ReadConfigFile(file, SettingNames()));
  if (!config.remotes.contains(name)) {
    auto elsewhere = call.remotes.find(name);
    if (elsewhere == call.remotes.end()) return UnknownRemote(call, name);
    return NotFound(fmt::format("{} does not name the remote {}; {} does", file, name, elsewhere->second.origin),
                    elsewhere->second.origin == "PARQUEDB_REMOTE_URL" ? "unset PARQUEDB_REMOTE_URL" : "--global");
  }
  auto text = WithoutRemote(TextOfFile(file), name);
  if (!text) {
    return Status(StatusCode::kUnsupported,
                  fmt::format("{}: the remote {} is not in a table [remote.{}] of its own", file, name, name),
                  "remove it there by hand");
  }
  if (!call.Has("--dry-run")) RETURN_IF_ERROR(WriteConfig(file, *text));
  Object answer{{"name", name}, {"removed", true}, {"file", file}};
  if (call.Has("--dry-run")) answer.emplace("dryRun", true);
  if (format == AnswerFormat::kJson) return session.PrintJson(std::move(answer));
  return session.Print(
      fmt::format("{}removed the remote {} (from {})\n", call.Has("--dry-run") ? "would have " : "", name, file));
}

Status ListRemotes(Session& session, const Call& call, AnswerFormat format) {
  Array remotes;
  std::vector<std::vector<std::string>> rows = {{"name", "url", "from"}};
  for (const auto& [name, remote] : call.remotes) {
    remotes.push_back(RemoteObject(name, remote));
    rows.push_back({name, remote.value, remote.origin});
  }
  if (format == AnswerFormat::kJson) return session.PrintJson({{"remotes", std::move(remotes)}});
  return session.Print(TextTable(rows));
}

Status ShowRemote(Session& session, const Call& call, AnswerFormat format) {
  const std::string& name = call.args[1];
  auto remote = call.remotes.find(name);
  if (remote == call.remotes.end()) return UnknownRemote(call, name);
  if (format == AnswerFormat::kJson) return session.PrintJson(RemoteObject(name, remote->second));
  return session.Print(fmt::format("{}  {}  (from {})\n", name, remote->second.value, remote->second.origin));
}

// Of a name that means an instant already, nobody could say which is meant.
Status CheckTagName(const std::string& name) {
  RETURN_IF_ERROR(CheckNamePart("tag", name));
  bool is_time = name == "latest" || Ulid::Parse(name) || ParseInstant(name, SystemClock().NowMs());
  if (is_time) return InvalidArgument(fmt::format("'{}' means an instant already", name), "choose another name");
  return Status::Ok();
}

Object TagObject(const std::string& name, const std::string& id) {
  auto ulid = Ulid::Parse(id);
  return {{"name", name}, {"id", id}, {"time", ulid ? FormatTime(ulid->ts_ms()) : ""}};
}

Status ListTags(Session& session, const Call& call, AnswerFormat format) {
  ASSIGN_OR_RETURN(Source source, session.OpenSource(session.Directory(call), {}));
  Array tags;
  std::vector<std::vector<std::string>> rows = {{"name", "time", "event"}};
  for (const auto& [name, id] : source.view.manifest.tags) {
    tags.push_back(TagObject(name, id));
    rows.push_back({name, std::string(TextOf(tags.back().get_object().at("time").get_string())), id});
  }
  if (format == AnswerFormat::kJson) return session.PrintJson({{"tags", std::move(tags)}});
  return session.Print(TextTable(rows));
}

}  // namespace

Status RunRemote(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format, session.Format(call, kPlainFormats));
  const std::string& what = call.args[0];
  size_t wanted = what == "add" ? 3 : what == "list" ? 1 : 2;
  if (call.args.size() != wanted) {
    std::string arguments = what == "add" ? "NAME URL" : what == "list" ? "no more" : "NAME";
    return InvalidArgument(fmt::format("remote {} takes {}", what, arguments), "parquedb help remote");
  }
  if (what == "add") return AddRemote(session, call, format);
  if (what == "remove") return RemoveRemote(session, call, format);
  return what == "list" ? ListRemotes(session, call, format) : ShowRemote(session, call, format);
}

Status RunConfig(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format, session.Format(call, kPlainFormats));
  ASSIGN_OR_RETURN(auto settings, SettingsInForce(call));
  bool origin = call.Has("--origin");
  Array array;
  std::vector<std::vector<std::string>> rows = {{"setting", "value"}};
  if (origin) rows[0].emplace_back("from");
  for (const SettingInForce& setting : settings) {
    array.push_back(Object{{"name", setting.name}, {"value", setting.value}, {"origin", setting.origin}});
    rows.push_back({setting.name, setting.value});
    if (origin) rows.back().push_back(setting.origin);
  }
  if (format == AnswerFormat::kJson) return session.PrintJson({{"settings", std::move(array)}});
  return session.Print(TextTable(rows));
}

Status RunTag(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format, session.Format(call, kPlainFormats));
  if (call.args.empty()) return ListTags(session, call, format);
  const std::string& name = call.args[0];
  RETURN_IF_ERROR(CheckTagName(name));
  bool dry_run = call.Has("--dry-run");
  ASSIGN_OR_RETURN(auto db, session.OpenWriter(call, session.Directory(call), false));
  DatabaseState& state = db->state();
  ASSIGN_OR_RETURN(View view, state.TakeReaderView());
  auto known = view.manifest.tags.find(name);
  if (call.Has("--remove")) {
    if (known == view.manifest.tags.end()) return NotFound("there is no tag " + name, "parquedb tag lists them");
    if (!dry_run) RETURN_IF_ERROR(state.SetTag(name, std::nullopt));
    Object answer = TagObject(name, known->second);
    answer.emplace("removed", true);
    if (dry_run) answer.emplace("dryRun", true);
    if (format == AnswerFormat::kJson) return session.PrintJson(std::move(answer));
    return session.Print(fmt::format("{}removed the tag {}\n", dry_run ? "would have " : "", name));
  }
  Source source{.storage = {}, .view = view, .name = session.Directory(call)};
  ASSIGN_OR_RETURN(source.storage, OpenDirectory(source.name));
  ASSIGN_OR_RETURN(Cut cut, session.ResolveAt(call, source));
  if (cut.id.empty()) return NotFound("there is no event at that instant to give a name to", "parquedb events");
  if (known != view.manifest.tags.end() && known->second != cut.id) {
    return Conflict(fmt::format("the tag {} names the event {} already", name, known->second),
                    fmt::format("parquedb tag {} --remove", name));
  }
  if (!dry_run && known == view.manifest.tags.end()) RETURN_IF_ERROR(state.SetTag(name, cut.id));
  Object answer = TagObject(name, cut.id);
  if (dry_run) answer.emplace("dryRun", true);
  if (format == AnswerFormat::kJson) return session.PrintJson(std::move(answer));
  return session.Print(
      fmt::format("{} {} (lsn {}, event {})\n", name, dry_run ? "would name" : "names", cut.lsn, cut.id));
}

}  // namespace parquedb
