#include "cli/check_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace parquedb {
namespace {

// The environment with this database in it.
std::vector<std::string> EnvironmentFor(const std::string& directory) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (std::string_view(*variable).substr(0, 14) != "PARQUEDB_PATH=") variables.emplace_back(*variable);
  }
  variables.push_back("PARQUEDB_PATH=" + directory);
  return variables;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

Result<int> Spawn(const std::string& command, const std::string& directory) {
  std::vector<std::string> words = {"sh", "-c", command}, variables = EnvironmentFor(directory);
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none, defaults;  // ours are blocked or ignored; the command's are not
  ::sigemptyset(&none);
  ::sigemptyset(&defaults);
  for (int signal : {SIGINT, SIGTERM, SIGPIPE, SIGXFSZ}) ::sigaddset(&defaults, signal);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t child = 0;
  const int failed =
      ::posix_spawn(&child, "/bin/sh", &files, &attributes, Pointers(words).data(), Pointers(variables).data());
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  if (failed != 0) return IoError(fmt::format("can't run /bin/sh: {}", std::strerror(failed)));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return IoError(fmt::format("can't wait for the command: {}", std::strerror(errno)));
  }
  return status;
}

}  // namespace

Result<bool> RunCheckCommand(const std::string& command, const std::string& directory) {
  ASSIGN_OR_RETURN(int status, Spawn(command, directory));
  if (WIFSIGNALED(status)) {
    if (WTERMSIG(status) == SIGINT) return Status{StatusCode::kInterrupted, "the check was interrupted"};
    return false;
  }
  const int code = WEXITSTATUS(status);
  if (code == 126 || code == 127)
    return InvalidArgument(fmt::format("--check: the shell can't run it (exit status {})", code),
                           "try the command alone; 0 means that the state is right, any other status that it is not");
  return code == 0;
}

}  // namespace parquedb
