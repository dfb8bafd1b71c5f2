// The derived files of a subject, opened, each with the lsn at which it has to be right.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collection/bloom_file.h"
#include "collection/data_file.h"
#include "collection/rels_file.h"
#include "verify/subject.h"

namespace parquedb {

struct DataSubject {
  std::string path;
  std::shared_ptr<DataFile> file;
  std::optional<BloomFile> bloom;  // nullopt: missing or damaged, which is reported
  int64_t cut = 0;
  int64_t size = 0;  // bytes
};
struct RelsSubject {
  std::string path;
  std::shared_ptr<RelsFile> file;
  int64_t cut = 0;
};

struct DerivedFiles {
  std::map<std::string, DataSubject, std::less<>> data;  // by namespace
  std::map<std::string, RelsSubject, std::less<>> forward, reverse;
  std::vector<std::string> damaged;  // paths that events/manifest.json names and that could not be opened

  bool IsDamaged(const std::string& path) const;
  // Every lsn at which a file, the record's counts or the head has to be right; ascending.
  std::vector<int64_t> CutsOf(const Subject& subject) const;
};

// Opens what events/manifest.json names. Damage, and a file that is older than the manifest says, are critical
// findings.
Result<DerivedFiles> OpenDerivedFiles(Subject& subject);

}  // namespace parquedb
