// What every backend asks of a path before it touches anything.
#pragma once

#include <string>
#include <string_view>

#include "parquedb/status.h"

namespace parquedb {

// Relative, no empty part, no "." or "..", no NUL.
inline Status CheckStoragePath(std::string_view path) {
  bool good = !path.empty() && path.find('\0') == std::string_view::npos;
  for (size_t begin = 0; good && begin <= path.size();) {
    size_t end = std::min(path.find('/', begin), path.size());
    std::string_view part = path.substr(begin, end - begin);
    good = !part.empty() && part != "." && part != "..";
    begin = end + 1;
  }
  return good ? Status::Ok() : InvalidArgument("'" + std::string(path) + "' is no path inside the store");
}

}  // namespace parquedb
