#include "eventlog/wal_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/limits.h"
#include "eventlog/wal_format.h"
#include "model/layout.h"

namespace parquedb {
namespace {

constexpr uint64_t kMaxWalBytes = 1024 * kMiB;  // a batch of 64 MiB and the threshold, with much room
constexpr std::string_view kFailedSuffix = ".failed";

Result<std::optional<WalPart>> ReadPart(const StorageBackend& storage, const std::string& path, const WalName& name,
                                        const WalReading& reading) {
  auto file = storage.Open(path);
  if (!file.ok() && file.status().code() == StatusCode::kNotFound) return std::optional<WalPart>();
  if (!file.ok()) return file.status();
  if (reading.sync && !name.failed_after) RETURN_IF_ERROR((*file)->Sync());
  auto bytes = ReadWhole(**file, kMaxWalBytes);
  if (!bytes.ok()) return bytes.status().With(path);
  ASSIGN_OR_RETURN(WalContents contents, DecodeWal(*bytes, path));
  if (contents.header.first_lsn != name.first_lsn) {
    return Corruption(fmt::format("{}: its header says lsn {}", path, contents.header.first_lsn));
  }
  WalPart part{.path = path,
               .first_lsn = name.first_lsn,
               .line = contents.header.line,
               .database_id = contents.header.database_id,
               .valid_bytes = contents.valid_bytes,
               .torn = contents.torn,
               .events = std::move(contents.events)};
  if (name.failed_after && !reading.recovering) {
    std::erase_if(part.events, [&](const Event& event) { return event.lsn > *name.failed_after; });
  }
  return std::optional<WalPart>(std::move(part));
}

}  // namespace

std::optional<WalName> ParseWalName(std::string_view path) {
  WalName name;
  if (path.ends_with(kFailedSuffix)) {
    path.remove_suffix(kFailedSuffix.size());
    size_t dot = path.rfind('.');
    if (dot == std::string_view::npos) return std::nullopt;
    int64_t durable = 0;
    auto [end, error] = std::from_chars(path.data() + dot + 1, path.data() + path.size(), durable);
    if (error != std::errc() || end != path.data() + path.size()) return std::nullopt;
    name.failed_after = durable;
    path = path.substr(0, dot);
  }
  auto known = ParsePath(path);
  if (!known || known->kind != FileKind::kWal) return std::nullopt;
  name.first_lsn = known->number;
  return name;
}

std::string FailedWalPath(std::string_view wal_path, int64_t durable_lsn) {
  return fmt::format("{}.{:020}{}", wal_path, durable_lsn, kFailedSuffix);
}

Result<std::optional<std::vector<WalPart>>> ReadWalDirectory(const StorageBackend& storage, const WalReading& reading) {
  ASSIGN_OR_RETURN(auto entries, storage.List("_meta/wal/"));
  std::vector<WalPart> parts;
  for (const FileEntry& entry : entries) {
    auto name = ParseWalName(entry.path);
    if (!name) continue;
    ASSIGN_OR_RETURN(auto part, ReadPart(storage, entry.path, *name, reading));
    if (!part) return std::optional<std::vector<WalPart>>();
    parts.push_back(std::move(*part));
  }
  std::stable_sort(parts.begin(), parts.end(),
                   [](const WalPart& a, const WalPart& b) { return a.first_lsn < b.first_lsn; });
  return std::optional<std::vector<WalPart>>(std::move(parts));
}

}  // namespace parquedb
