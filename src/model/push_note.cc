#include "model/push_note.h"

#include "core/time_text.h"
#include "model/json_reader.h"

namespace parquedb {
namespace {

constexpr int64_t kPushNoteVersion = 1;

}  // namespace

std::string EncodePushNote(const PushNote& note) {
  return WritePrettyJson(Object{{"version", kPushNoteVersion},
                                {"databaseId", note.database_id},
                                {"slug", note.slug},
                                {"lsn", note.lsn},
                                {"time", FormatTime(note.time_ms)}}) +
         "\n";
}

Result<PushNote> DecodePushNote(std::string_view text, const std::string& place) {
  ASSIGN_OR_RETURN(Value value, ParseVersioned(text, kPushNoteVersion, place));
  JsonReader reader(value, place);
  PushNote note{reader.String("databaseId"), reader.String("slug"), reader.Int("lsn"), reader.Time("time")};
  RETURN_IF_ERROR(reader.status());
  return note;
}

}  // namespace parquedb
