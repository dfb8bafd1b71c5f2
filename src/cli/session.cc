#include "cli/session.h"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "cli/remote.h"
#include "cli/settings.h"
#include "core/errno_status.h"
#include "core/time_text.h"
#include "eventlog/log_writer.h"
#include "model/layout.h"
#include "model/names.h"
#include "replay/state.h"
#include "storage/metered_backend.h"
#include "storage/overlay_backend.h"

namespace parquedb {
namespace {

constexpr size_t kOutputPieceBytes = 1 << 20;

Status WriteToDescriptor(int fd, std::string_view text) {
  while (!text.empty()) {
    ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoStatus("standard output", "can't write");
    text.remove_prefix(static_cast<size_t>(written));
  }
  return Status::Ok();
}

// Standard output for those who write into a file.
class StandardOutput : public PendingFile {
 public:
  explicit StandardOutput(Session* session) : session_(session) {}
  const std::string& path() const override { return path_; }
  uint64_t size() const override { return size_; }
  Status Append(std::string_view bytes) override {
    size_ += bytes.size();
    return session_->Print(bytes);
  }
  Status Close() override { return Status::Ok(); }

 private:
  Session* session_;
  std::string path_ = "standard output";
  uint64_t size_ = 0;
};

}  // namespace

Result<bool> HoldsLayoutNames(const std::string& directory) {
  struct stat found;
  for (const char* name : {"data", "rels", "indexes"}) {
    if (::stat((directory + "/" + name).c_str(), &found) == 0) return true;
  }
  ASSIGN_OR_RETURN(auto storage, OpenDirectory(directory));
  return HoldsDatabaseFiles(*storage);
}

Result<std::shared_ptr<StorageBackend>> OpenFreshFolder(const std::string& directory) {
  ASSIGN_OR_RETURN(auto storage, OpenDirectory(directory));
  std::shared_ptr<StorageBackend> folder = std::move(storage);
  ASSIGN_OR_RETURN(auto restoring, folder->Stat(kRestoringPath));
  if (restoring) return folder;
  ASSIGN_OR_RETURN(auto manifest, folder->Stat(kEventManifestPath));
  if (manifest) return Conflict(directory + " holds a database", "choose a new folder");
  ASSIGN_OR_RETURN(bool taken, HoldsLayoutNames(directory));
  if (taken)
    return Conflict(directory + " holds names of the layout (_meta, data, rels, events, indexes)",
                    "choose a new folder");
  return folder;
}

Result<std::shared_ptr<StorageBackend>> OpenForDryRun(const std::string& directory) {
  ASSIGN_OR_RETURN(auto storage, OpenDirectory(directory));
  return std::shared_ptr<StorageBackend>(std::make_shared<OverlayBackend>(std::move(storage)));
}

Result<PullResult> FillFolder(const std::string& directory, const std::function<Result<PullResult>()>& fill) {
  bool existed = std::filesystem::exists(directory);
  Result<PullResult> result = fill();
  if (result.ok() || result.status().code() != StatusCode::kCorruption) return result;
  std::error_code error;
  for (const char* name : {"data", "rels", "events", "indexes", "_meta"}) {
    std::filesystem::remove_all(directory + "/" + name, error);
  }
  if (!existed) std::filesystem::remove(directory, error);
  return result;
}

Result<bool> HoldsDatabase(const std::string& directory) {
  ASSIGN_OR_RETURN(auto storage, OpenDirectory(directory));
  ASSIGN_OR_RETURN(auto manifest, storage->Stat(kEventManifestPath));
  ASSIGN_OR_RETURN(auto restoring, storage->Stat(kRestoringPath));
  return manifest && !restoring;
}

Status Session::Print(std::string_view text) {
  buffer_.append(text);
  return buffer_.size() < kOutputPieceBytes ? Status::Ok() : Drain();
}

Result<PendingFile*> Session::OpenOutput() {
  if (compressing_ != nullptr) return static_cast<PendingFile*>(compressing_.get());
  if (output_file_ != nullptr) return output_file_.get();
  if (output_path.empty()) {
    if (::isatty(STDOUT_FILENO))
      return InvalidArgument("this is nothing for a terminal", "add --output FILE, or send it into a pipe");
    standard_output_ = std::make_unique<StandardOutput>(this);
    return standard_output_.get();
  }
  size_t slash = output_path.rfind('/');
  std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : output_path.substr(0, slash);
  struct stat found;
  if (::stat(folder.c_str(), &found) != 0 || !S_ISDIR(found.st_mode))
    return IoError("there is no folder " + folder + " for " + output_path);
  ASSIGN_OR_RETURN(output_folder_, OpenDirectory(folder));
  ASSIGN_OR_RETURN(output_file_, output_folder_->CreatePending(
                                     slash == std::string::npos ? output_path : output_path.substr(slash + 1)));
  Compression compression = CompressionOf(output_path);
  if (compression == Compression::kNone) return output_file_.get();
  compressing_ = CompressingFile::Open(compression, std::move(output_file_));
  return static_cast<PendingFile*>(compressing_.get());
}

Status Session::Drain() {
  std::string text = std::move(buffer_);
  buffer_.clear();
  if (output_path.empty()) return WriteToDescriptor(STDOUT_FILENO, text);
  ASSIGN_OR_RETURN(PendingFile * file, OpenOutput());
  return file->Append(text);
}

Status Session::PrintJson(Object answer) {
  Object whole;
  whole.emplace("schema", "parquedb." + verb + "/1");
  for (auto& member : answer) whole.emplace(member.key(), std::move(member.value()));
  return Print(WritePrettyJson(whole) + "\n");
}

Status Session::Flush() { return buffer_.empty() ? Status::Ok() : Drain(); }

Status Session::FinishOutput() {
  if (buffer_.empty() && output_file_ == nullptr && compressing_ == nullptr) return Status::Ok();
  RETURN_IF_ERROR(Drain());
  if (compressing_ != nullptr) {
    ASSIGN_OR_RETURN(output_file_, compressing_->Finish());
    compressing_.reset();
  }
  if (output_file_ == nullptr) return Status::Ok();
  std::vector<std::unique_ptr<PendingFile>> files;
  files.push_back(std::move(output_file_));
  return output_folder_->Publish(std::move(files));
}

void Session::Say(std::string_view text) { display.Write(fmt::format("{}\n", text)); }
void Session::Tell(std::string_view text) {
  if (verbose) Say(text);
}
void Session::Note(std::string_view text) {
  if (!quiet) Say(text);
}

bool Session::OnTerminal() const { return output_path.empty() && ::isatty(STDOUT_FILENO); }

std::string Session::SizeText(int64_t bytes) const {
  return OnTerminal() ? HumanBytes(bytes) : fmt::format("{} bytes", bytes);
}

std::string Session::SizeCell(int64_t bytes) const { return OnTerminal() ? HumanBytes(bytes) : std::to_string(bytes); }

Progress* Session::StartProgress(const Call& call) {
  std::string wanted = call.Get("--progress", "auto");
  ProgressStyle style = ::isatty(STDERR_FILENO) ? ProgressStyle::kBar : ProgressStyle::kLines;
  if (wanted == "json") style = ProgressStyle::kJson;
  if (wanted == "none" || quiet) style = ProgressStyle::kNone;
  display.Start(style, verb);
  return &display.progress();
}

Result<AnswerFormat> Session::Format(const Call& call, const std::vector<AnswerFormat>& allowed) const {
  static const std::pair<std::string_view, AnswerFormat> kNames[] = {
      {"table", AnswerFormat::kTable},    {"json", AnswerFormat::kJson},   {"ndjson", AnswerFormat::kNdjson},
      {"csv", AnswerFormat::kCsv},        {"paths", AnswerFormat::kPaths}, {"detailed", AnswerFormat::kDetailed},
      {"parquet", AnswerFormat::kParquet}};
  // --json wins over another format, but not over one that does not exist.
  bool json = call.Has("--json");
  std::string wanted = call.Get("--format", json ? "json" : "");
  bool known =
      std::any_of(std::begin(kNames), std::end(kNames), [&](const auto& entry) { return entry.first == wanted; });
  if (json && known) wanted = "json";
  if ((known || wanted.empty()) && WithoutCompression(output_path).ends_with(".json")) wanted = "json";
  std::vector<std::string> here;
  for (auto [name, format] : kNames) {
    if (std::find(allowed.begin(), allowed.end(), format) == allowed.end()) continue;
    if (name == wanted) return format;
    here.emplace_back(name);
  }
  if (wanted.empty()) return allowed.front();
  return InvalidArgument(fmt::format("--format: {} does not know '{}'{}", verb, wanted, DidYouMean(wanted, here)),
                         fmt::format("formats here: {}", fmt::join(here, ", ")));
}

std::string LoginName() {
  const passwd* entry = ::getpwuid(::getuid());
  if (entry != nullptr && entry->pw_name != nullptr && *entry->pw_name != '\0') return entry->pw_name;
  return "uid-" + std::to_string(::getuid());
}

std::string Session::Directory(const Call& call) const { return DirectoryOption(call); }

std::string Session::Operator(const Call& call) const { return call.Get("--operator", LoginName()); }

Result<Source> Session::OpenSource(const std::string& directory, const ViewRequest& request) const {
  Source source;
  source.name = directory;
  ASSIGN_OR_RETURN(auto storage, OpenDirectory(directory));
  source.storage = Metered(std::move(storage));
  ViewRequest checked = request;
  checked.check_segments = true;
  ASSIGN_OR_RETURN(source.view, TakeView(*source.storage, SystemClock().NowMs(), checked));
  return source;
}

std::string FolderName(const std::string& directory) {
  std::error_code error;
  std::filesystem::path whole = std::filesystem::weakly_canonical(directory, error);
  if (error) whole = directory;
  std::string name = (whole.has_filename() ? whole : whole.parent_path()).filename().string();
  return name.empty() ? "database" : name;
}

std::shared_ptr<StorageBackend> Session::Metered(std::shared_ptr<StorageBackend> storage) const {
  if (meter == nullptr) return storage;
  return MeterReads(std::move(storage), *meter);
}

Result<std::unique_ptr<ParqueDB>> Session::OpenWriter(const Call& call, const std::string& directory, bool create) {
  OpenOptions options;
  options.path = directory;
  options.name = FolderName(directory);
  options.actor = Operator(call);
  options.verb = "verb " + verb;
  options.accept_clock = call.Has("--accept-clock");
  options.progress = &display.progress();
  if (call.Has("--lock-timeout")) {
    auto timeout = ParseDurationMs(call.Get("--lock-timeout"));
    if (!timeout)
      return InvalidArgument("--lock-timeout: '" + call.Get("--lock-timeout") + "' is no duration like 10s");
    options.lock_timeout_ms = *timeout;
  }
  bool dry_run = call.Has("--dry-run");
  if (dry_run) {
    ASSIGN_OR_RETURN(options.storage, OpenForDryRun(directory));
  }
  if (create) {
    ASSIGN_OR_RETURN(auto storage, OpenDirectory(directory));
    ASSIGN_OR_RETURN(auto manifest, storage->Stat(kEventManifestPath));
    bool taken = manifest.has_value();
    if (!taken) {
      ASSIGN_OR_RETURN(taken, HoldsLayoutNames(directory));
    }
    if (!taken) {
      options.create_if_missing = true;
      Note((dry_run ? "would make an empty database in " : "made an empty database in ") + directory);
    }
  }
  if (meter != nullptr) {
    if (options.storage == nullptr) {
      ASSIGN_OR_RETURN(options.storage, OpenDirectory(directory));
    }
    options.storage = Metered(std::move(options.storage));
  }
  return ParqueDB::Open(std::move(options));
}

Result<Cut> Session::ResolveAt(const Call& call, const Source& source, std::string_view option) {
  if (!call.Has(option)) return HeadCut(*source.storage, source.view);
  std::string text = call.Get(option);
  auto resolved = ResolveInstant(*source.storage, source.view, text, SystemClock().NowMs());
  if (!resolved.ok() && resolved.status().code() == StatusCode::kInvalidArgument) {
    // A backup's name on the default remote stands for its instant.
    auto instant = InstantOfBackup(call, text);
    if (instant) resolved = ResolveInstant(*source.storage, source.view, FormatTime(*instant), SystemClock().NowMs());
    if (!resolved.ok()) return resolved.status().With(option);
  }
  if (!resolved.ok()) return resolved.status();
  const Cut& cut = *resolved;
  Say(fmt::format("{} {} (lsn {}{}{})", option.substr(2), FormatTime(cut.ts_ms), cut.lsn,
                  cut.id.empty() ? "" : ", event ", cut.id));
  return cut;
}

Status Session::CheckNamespaceKnown(const Source& source, const std::string& ns) const {
  RETURN_IF_ERROR(CheckNamespace(ns));
  ASSIGN_OR_RETURN(bool is_known, HasNamespace(*source.storage, source.view, ns));
  if (is_known) return Status::Ok();
  ASSIGN_OR_RETURN(auto known, ListNamespaces(*source.storage, source.view));
  std::string there = known.empty()
                          ? "the database is empty"
                          : fmt::format("there {} {}", known.size() == 1 ? "is" : "are", fmt::join(known, ", "));
  return NotFound(fmt::format("there is no namespace {}{}", ns, DidYouMean(ns, known)), there);
}

Status Session::Confirm(const Call& call, const std::string& question) {
  if (call.Has("--confirm") || call.Has("--yes") || call.Has("--dry-run")) return Status::Ok();
  if (!::isatty(STDIN_FILENO) || !::isatty(STDERR_FILENO))
    return InvalidArgument(question + " needs --confirm, or a terminal to ask on", "add --confirm");
  fmt::print(stderr, "{}? [y/N] ", question);
  char answer[16] = "";
  if (std::fgets(answer, sizeof answer, stdin) != nullptr && (answer[0] == 'y' || answer[0] == 'Y'))
    return Status::Ok();
  return {StatusCode::kInterrupted, "nothing was changed"};
}

int ExitCode(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return 0;
    case StatusCode::kIo:
    case StatusCode::kUnsupported:
      return 1;
    case StatusCode::kInvalidArgument:
      return 2;
    case StatusCode::kPartial:
      return 3;
    case StatusCode::kNotFound:
      return 10;
    case StatusCode::kLocked:
      return 11;
    case StatusCode::kKey:
      return 12;
    case StatusCode::kAuth:
      return 13;
    case StatusCode::kConflict:
      return 14;
    case StatusCode::kUnsupportedStore:
      return 15;
    case StatusCode::kCorruption:
      return 20;
    case StatusCode::kUnhealthy:
      return 21;
    case StatusCode::kOutsideWindow:
      return 22;
    case StatusCode::kInvalidData:
      return 23;
    case StatusCode::kBusy:
      return 75;
    case StatusCode::kInterrupted:
      return 130;
  }
  return 1;
}

std::string_view KindOf(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return "ok";
    case StatusCode::kIo:
      return "io";
    case StatusCode::kUnsupported:
      return "unsupported";
    case StatusCode::kInvalidArgument:
      return "usage";
    case StatusCode::kPartial:
      return "partial";
    case StatusCode::kNotFound:
      return "not_found";
    case StatusCode::kLocked:
      return "locked";
    case StatusCode::kKey:
      return "key";
    case StatusCode::kAuth:
      return "auth";
    case StatusCode::kConflict:
      return "conflict";
    case StatusCode::kUnsupportedStore:
      return "unsupported_store";
    case StatusCode::kCorruption:
      return "corrupt";
    case StatusCode::kUnhealthy:
      return "unhealthy";
    case StatusCode::kOutsideWindow:
      return "window";
    case StatusCode::kInvalidData:
      return "invalid";
    case StatusCode::kBusy:
      return "busy";
    case StatusCode::kInterrupted:
      return "interrupted";
  }
  return "io";
}

}  // namespace parquedb
