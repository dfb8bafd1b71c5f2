// What may stand where the cursor is, from the table of commands; and the scripts by which shells ask for it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace parquedb {

struct Candidate {
  std::string word;
  std::string_view help;  // "" when there is none
};

struct Completion {
  enum class Kind { kWords, kFiles, kFolders };
  Kind kind = Kind::kWords;           // files and folders are the shell's to list
  std::vector<Candidate> candidates;  // those that begin with what was written; of kWords
};

// `words` follow the program's name; the last is being written and may be empty. `namespaces` is asked for the
// namespaces of the database that the words name (its directory; "" when they name none), and only when one may stand
// here. A text like "--level=f" and bash's three words "--level", "=", "f" mean the same.
Completion CompleteWords(const std::vector<std::string>& words,
                         const std::function<std::vector<std::string>(const std::string& directory)>& namespaces);

// "words", "files" or "folders", then a candidate a line: the word, a tab, its help.
std::string CompletionText(const Completion& completion);

// The script for bash, zsh or fish.
std::string_view CompletionScript(std::string_view shell);

}  // namespace parquedb
