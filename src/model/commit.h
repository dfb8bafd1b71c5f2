// _meta/repo.json and _meta/commits/{n}.json of a backup repository. docs/format/repository.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/event_manifest.h"
#include "parquedb/status.h"

namespace parquedb {

struct Commit {
  std::string kind;  // push, expire, sweep, ship, pin, verify
  int64_t number = 0;
  int64_t time_ms = 0;  // when it was made
  std::string database_id;
  std::string slug;
  std::string snapshot;    // ULID; "" when the kind has none
  int64_t instant_ms = 0;  // of the view that was pushed
  int64_t head = 0;        // lsn
  Knows knows;
  std::string writer_line, writer_host, writer_operator;
  std::vector<std::string> expired;  // snapshot ids
  std::vector<std::string> swept;    // object names
  bool operator==(const Commit&) const = default;
};

std::string EncodeCommit(const Commit& commit);
Result<Commit> DecodeCommit(std::string_view text);  // kCorruption, kUnsupported

struct RepositoryFormat {
  int64_t created_at_ms = 0;
  bool create_only = false;  // what was probed
  bool replace_if = false;
};
std::string EncodeRepositoryFormat(const RepositoryFormat& format);
Result<RepositoryFormat> DecodeRepositoryFormat(std::string_view text);

}  // namespace parquedb
