#include "model/layout.h"

#include <fmt/format.h>

#include <charconv>

#include "model/names.h"

namespace parquedb {
namespace {

// The number between prefix and suffix, if the text is exactly that, with at least `digits` digits and no more than
// needed beyond them.
std::optional<int64_t> NumberBetween(std::string_view path, std::string_view prefix, std::string_view suffix,
                                     size_t digits) {
  if (!path.starts_with(prefix) || !path.ends_with(suffix) || path.size() < prefix.size() + suffix.size())
    return std::nullopt;
  std::string_view text = path.substr(prefix.size(), path.size() - prefix.size() - suffix.size());
  if (text.size() < digits || (text.size() > digits && text[0] == '0')) return std::nullopt;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
  }
  int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 1) return std::nullopt;
  return number;
}

std::optional<std::string> NamespaceBetween(std::string_view path, std::string_view prefix, std::string_view suffix) {
  if (!path.starts_with(prefix) || !path.ends_with(suffix) || path.size() < prefix.size() + suffix.size())
    return std::nullopt;
  std::string_view ns = path.substr(prefix.size(), path.size() - prefix.size() - suffix.size());
  if (!CheckNamespace(ns).ok()) return std::nullopt;
  return std::string(ns);
}

}  // namespace

std::string SegmentPath(int64_t seq) { return fmt::format("events/seg-{:06}.parquet", seq); }
std::string DataPath(std::string_view ns) { return fmt::format("data/{}/data.parquet", ns); }
std::string ForwardPath(std::string_view ns) { return fmt::format("rels/forward/{}.parquet", ns); }
std::string ReversePath(std::string_view ns) { return fmt::format("rels/reverse/{}.parquet", ns); }
std::string BloomPath(std::string_view ns) { return fmt::format("indexes/bloom/{}.bloom", ns); }
std::string WalPath(int64_t first_lsn) { return fmt::format("_meta/wal/{:020}.wal", first_lsn); }
std::string CommitPath(int64_t number) { return fmt::format("_meta/commits/{:020}.json", number); }
std::string CompressedSnapshotPath(std::string_view id) { return SnapshotPath(id) + ".zst"; }
std::string SnapshotPath(std::string_view id) { return fmt::format("_meta/snapshots/{}.json", id); }
std::string FrontPath(std::string_view slug) {
  return slug.empty() ? std::string(kFileManifestPath) : fmt::format("{}/{}", slug, kFileManifestPath);
}
std::string ObjectPath(std::string_view sha256_hex, int64_t epoch, std::string_view extension) {
  return fmt::format("objects/{}/{}-{}.{}", sha256_hex.substr(0, 2), sha256_hex, epoch, extension);
}
std::string PushNotePath(std::string_view key) { return fmt::format("_meta/pushed/{}.json", key); }

std::optional<LayoutName> ParsePath(std::string_view path) {
  if (path == kEventManifestPath) return LayoutName{FileKind::kEventManifest, "", 0};
  if (path == kFileManifestPath) return LayoutName{FileKind::kFileManifest, "", 0};
  if (auto seq = NumberBetween(path, "events/seg-", ".parquet", 6)) return LayoutName{FileKind::kSegment, "", *seq};
  if (auto lsn = NumberBetween(path, "_meta/wal/", ".wal", 20)) return LayoutName{FileKind::kWal, "", *lsn};
  if (auto ns = NamespaceBetween(path, "data/", "/data.parquet")) return LayoutName{FileKind::kData, *ns, 0};
  if (auto ns = NamespaceBetween(path, "rels/forward/", ".parquet")) return LayoutName{FileKind::kForward, *ns, 0};
  if (auto ns = NamespaceBetween(path, "rels/reverse/", ".parquet")) return LayoutName{FileKind::kReverse, *ns, 0};
  if (auto ns = NamespaceBetween(path, "indexes/bloom/", ".bloom")) return LayoutName{FileKind::kBloom, *ns, 0};
  return std::nullopt;
}

std::optional<int64_t> ParseCommitPath(std::string_view path) {
  return NumberBetween(path, "_meta/commits/", ".json", 20);
}

std::string_view ContentType(std::string_view path) {
  if (path.ends_with(".parquet")) return "application/vnd.apache.parquet";
  if (path.ends_with(".json")) return "application/json";
  return "application/octet-stream";
}

}  // namespace parquedb
