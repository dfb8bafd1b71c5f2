// What a verb that only reads is pointed at: a database's directory, or a backup that is read in place.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/remote.h"
#include "cli/session.h"

namespace parquedb {

// A directory with names of the layout in it, else the newest backup that the text names. kNotFound when it is neither.
Result<std::unique_ptr<StorageBackend>> OpenSubject(const Call& call, const std::string& text);

// The same, as a view. Of a backup: at its instant.
Result<Source> OpenSubjectSource(const Session& session, const Call& call, const std::string& text,
                                 const ViewRequest& request);

// True if the text names a backup repository, or a backup in one, and no database.
bool NamesBackup(const std::string& text);

// A backup in which `at` can be looked at: the newest of the slug whose window has it, else the newest of the same
// database whose window has it. Without `at`, or with one that is no time, the newest. It is printed on standard error.
Result<Source> OpenBackupSource(Session& session, const Call& call, const std::string& ref,
                                const std::optional<std::string>& at);

// The restorable windows of a backup's database over all backups of its repository, joined where they meet; ascending.
Result<std::vector<Window>> BackupWindows(const Call& call, const std::string& ref);

}  // namespace parquedb
