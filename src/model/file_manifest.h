// The guide's SyncManifest: _meta/manifest.json of a directory, and each snapshot of a repository.
// docs/format/manifest.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "document/value.h"
#include "parquedb/status.h"

namespace parquedb {

struct ManifestFile {
  std::string path;
  int64_t size = 0;  // bytes of the plain content
  std::string hash;  // of the plain content, hex
  std::string hash_algorithm = "sha256";
  int64_t modified_at_ms = 0;
  std::string etag;  // "" when unknown
  std::string content_type;
  std::string object;       // in a repository: the path of what is stored; "" else
  int64_t stored_size = 0;  // with `object`: its bytes
  bool operator==(const ManifestFile&) const = default;
};

struct ManifestMetadata {
  int64_t head = 0;                         // lsn
  int64_t checkpoint = 0;                   // lsn
  std::map<std::string, int64_t> entities;  // per namespace, at the checkpoint
  std::string digest;                       // state digest at the head, hex
  int64_t window_from_ms = 0;
  int64_t window_to_ms = 0;
  bool operator==(const ManifestMetadata&) const = default;
};

struct FileManifest {
  std::string database_id;
  std::string name;
  std::string owner, slug;             // "" when not given
  std::string visibility = "private";  // public | unlisted | private
  int64_t last_synced_at_ms = 0;
  std::string synced_from;  // "" when not given
  std::map<std::string, ManifestFile> files;
  std::optional<ManifestMetadata> metadata;
  bool operator==(const FileManifest&) const = default;
};

std::string EncodeFileManifest(const FileManifest& manifest);
// kCorruption as DecodeEventManifest; a file path that is not of the layout (or an object path that is no object's)
// stops everything. kUnsupported: a newer version.
Result<FileManifest> DecodeFileManifest(std::string_view text);

}  // namespace parquedb
