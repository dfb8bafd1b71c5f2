#include <fmt/format.h>

#include "cli/completion.h"
#include "cli/help.h"
#include "cli/manual.h"
#include "cli/topics.h"
#include "cli/verbs.h"
#include "replay/state.h"

namespace parquedb {
namespace {

const std::vector<AnswerFormat> kPlainFormats = {AnswerFormat::kTable, AnswerFormat::kJson};

std::vector<std::string> HelpNames() {
  std::vector<std::string> names;
  for (const CommandSpec& command : Commands()) names.emplace_back(command.name);
  for (const Topic& topic : Topics()) names.emplace_back(topic.name);
  return names;
}

Object OverviewObject() {
  Array verbs, topics;
  for (const CommandSpec& command : Commands())
    verbs.push_back(Object{{"name", command.name}, {"summary", command.summary}});
  for (const Topic& topic : Topics()) topics.push_back(Object{{"name", topic.name}, {"summary", topic.summary}});
  return {{"verbs", std::move(verbs)}, {"topics", std::move(topics)}};
}

}  // namespace

Status RunHelp(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format, session.Format(call, kPlainFormats));
  bool json = format == AnswerFormat::kJson;
  if (call.args.empty()) {
    Object answer{{"text", HelpOverview()}};
    if (!json) return session.Print(HelpOverview());
    for (auto& member : OverviewObject()) answer.emplace(member.key(), std::move(member.value()));
    return session.PrintJson(std::move(answer));
  }
  const std::string& name = call.args[0];
  if (const CommandSpec* command = FindCommand(name)) {
    Object answer{{"text", HelpOf(*command)}};
    if (!json) return session.Print(HelpOf(*command));
    for (auto& member : HelpObject(*command)) answer.emplace(member.key(), std::move(member.value()));
    return session.PrintJson(std::move(answer));
  }
  for (const Topic& topic : Topics()) {
    if (topic.name == name)
      return json ? session.PrintJson({{"text", std::string(topic.text)}}) : session.Print(topic.text);
  }
  return InvalidArgument(fmt::format("there is no help on {}{}", name, DidYouMean(name, HelpNames())), "parquedb help");
}

// `words` is what the scripts call: what may stand for the last word.
Status RunCompletion(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format, session.Format(call, kPlainFormats));
  auto answer = [&](std::string_view text) {
    return format == AnswerFormat::kJson ? session.PrintJson({{"text", text}}) : session.Print(text);
  };
  const std::string& shell = call.args[0];
  if (shell != "words") {
    if (call.args.size() > 1) return InvalidArgument(fmt::format("the script of {} takes no words", shell));
    return answer(CompletionScript(shell));
  }
  std::vector<std::string> words(call.args.begin() + 1, call.args.end());
  return answer(CompletionText(CompleteWords(words, [&](const std::string& directory) {
    std::vector<std::string> none;
    auto source = session.OpenSource(directory.empty() ? session.Directory(call) : directory, {});
    if (!source.ok()) return none;  // no database there: nothing to offer
    auto namespaces = ListNamespaces(*source->storage, source->view);
    return namespaces.ok() ? std::move(*namespaces) : none;
  })));
}

Status RunGenerate(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format, session.Format(call, kPlainFormats));
  if (call.Has("--man") == call.Has("--reference"))
    return InvalidArgument("generate takes --man DIR or --reference FILE", "parquedb help generate");
  std::string folder = call.Get("--man");
  std::vector<ManualPage> pages;
  if (call.Has("--man")) {
    pages = ManPages();
  } else {
    std::string file = call.Get("--reference");
    size_t slash = file.rfind('/');
    folder = slash == std::string::npos ? "." : file.substr(0, slash + 1);
    pages.push_back({file.substr(slash + 1), ReferencePage()});
  }
  ASSIGN_OR_RETURN(auto storage, OpenDirectory(folder));
  std::vector<std::unique_ptr<PendingFile>> files;
  Array names;
  for (const ManualPage& page : pages) {
    ASSIGN_OR_RETURN(auto file, storage->CreatePending(page.name));
    RETURN_IF_ERROR(file->Append(page.text));
    files.push_back(std::move(file));
    names.emplace_back(page.name);
  }
  RETURN_IF_ERROR(storage->Publish(std::move(files)));
  if (format == AnswerFormat::kJson) return session.PrintJson({{"folder", folder}, {"files", std::move(names)}});
  return session.Print(fmt::format("wrote {} {} to {}\n", pages.size(), pages.size() == 1 ? "page" : "pages", folder));
}

Status RunVersion(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format, session.Format(call, kPlainFormats));
  constexpr char kVersion[] = PARQUEDB_VERSION;
  if (format == AnswerFormat::kJson) return session.PrintJson({{"version", kVersion}});
  return session.Print(fmt::format("parquedb {}\n", kVersion));
}

}  // namespace parquedb
