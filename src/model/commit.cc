#include "model/commit.h"

#include "core/time_text.h"
#include "model/json_reader.h"
#include "model/layout.h"

namespace parquedb {
namespace {

constexpr int64_t kCommitVersion = 1;

void EmplaceList(Object* object, const char* name, const std::vector<std::string>& items) {
  if (!items.empty()) object->emplace(name, Array(items.begin(), items.end()));
}

std::vector<std::string> ReadList(JsonReader* reader, const char* name) {
  std::vector<std::string> items;
  if (!reader->Has(name)) return items;
  for (const Value& item : reader->List(name)) {
    if (!item.is_string())
      reader->Fail(name, "strings");
    else
      items.emplace_back(TextOf(item.get_string()));
  }
  return items;
}

}  // namespace

std::string EncodeCommit(const Commit& commit) {
  Object knows;
  for (const auto& [line, lsn] : commit.knows) knows.emplace(line, lsn);
  Object object{{"version", kCommitVersion},
                {"kind", commit.kind},
                {"n", commit.number},
                {"time", FormatTime(commit.time_ms)},
                {"databaseId", commit.database_id},
                {"slug", commit.slug}};
  if (!commit.snapshot.empty()) object.emplace("snapshot", commit.snapshot);
  object.emplace("instant", FormatTime(commit.instant_ms));
  object.emplace("head", commit.head);
  object.emplace("knows", std::move(knows));
  object.emplace(
      "writer",
      Object{{"line", commit.writer_line}, {"host", commit.writer_host}, {"operator", commit.writer_operator}});
  EmplaceList(&object, "expired", commit.expired);
  EmplaceList(&object, "swept", commit.swept);
  return WritePrettyJson(object) + "\n";
}

Result<Commit> DecodeCommit(std::string_view text) {
  const std::string place = "a commit";
  ASSIGN_OR_RETURN(Value value, ParseVersioned(text, kCommitVersion, place));
  JsonReader reader(value, place);
  Commit commit;
  commit.kind = reader.String("kind");
  commit.number = reader.Int("n");
  commit.time_ms = reader.Time("time");
  commit.database_id = reader.String("databaseId");
  commit.slug = reader.String("slug");
  commit.snapshot = reader.StringOr("snapshot", "");
  commit.instant_ms = reader.Time("instant");
  commit.head = reader.Int("head");
  for (const auto& member : reader.Map("knows")) {
    if (!member.value().is_int64())
      reader.Fail("knows", "integers");
    else
      commit.knows.emplace(TextOf(member.key()), member.value().get_int64());
  }
  static const Value none;
  const Value* writer = reader.Find("writer");
  JsonReader who(writer != nullptr ? *writer : none, place + ": writer");
  commit.writer_line = who.String("line");
  commit.writer_host = who.String("host");
  commit.writer_operator = who.String("operator");
  reader.Absorb(who.status());
  commit.expired = ReadList(&reader, "expired");
  commit.swept = ReadList(&reader, "swept");
  RETURN_IF_ERROR(reader.status());
  return commit;
}

std::string EncodeRepositoryFormat(const RepositoryFormat& format) {
  return WritePrettyJson(Object{{"version", kCommitVersion},
                                {"format", "parquedb.repository"},
                                {"createdAt", FormatTime(format.created_at_ms)},
                                {"createOnly", format.create_only},
                                {"replaceIf", format.replace_if}}) +
         "\n";
}

Result<RepositoryFormat> DecodeRepositoryFormat(std::string_view text) {
  const std::string place(kRepositoryPath);
  ASSIGN_OR_RETURN(Value value, ParseVersioned(text, kCommitVersion, place));
  JsonReader reader(value, place);
  RepositoryFormat format{reader.Time("createdAt"), reader.Bool("createOnly"), reader.Bool("replaceIf")};
  RETURN_IF_ERROR(reader.status());
  return format;
}

}  // namespace parquedb
