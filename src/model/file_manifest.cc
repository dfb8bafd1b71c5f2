#include "model/file_manifest.h"

#include "core/time_text.h"
#include "model/json_reader.h"
#include "model/layout.h"

namespace parquedb {
namespace {

constexpr int64_t kFileManifestVersion = 1;

bool IsHex64(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// objects/{aa}/{sha256}-{epoch}.{ext}
bool IsObjectPath(std::string_view path) {
  constexpr std::string_view kPrefix = "objects/";
  if (!path.starts_with(kPrefix) || path.size() < 8 + 3 + 64 + 2) return false;
  std::string_view rest = path.substr(kPrefix.size());
  if (rest[2] != '/' || !IsHex64(rest.substr(3, 64)) || rest.substr(0, 2) != rest.substr(3, 2)) return false;
  rest.remove_prefix(3 + 64);
  return rest[0] == '-' && rest.find_first_not_of("-.0123456789abcdefghijklmnopqrstuvwxyz") == std::string_view::npos &&
         rest.find("..") == std::string_view::npos;
}

Value FileToValue(const ManifestFile& file) {
  Object object{{"path", file.path},
                {"size", file.size},
                {"hash", file.hash},
                {"hashAlgorithm", file.hash_algorithm},
                {"modifiedAt", FormatTime(file.modified_at_ms)}};
  if (!file.etag.empty()) object.emplace("etag", file.etag);
  object.emplace("contentType", file.content_type);
  if (!file.object.empty()) {
    object.emplace("object", file.object);
    object.emplace("storedSize", file.stored_size);
  }
  return object;
}

ManifestFile ReadFile(std::string_view path, const Value& value, JsonReader* parent, const std::string& place) {
  JsonReader reader(value, place + ": files: " + std::string(path));
  ManifestFile file;
  file.path = reader.String("path");
  file.size = reader.Int("size");
  file.hash = reader.String("hash");
  file.hash_algorithm = reader.String("hashAlgorithm");
  file.modified_at_ms = reader.Time("modifiedAt");
  file.etag = reader.StringOr("etag", "");
  file.content_type = reader.StringOr("contentType", "");
  if (reader.Has("object")) {
    file.object = reader.String("object");
    file.stored_size = reader.Int("storedSize");
    if (!IsObjectPath(file.object)) reader.Fail("object", "the path of an object");
    if (file.stored_size < 0) reader.Fail("storedSize", "0 or more");
  }
  if (file.path != path || !ParsePath(path)) reader.Fail("path", "a path of the layout, the same as its key");
  if (file.size < 0) reader.Fail("size", "0 or more");
  bool good_hash = (file.hash_algorithm == "sha256" && IsHex64(file.hash)) || file.hash_algorithm == "md5";
  if (!good_hash) reader.Fail("hash", "64 lower-case hex digits of sha256");
  parent->Absorb(reader.status());
  return file;
}

Value MetadataToValue(const ManifestMetadata& metadata) {
  Object entities;
  for (const auto& [ns, count] : metadata.entities) entities.emplace(ns, count);
  return Object{
      {"head", metadata.head},
      {"checkpoint", metadata.checkpoint},
      {"entities", std::move(entities)},
      {"digest", metadata.digest},
      {"window", Object{{"from", FormatTime(metadata.window_from_ms)}, {"to", FormatTime(metadata.window_to_ms)}}}};
}

ManifestMetadata ReadMetadata(const Value& value, JsonReader* parent, const std::string& place) {
  JsonReader reader(value, place + ": metadata");
  ManifestMetadata metadata;
  metadata.head = reader.Int("head");
  metadata.checkpoint = reader.Int("checkpoint");
  metadata.digest = reader.String("digest");
  for (const auto& member : reader.Map("entities")) {
    if (!member.value().is_int64())
      reader.Fail("entities", "counts");
    else
      metadata.entities.emplace(TextOf(member.key()), member.value().get_int64());
  }
  static const Value none;
  const Value* window = reader.Find("window");
  JsonReader bounds(window != nullptr ? *window : none, place + ": metadata: window");
  metadata.window_from_ms = bounds.Time("from");
  metadata.window_to_ms = bounds.Time("to");
  reader.Absorb(bounds.status());
  parent->Absorb(reader.status());
  return metadata;
}

}  // namespace

std::string EncodeFileManifest(const FileManifest& manifest) {
  Object files;
  for (const auto& [path, file] : manifest.files) files.emplace(path, FileToValue(file));
  Object object{{"version", kFileManifestVersion}, {"databaseId", manifest.database_id}, {"name", manifest.name}};
  if (!manifest.owner.empty()) object.emplace("owner", manifest.owner);
  if (!manifest.slug.empty()) object.emplace("slug", manifest.slug);
  object.emplace("visibility", manifest.visibility);
  object.emplace("lastSyncedAt", FormatTime(manifest.last_synced_at_ms));
  if (!manifest.synced_from.empty()) object.emplace("syncedFrom", manifest.synced_from);
  object.emplace("files", std::move(files));
  if (manifest.metadata) object.emplace("metadata", MetadataToValue(*manifest.metadata));
  return WritePrettyJson(object) + "\n";
}

Result<FileManifest> DecodeFileManifest(std::string_view text) {
  const std::string place(kFileManifestPath);
  ASSIGN_OR_RETURN(Value value, ParseVersioned(text, kFileManifestVersion, place));
  JsonReader reader(value, place);
  FileManifest manifest;
  manifest.database_id = reader.String("databaseId");
  manifest.name = reader.String("name");
  manifest.owner = reader.StringOr("owner", "");
  manifest.slug = reader.StringOr("slug", "");
  manifest.visibility = reader.String("visibility");
  manifest.last_synced_at_ms = reader.Time("lastSyncedAt");
  manifest.synced_from = reader.StringOr("syncedFrom", "");
  for (const auto& member : reader.Map("files")) {
    std::string path(TextOf(member.key()));
    manifest.files.emplace(path, ReadFile(path, member.value(), &reader, place));
  }
  if (const Value* metadata = reader.Find("metadata"); metadata != nullptr && !metadata->is_null()) {
    manifest.metadata = ReadMetadata(*metadata, &reader, place);
  }
  RETURN_IF_ERROR(reader.status());
  return manifest;
}

}  // namespace parquedb
