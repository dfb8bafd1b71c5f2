#include "cli/event_text.h"

#include <fmt/format.h>

#include "core/time_text.h"

namespace parquedb {
namespace {

std::string_view TextOrNull(const std::optional<std::string_view>& text) {
  return text ? *text : std::string_view("null");
}

}  // namespace

std::string EventJson(const EventView& event) {
  std::string text = fmt::format(R"({{"lsn":{},"id":"{}","ts":{},"op":"{}","target":)", event.lsn, event.id,
                                 event.ts_ms, OpName(event.op));
  AppendJsonString(&text, event.target);
  text.append(",\"before\":")
      .append(TextOrNull(event.before))
      .append(",\"after\":")
      .append(TextOrNull(event.after))
      .append(",\"actor\":");
  if (event.actor)
    AppendJsonString(&text, *event.actor);
  else
    text.append("null");
  text.append(",\"metadata\":").append(TextOrNull(event.metadata)).push_back('}');
  return text;
}

Result<Value> EventValue(const EventView& event) {
  auto value = ParseJson(EventJson(event), {.max_depth = kMaxDocumentDepth + 2, .max_bytes = 64 * kMiB});
  if (!value.ok())
    return Corruption("the event of lsn " + std::to_string(event.lsn) + " can't be read: " + value.status().message());
  return value;
}

std::string DetailedEvent(const EventView& event) {
  std::string text = fmt::format("lsn {}  {}  {}  {}\n  id      {}\n  actor   {}\n", event.lsn, FormatTime(event.ts_ms),
                                 OpName(event.op), event.target, event.id, event.actor.value_or("(nobody)"));
  if (event.metadata) text += fmt::format("  about   {}\n", *event.metadata);
  if (event.before) text += fmt::format("  before  {}\n", *event.before);
  if (event.after) text += fmt::format("  after   {}\n", *event.after);
  return text + "\n";
}

}  // namespace parquedb
