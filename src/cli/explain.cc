#include "cli/explain.h"

#include <fmt/format.h>

namespace parquedb {
namespace {

bool IsSegment(std::string_view path) { return path.starts_with("events/") && path.ends_with(".parquet"); }

Object FileObject(const FileReads& file) {
  Object object{{"path", file.path}, {"bytes", file.file_bytes}, {"bytesRead", file.bytes_read}};
  if (file.row_groups == 0) return object;
  object.emplace("rowGroupsRead", file.row_groups_read);
  object.emplace("rowGroupsPruned", file.row_groups - file.row_groups_read);
  object.emplace("pagesRead", file.pages_read);
  object.emplace("pagesPruned", file.pages_pruned);
  return object;
}

Object FilterObject(const HitPlan& plan) {
  Array columns;
  if (plan.columns.condition) {
    for (const std::string& name : ColumnsOf(*plan.columns.condition)) columns.emplace_back(name);
  }
  return {{"dataFile", plan.has_file},
          {"columns", std::move(columns)},
          {"exact", plan.has_file && plan.columns.is_exact},
          {"documentsChecked", !plan.counted_by_columns}};
}

int64_t IntOf(const Object& object, std::string_view name) { return object.at(name).to_number<int64_t>(); }

std::string FilterText(const Object& filter, bool has_filter) {
  if (!filter.at("dataFile").get_bool()) return "there is no data file at that instant: everything comes from the log";
  std::string names;
  for (const Value& name : filter.at("columns").get_array()) {
    names += (names.empty() ? "" : ", ") + std::string(TextOf(name.get_string()));
  }
  if (names.empty()) {
    if (!filter.at("documentsChecked").get_bool()) return "the number of rows answers it";
    return has_filter ? "no column can answer the filter: every document is looked at"
                      : "there is no filter: every document is looked at";
  }
  return fmt::format("{} by columns: {}", filter.at("exact").get_bool() ? "answered" : "narrowed", names) +
         (filter.at("documentsChecked").get_bool() ? "; documents of the rows that are left are checked"
                                                   : "; no document is read");
}

Object ExplainObject(const ReadMeter& meter, const View& view, const HitPlan* plan) {
  Array files;
  uint64_t bytes = 0;
  int64_t groups_read = 0, groups_pruned = 0, pages_read = 0, pages_pruned = 0, segments_read = 0;
  auto log_events = static_cast<int64_t>(view.tail.size());
  for (const FileReads& file : meter.Files()) {
    if (file.reads == 0) continue;
    files.push_back(FileObject(file));
    bytes += file.bytes_read;
    if (file.row_groups == 0) continue;
    groups_read += file.row_groups_read;
    groups_pruned += file.row_groups - file.row_groups_read;
    pages_read += file.pages_read;
    pages_pruned += file.pages_pruned;
    if (!IsSegment(file.path)) continue;
    ++segments_read;
    log_events += file.rows_read;
  }
  Object explain;
  if (plan != nullptr) explain.emplace("filter", FilterObject(*plan));
  explain.emplace("files", std::move(files));
  explain.emplace("bytesRead", bytes);
  explain.emplace("rowGroupsRead", groups_read);
  explain.emplace("rowGroupsPruned", groups_pruned);
  explain.emplace("pagesRead", pages_read);
  explain.emplace("pagesPruned", pages_pruned);
  explain.emplace("segmentsRead", segments_read);
  explain.emplace("segmentsPruned", static_cast<int64_t>(view.manifest.segments.size()) - segments_read);
  explain.emplace("logEvents", log_events);
  return explain;
}

void SayExplain(Session& session, const Object& explain, bool has_filter) {
  if (explain.contains("filter")) session.Say("explain: " + FilterText(explain.at("filter").get_object(), has_filter));
  for (const Value& entry : explain.at("files").get_array()) {
    const Object& file = entry.get_object();
    std::string text = fmt::format("explain: {} ({} bytes): {} bytes read", TextOf(file.at("path").get_string()),
                                   IntOf(file, "bytes"), IntOf(file, "bytesRead"));
    if (file.contains("pagesRead")) {
      text += fmt::format("; row groups: {} read, {} pruned; pages: {} read, {} pruned", IntOf(file, "rowGroupsRead"),
                          IntOf(file, "rowGroupsPruned"), IntOf(file, "pagesRead"), IntOf(file, "pagesPruned"));
    }
    session.Say(text);
  }
  session.Say(fmt::format("explain: log: {} segments read, {} pruned; {} events looked at",
                          IntOf(explain, "segmentsRead"), IntOf(explain, "segmentsPruned"),
                          IntOf(explain, "logEvents")));
}

}  // namespace

std::optional<Object> Explain(Session& session, const View& view, const HitPlan* plan, bool has_filter) {
  if (session.meter == nullptr) return std::nullopt;
  Object explain = ExplainObject(*session.meter, view, plan);
  SayExplain(session, explain, has_filter);
  return explain;
}

void AddExplain(Session& session, const View& view, Object* answer) {
  if (auto explain = Explain(session, view, nullptr, false)) answer->emplace("explain", std::move(*explain));
}

}  // namespace parquedb
