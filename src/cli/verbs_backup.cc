#include "cli/verbs.h"

namespace parquedb {
Status RunVerify(Session&, const Call&) { return Unsupported("verify"); }
Status RunPush(Session&, const Call&) { return Unsupported("push"); }
Status RunPull(Session&, const Call&) { return Unsupported("pull"); }
Status RunBackups(Session&, const Call&) { return Unsupported("backups"); }
}  // namespace parquedb
