// Every path there is. Nobody else builds one, and a path that comes from a manifest is accepted only if it is one of
// these.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace parquedb {

constexpr std::string_view kEventManifestPath = "events/manifest.json";
constexpr std::string_view kFileManifestPath = "_meta/manifest.json";
constexpr std::string_view kLockPath = "_meta/lock";
constexpr std::string_view kLinePath = "_meta/line";            // the line that this directory writes
constexpr std::string_view kRestoringPath = "_meta/RESTORING";  // a restore that has not ended: does not open
// Derived files may not be what events/manifest.json says (a checkpoint or a pull was cut off, or left a damaged one
// out): the next checkpoint makes all of them anew, or only removes what lies about if nothing was replaced yet.
constexpr std::string_view kCheckpointPath = "_meta/CHECKPOINT";
constexpr std::string_view kRepositoryPath = "_meta/repo.json";

std::string SegmentPath(int64_t seq);                     // events/seg-000001.parquet
std::string DataPath(std::string_view ns);                // data/{ns}/data.parquet
std::string ForwardPath(std::string_view ns);             // rels/forward/{ns}.parquet
std::string ReversePath(std::string_view ns);             // rels/reverse/{ns}.parquet
std::string BloomPath(std::string_view ns);               // indexes/bloom/{ns}.bloom
std::string WalPath(int64_t first_lsn);                   // _meta/wal/{20 digits}.wal
std::string CommitPath(int64_t number);                   // _meta/commits/{20 digits}.json
std::string SnapshotPath(std::string_view id);            // _meta/snapshots/{id}.json
std::string CompressedSnapshotPath(std::string_view id);  // _meta/snapshots/{id}.json.zst
std::string FrontPath(std::string_view slug);             // {slug}/_meta/manifest.json; "" gives _meta/manifest.json
std::string ObjectPath(std::string_view sha256_hex, int64_t epoch, std::string_view extension);
std::string PushNotePath(std::string_view key);  // _meta/pushed/{key}.json

enum class FileKind { kSegment, kData, kForward, kReverse, kBloom, kWal, kEventManifest, kFileManifest };

struct LayoutName {
  FileKind kind;
  std::string ns;      // data, rels, bloom
  int64_t number = 0;  // seq of a segment, first lsn of a WAL file
};
// What a path of a database is; nullopt for anything that is not of the layout (also "..", absolute, NUL, other case).
std::optional<LayoutName> ParsePath(std::string_view path);
std::optional<int64_t> ParseCommitPath(std::string_view path);
// MIME type that manifests give for a path.
std::string_view ContentType(std::string_view path);

}  // namespace parquedb
