#include "cli/verbs.h"

namespace parquedb {
Status RunVerify(Session&, const Call&) { return Unsupported("verify"); }
}  // namespace parquedb
