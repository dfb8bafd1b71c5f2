#include <fmt/format.h>

#include <algorithm>

#include "cli/csv_text.h"
#include "cli/subject.h"
#include "cli/verbs.h"
#include "collection/rels_file.h"
#include "core/sha256.h"
#include "core/shell_word.h"
#include "core/time_text.h"
#include "model/layout.h"
#include "model/names.h"
#include "model/state_text.h"
#include "replay/state.h"
#include "storage/hash_file.h"

namespace parquedb {
namespace {

std::string PathArgument(Session& session, const Call& call) {
  return call.args.empty() ? session.Directory(call) : call.args[0];
}

struct ListedFile {
  std::string path;
  uint64_t size = 0;
  std::string hash;
};

// In an order in which a copy loop gives an openable tree: what manifests name comes before them.
Result<std::vector<ListedFile>> ListFiles(const Source& source) {
  std::vector<std::string> paths;
  std::map<std::string, std::string> hashes;
  for (const SegmentEntry& entry : source.view.manifest.segments) {
    paths.push_back(entry.path);
    hashes[entry.path] = entry.sha256;
  }
  for (const auto& [path, through] : source.view.manifest.files) {
    paths.push_back(path);
    auto name = ParsePath(path);
    if (name && name->kind == FileKind::kData) paths.push_back(BloomPath(name->ns));
  }
  ASSIGN_OR_RETURN(auto wal, source.storage->List("_meta/wal/"));
  for (const FileEntry& entry : wal) {
    if (ParsePath(entry.path)) paths.push_back(entry.path);
  }
  paths.emplace_back(kEventManifestPath);
  paths.emplace_back(kFileManifestPath);
  std::vector<ListedFile> files;
  for (const std::string& path : paths) {
    auto handle = source.storage->Open(path);
    if (!handle.ok() && handle.status().code() == StatusCode::kNotFound) continue;
    if (!handle.ok()) return handle.status();
    ListedFile file{path, (*handle)->size(), hashes[path]};
    if (file.hash.empty()) {
      ASSIGN_OR_RETURN(file.hash, HashFile(**handle));
    }
    files.push_back(std::move(file));
  }
  return files;
}

struct Counts {
  int64_t entities = 0, links = 0;
};

// From footers where nothing happened since; else by a pass over the state.
Result<std::map<std::string, Counts>> CountState(const Source& source) {
  std::map<std::string, Counts> counts;
  ASSIGN_OR_RETURN(auto namespaces, ListNamespaces(*source.storage, source.view));
  for (const std::string& ns : namespaces) counts[ns];
  ASSIGN_OR_RETURN(auto cursor, OpenState(*source.storage, source.view, {.cut = source.view.head, .namespaces = {}}));
  Entity entity;
  while (true) {
    ASSIGN_OR_RETURN(bool more, cursor->Next(&entity));
    if (!more) return counts;
    Counts& count = counts[std::string(NamespaceOfId(entity.id))];
    ++count.entities;
    ASSIGN_OR_RETURN(Links links, ReadLinks(entity.data));
    for (const auto& [predicate, targets] : links) count.links += static_cast<int64_t>(targets.size());
  }
}

}  // namespace

std::vector<std::string> SplitNames(std::string_view text) {
  std::vector<std::string> names;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find(',', begin), text.size());
    names.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

std::string Counted(int64_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

std::string TextTable(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i)
      line += i + 1 < row.size() ? fmt::format("{:<{}}  ", row[i], widths[i]) : row[i];
    text += line + "\n";
  }
  return text;
}

std::string UndoCommand(const std::string& arguments, const std::string& directory) {
  char* real = ::realpath(directory.c_str(), nullptr);
  std::string whole = real != nullptr ? real : directory;
  std::free(real);
  return "parquedb " + arguments + " --directory " + ShellWord(whole);
}

Status AddUndo(Session& session, AnswerFormat format, const std::string& undo, const std::string& directory,
               Object* answer) {
  if (undo.empty() || answer->contains("dryRun")) return Status::Ok();
  std::string command = UndoCommand(undo, directory);
  answer->emplace("undo", command);
  return format == AnswerFormat::kJson ? Status::Ok() : session.Print("undo: " + command + "\n");
}

