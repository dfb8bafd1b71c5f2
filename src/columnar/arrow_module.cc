#include "columnar/arrow_module.h"

#include <dlfcn.h>

#include <cstring>

namespace parquedb {
namespace {

constexpr const char* kFile = "libparquedb-arrow.so";
constexpr const char* kReinstall = "install parquedb anew: the program and lib/parquedb belong together";

Result<const ArrowModule*> Load() {
  if (parquedb_linked_arrow != nullptr) return parquedb_linked_arrow();
  // Local: Arrow's libraries export symbols of others (an OpenSSL among them) that nobody else may meet. It stays
  // loaded.
  void* module = ::dlopen(kFile, RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) {
    const char* why = ::dlerror();
    return Unsupported(std::string("what writes Parquet files can't be loaded: ") + (why == nullptr ? kFile : why),
                       kReinstall);
  }
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
