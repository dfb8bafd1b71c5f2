// errno as a Status.
#pragma once

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include "parquedb/status.h"

namespace parquedb {

// "<where>: <what>: <the system's reason>"; full disks and missing permissions get a hint.
inline Status ErrnoStatus(std::string_view where, std::string_view what, int number = errno) {
  std::string hint;
  if (number == ENOSPC || number == EDQUOT) hint = "free some space; nothing that was acknowledged is lost";
  if (number == EACCES || number == EPERM || number == EROFS)
    hint = "check the permissions of the folder and its files";
  return {StatusCode::kIo, std::string(where) + ": " + std::string(what) + ": " + std::strerror(number), hint};
}

}  // namespace parquedb
