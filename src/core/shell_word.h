// Commands as they are typed into a shell.
#pragma once

#include <string>
#include <string_view>

namespace parquedb {

// One word of a command, quoted where it needs to be.
std::string ShellWord(std::string_view text);

}  // namespace parquedb
