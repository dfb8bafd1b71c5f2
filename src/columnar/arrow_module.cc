#include "columnar/arrow_module.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

namespace parquedb {
namespace {

constexpr const char* kFile = "libparquedb-arrow.so";
constexpr const char* kReinstall = "install parquedb anew: the program and lib/parquedb belong together";

// Where the module may lie: beside the program, as it is built; as it is installed; and as a package installs it, for a
// root without /proc. Not by the program's RUNPATH, in which every other library would be looked for at each start.
std::vector<std::string> Places() {
  std::vector<std::string> places;
  std::error_code failed;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (!failed) {
    places.push_back((program.parent_path() / kFile).string());
    places.push_back((program.parent_path().parent_path() / "lib/parquedb" / kFile).string());
  }
  places.push_back(std::string("/usr/lib/parquedb/") + kFile);
  return places;
}

// Local: Arrow's libraries export symbols of others (an OpenSSL among them) that nobody else may meet. It stays loaded.
Result<void*> Open() {
  for (const std::string& place : Places()) {
    if (::access(place.c_str(), F_OK) != 0) continue;
    if (void* module = ::dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL)) return module;
    const char* why = ::dlerror();
    return Unsupported(std::string("what writes Parquet files can't be loaded: ") + (why == nullptr ? place : why),
                       kReinstall);
  }
  return Unsupported(std::string("what writes Parquet files is missing: ") + Places().front(), kReinstall);
}

Result<const ArrowModule*> Load() {
  if (parquedb_linked_arrow != nullptr) return parquedb_linked_arrow();
  ASSIGN_OR_RETURN(void* module, Open());
  auto version = reinterpret_cast<const char* (*)()>(::dlsym(module, "parquedb_arrow_version"));
  auto loaded = reinterpret_cast<const ArrowModule* (*)()>(::dlsym(module, "parquedb_arrow"));
  if (version == nullptr || loaded == nullptr || std::strcmp(version(), ArrowModuleVersion()) != 0) {
    return Unsupported(std::string(kFile) + " is of version " + (version == nullptr ? "unknown" : version()) +
                           ", this program of version " + ArrowModuleVersion(),
                       kReinstall);
  }
  return loaded();
}

}  // namespace

const char* ArrowModuleVersion() { return PARQUEDB_VERSION ", " __VERSION__; }

Result<const ArrowModule*> LoadArrow() {
  static const Result<const ArrowModule*> module = Load();
  return module;
}

}  // namespace parquedb