Status RunList(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format,
                   session.Format(call, {AnswerFormat::kTable, AnswerFormat::kJson, AnswerFormat::kPaths,
                                         AnswerFormat::kNdjson, AnswerFormat::kCsv}));
  ASSIGN_OR_RETURN(Source source, session.OpenSource(PathArgument(session, call), {}));
  ASSIGN_OR_RETURN(auto files, ListFiles(source));
  Array array;
  std::vector<std::vector<std::string>> rows = {{"path", "bytes", "sha256"}};
  for (const ListedFile& file : files) {
    Object object{{"path", file.path}, {"size", file.size}, {"hash", file.hash}};
    if (format == AnswerFormat::kPaths) RETURN_IF_ERROR(session.Print(file.path + "\n"));
    if (format == AnswerFormat::kNdjson) RETURN_IF_ERROR(session.Print(WriteJson(object) + "\n"));
    array.push_back(std::move(object));
    rows.push_back({file.path, session.SizeCell(static_cast<int64_t>(file.size)), file.hash});
  }
  if (format == AnswerFormat::kJson) return session.PrintJson({{"files", std::move(array)}});
  if (format == AnswerFormat::kCsv) return session.Print(CsvTable(rows));
  return format == AnswerFormat::kTable ? session.Print(TextTable(rows)) : Status::Ok();
}

Status RunStats(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format,
                   session.Format(call, {AnswerFormat::kTable, AnswerFormat::kJson, AnswerFormat::kCsv}));
  ASSIGN_OR_RETURN(Source source,
                   OpenSubjectSource(session, call, PathArgument(session, call), {.pin_all = true, .namespaces = {}}));
  ASSIGN_OR_RETURN(auto counts, CountState(source));
  Window window = RestorableWindow(source.view);
  ASSIGN_OR_RETURN(auto files, source.storage->List(""));
  int64_t bytes = 0;
  for (const FileEntry& file : files) {
    if (ParsePath(file.path)) bytes += static_cast<int64_t>(file.size);
  }
  int64_t events = source.view.manifest.total_events + static_cast<int64_t>(source.view.tail.size());
  Object namespaces;
  std::vector<std::vector<std::string>> rows = {{"namespace", "entities", "links"}};
  for (const auto& [ns, count] : counts) {
    namespaces.emplace(ns, Object{{"entities", count.entities}, {"links", count.links}});
    rows.push_back({ns, std::to_string(count.entities), std::to_string(count.links)});
  }
  if (format == AnswerFormat::kJson) {
    return session.PrintJson(
        {{"name", source.view.manifest.dataset},
         {"databaseId", source.view.manifest.database_id},
         {"namespaces", std::move(namespaces)},
         {"events", events},
         {"segments", static_cast<int64_t>(source.view.manifest.segments.size())},
         {"bytes", bytes},
         {"head", source.view.head},
         {"checkpoint", source.view.manifest.checkpoint},
         {"window", Object{{"from", FormatTime(window.from_ms)}, {"to", FormatTime(window.to_ms)}}}});
  }
  if (format == AnswerFormat::kCsv) return session.Print(CsvTable(rows));
  RETURN_IF_ERROR(session.Print(TextTable(rows)));
  return session.Print(fmt::format(
      "\n{} in {} and {} in the WAL, {}\nrestorable from {} to {}\n", Counted(static_cast<int64_t>(events), "event"),
      Counted(static_cast<int64_t>(source.view.manifest.segments.size()), "segment"), source.view.tail.size(),
      session.SizeText(bytes), FormatTime(window.from_ms), FormatTime(window.to_ms)));
}

Status RunWindow(Session& session, const Call& call) {
  ASSIGN_OR_RETURN(AnswerFormat format, session.Format(call, {AnswerFormat::kTable, AnswerFormat::kJson}));
  std::string text = PathArgument(session, call);
  std::vector<Window> windows;
  if (!call.args.empty() && NamesBackup(text)) {
    ASSIGN_OR_RETURN(windows, BackupWindows(call, text));
  } else {
    ASSIGN_OR_RETURN(Source source, session.OpenSource(text, {}));
    Window window = RestorableWindow(source.view);
    windows.push_back(window);
  }
  Array gaps;
  std::string lines;
  for (size_t i = 0; i < windows.size(); ++i) {
    lines += fmt::format("{} … {}\n", FormatTime(windows[i].from_ms), FormatTime(windows[i].to_ms));
    if (i == 0) continue;
    gaps.push_back(Object{{"from", FormatTime(windows[i - 1].to_ms)}, {"to", FormatTime(windows[i].from_ms)}});
  }
  if (format == AnswerFormat::kTable) return session.Print(lines);
  return session.PrintJson({{"from", FormatTime(windows.front().from_ms)},
                            {"to", FormatTime(windows.back().to_ms)},
                            {"gaps", std::move(gaps)}});
}

}  // namespace parquedb
