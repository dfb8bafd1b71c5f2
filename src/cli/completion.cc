#include "cli/completion.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/command_line.h"
#include "cli/topics.h"

namespace parquedb {
namespace {

constexpr std::string_view kBash = R"(# bash completion for parquedb: source <(parquedb completion bash)
_parquedb() {
  local current=${COMP_WORDS[COMP_CWORD]} lines kind
  COMPREPLY=()
  [[ $current == = ]] && current=
  mapfile -t lines < <("${COMP_WORDS[0]}" completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2> /dev/null)
  kind=${lines[0]-}
  case $kind in
    files) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    folders) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
    words)
      COMPREPLY=("${lines[@]:1}")
      COMPREPLY=("${COMPREPLY[@]%%$'\t'*}")
      [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]] && compopt -o nospace
      ;;
  esac
}
complete -F _parquedb parquedb
)";

constexpr std::string_view kZsh = R"(#compdef parquedb
# zsh completion for parquedb: source <(parquedb completion zsh), or this text as _parquedb in a folder of $fpath.
_parquedb() {
  local -a lines found
  local line word
  lines=("${(@f)$("${(Q)words[1]}" completion words -- "${(@Q)words[2,CURRENT]}" 2> /dev/null)}")
  case ${lines[1]} in
    files) _files ;;
    folders) _files -/ ;;
    words)
      for line in "${(@)lines[2,-1]}"; do
        word=${line%%$'\t'*}
        if [[ $word == */ ]]; then
          compadd -S '' -- "$word"
        else
          found+=("${word//:/\\:}:${line#*$'\t'}")
        fi
      done
      _describe parquedb found
      ;;
  esac
}
if [[ ${zsh_eval_context[-1]} == loadautofunc ]]; then _parquedb "$@"; else compdef _parquedb parquedb; fi
)";

constexpr std::string_view kFish = R"(# fish completion for parquedb: parquedb completion fish | source
function __parquedb_complete
    set -l current (commandline -ct)
    set -l before (commandline -opc)
    set -l lines ($before[1] completion words -- $before[2..-1] "$current" 2> /dev/null)
    switch "$lines[1]"
        case files
            __fish_complete_path "$current"
        case folders
            __fish_complete_directories "$current"
        case words
            printf '%s\n' $lines[2..-1]
    end
end
complete -c parquedb -f -a '(__parquedb_complete)'
)";

// What the words before the cursor have said.
struct Said {
  const CommandSpec* command = nullptr;
  const OptionSpec* waiting = nullptr;  // the option whose value comes next
  std::string directory;
  std::vector<std::string> options;  // their names
  size_t arguments = 0;
  bool options_ended = false;
};

// Takes one word that stands before the cursor.
void Take(const std::string& word, Said* said) {
  if (said->waiting != nullptr) {
    if (word == "=") return;
    if (said->waiting->name == "--directory") said->directory = word;
    said->waiting = nullptr;
  } else if (!said->options_ended && word == "--") {
    said->options_ended = true;
  } else if (!said->options_ended && word.size() > 1 && word[0] == '-') {
    size_t equals = word.find('=');
    const OptionSpec* option = FindOption(said->command, word.substr(0, equals));
    if (option == nullptr) return;
    said->options.emplace_back(option->name);
    if (option->value.empty()) return;
    if (equals == std::string::npos) said->waiting = option;
    if (equals != std::string::npos && option->name == "--directory") said->directory = word.substr(equals + 1);
  } else if (said->command == nullptr) {
    said->command = FindCommand(word);
  } else {
    ++said->arguments;
  }
}

std::vector<Candidate> Plain(const std::vector<std::string>& words) {
  std::vector<Candidate> candidates;
  for (const std::string& word : words) candidates.push_back({word, ""});
  return candidates;
}

std::vector<Candidate> Verbs() {
  std::vector<Candidate> candidates;
  for (const CommandSpec& command : Commands()) candidates.push_back({std::string(command.name), command.summary});
  return candidates;
}

std::vector<Candidate> OptionsOf(const Said& said) {
  std::vector<Candidate> candidates;
  auto add = [&](const std::vector<OptionSpec>& options) {
    for (const OptionSpec& option : options) {
      bool given = std::find(said.options.begin(), said.options.end(), option.name) != said.options.end();
      if (!given || option.name == "--to") candidates.push_back({std::string(option.name), option.help});
    }
  };
  if (said.command != nullptr) add(said.command->options);
  add(CommonOptions());
  return candidates;
}

}  // namespace

Completion CompleteWords(const std::vector<std::string>& words,
                         const std::function<std::vector<std::string>(const std::string& directory)>& namespaces) {
  Said said;
  std::string current = words.empty() ? "" : words.back();
  for (size_t i = 0; i + 1 < words.size(); ++i) Take(words[i], &said);
  if (current == "=" && said.waiting != nullptr) current.clear();
  std::string prefix;  // "--level=" of a word that goes on with a value
  size_t equals = current.find('=');
  if (said.waiting == nullptr && !said.options_ended && current.starts_with("-") && equals != std::string::npos) {
    Take(current.substr(0, equals), &said);
    prefix = current.substr(0, equals + 1);
  }
  std::string_view place;  // the table's word for what stands here
  if (said.waiting != nullptr) {
    place = said.waiting->name == "--format" && said.command != nullptr ? said.command->formats : said.waiting->value;
  } else if (said.command != nullptr) {
    auto arguments = ArgumentNames(*said.command);
    if (said.arguments < arguments.size()) place = arguments[said.arguments];
    if (place.starts_with('[')) place = place.substr(1, place.size() - 2);
  }
  Completion completion;
  if (said.waiting == nullptr && !said.options_ended && current.starts_with("-")) {
    completion.candidates = OptionsOf(said);
  } else if (said.waiting == nullptr && said.command == nullptr) {
    completion.candidates = Verbs();
  } else if (place == "F" || place == "FILE") {
    completion.kind = Completion::Kind::kFiles;
  } else if (place == "DIR" || place == "REMOTE" || place == "REF") {
    completion.kind = Completion::Kind::kFolders;
  } else if (place == "NS" || place == "NS/ID") {
    for (const std::string& ns : namespaces(said.directory))
      completion.candidates.push_back({place == "NS" ? ns : ns + "/", ""});
  } else if (place == "TOPIC") {
    completion.candidates = Verbs();
    for (const Topic& topic : Topics()) completion.candidates.push_back({std::string(topic.name), topic.summary});
  } else if (place == "T") {
    completion.candidates = Plain({"latest", "yesterday", "lsn:"});
  } else {
    completion.candidates = Plain(FixedValues(place));
  }
  for (Candidate& candidate : completion.candidates) candidate.word = prefix + candidate.word;
  std::erase_if(completion.candidates, [&](const Candidate& one) { return !one.word.starts_with(current); });
  return completion;
}

std::string CompletionText(const Completion& completion) {
  if (completion.kind == Completion::Kind::kFiles) return "files\n";
  if (completion.kind == Completion::Kind::kFolders) return "folders\n";
  std::string text = "words\n";
  for (const Candidate& candidate : completion.candidates)
    text += candidate.help.empty() ? candidate.word + "\n" : fmt::format("{}\t{}\n", candidate.word, candidate.help);
  return text;
}

std::string_view CompletionScript(std::string_view shell) {
  return shell == "bash" ? kBash : shell == "zsh" ? kZsh : kFish;
}

}  // namespace parquedb
