#include "storage/temporary_folder.h"

#include <stdlib.h>

#include <filesystem>
#include <system_error>

#include "core/errno_status.h"
#include "core/temporary_file.h"
#include "storage/fs_file.h"

namespace parquedb {

Status TemporaryFolder::Make() {
  const std::string parent = TemporaryDirectory();
  std::string name = parent + "/parquedb-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr)
    return ErrnoStatus(parent, "can't make a temporary folder").WithHint("set TMPDIR to a folder with room");
  path_ = name;
  NoteTemporaryFile(path_, true);
  return Status::Ok();
}

TemporaryFolder::~TemporaryFolder() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
  NoteTemporaryFile(path_, false);
}

}  // namespace parquedb
