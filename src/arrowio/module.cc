// libparquedb-arrow.so: what the program looks up in it.
#include "arrowio/linked_arrow.h"

extern "C" {

__attribute__((visibility("default"))) const char* parquedb_arrow_version() { return parquedb::ArrowModuleVersion(); }
__attribute__((visibility("default"))) const parquedb::ArrowModule* parquedb_arrow() { return parquedb_linked_arrow(); }

}  // extern "C"
