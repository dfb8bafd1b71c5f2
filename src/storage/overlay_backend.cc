#include "storage/overlay_backend.h"

#include <algorithm>

namespace parquedb {

OverlayBackend::OverlayBackend(std::shared_ptr<StorageBackend> base)
    : base_(std::move(base)), changes_(std::make_unique<MemoryBackend>(std::make_shared<MemoryDisk>())) {}

bool OverlayBackend::IsGone(std::string_view path) const {
  std::lock_guard lock(mutex_);
  return hidden_.contains(path);
}

void OverlayBackend::NoteChanged(std::string_view path) {
  std::lock_guard lock(mutex_);
  hidden_.emplace(path);
}

Result<std::unique_ptr<ReadableFile>> OverlayBackend::Open(std::string_view path) const {
  auto changed = changes_->Open(path);
  bool in_base = !changed.ok() && changed.status().code() == StatusCode::kNotFound && !IsGone(path);
  return in_base ? base_->Open(path) : std::move(changed);
}

Result<std::optional<FileEntry>> OverlayBackend::Stat(std::string_view path) const {
  ASSIGN_OR_RETURN(auto changed, changes_->Stat(path));
  return changed || IsGone(path) ? Result<std::optional<FileEntry>>(std::move(changed)) : base_->Stat(path);
}

Result<std::vector<FileEntry>> OverlayBackend::List(std::string_view prefix) const {
  ASSIGN_OR_RETURN(auto entries, changes_->List(prefix));
  ASSIGN_OR_RETURN(auto below, base_->List(prefix));
  for (FileEntry& entry : below) {
    if (!IsGone(entry.path)) entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end(), [](const FileEntry& a, const FileEntry& b) { return a.path < b.path; });
  return entries;
}

Result<std::unique_ptr<PendingFile>> OverlayBackend::CreatePending(std::string_view path) {
  return changes_->CreatePending(path);
}

Status OverlayBackend::Publish(std::vector<std::unique_ptr<PendingFile>> files) {
  std::vector<std::string> paths;
  for (const auto& file : files) paths.push_back(file->path());
  RETURN_IF_ERROR(changes_->Publish(std::move(files)));
  for (const std::string& path : paths) NoteChanged(path);
  return Status::Ok();
}

Status OverlayBackend::Write(std::string_view path, std::string_view bytes, const WriteCondition& condition) {
  if (condition.kind == WriteCondition::kCreateOnly) {
    ASSIGN_OR_RETURN(auto present, Stat(path));
    if (present) return Conflict(std::string(path) + " exists");
  }
  if (condition.kind == WriteCondition::kIfMatch) {
    ASSIGN_OR_RETURN(auto present, Open(path));
    if (present->etag() != condition.etag) return Conflict(std::string(path) + " was changed by somebody else");
  }
  RETURN_IF_ERROR(changes_->Write(path, bytes));
  NoteChanged(path);
  return Status::Ok();
}

Status OverlayBackend::Copy(std::string_view path) {
  ASSIGN_OR_RETURN(auto changed, changes_->Stat(path));
  if (changed) return Status::Ok();
  ASSIGN_OR_RETURN(auto file, Open(path));
  std::string bytes(file->size(), '\0');
  RETURN_IF_ERROR(file->ReadAt(0, bytes));
  return Write(path, bytes);
}

Result<std::unique_ptr<AppendFile>> OverlayBackend::CreateAppend(std::string_view path) {
  ASSIGN_OR_RETURN(auto present, Stat(path));
  if (present) return Conflict(std::string(path) + " exists");
  ASSIGN_OR_RETURN(auto file, changes_->CreateAppend(path));
  NoteChanged(path);
  return file;
}

Result<std::unique_ptr<AppendFile>> OverlayBackend::OpenAppend(std::string_view path) {
  RETURN_IF_ERROR(Copy(path));
  return changes_->OpenAppend(path);
}

Status OverlayBackend::Remove(std::string_view path) {
  RETURN_IF_ERROR(changes_->Remove(path));
  NoteChanged(path);
  return Status::Ok();
}

Status OverlayBackend::Rename(std::string_view from, std::string_view to) {
  RETURN_IF_ERROR(Copy(from));
  RETURN_IF_ERROR(changes_->Rename(from, to));
  NoteChanged(from);
  NoteChanged(to);
  return Status::Ok();
}

Result<std::unique_ptr<FileLock>> OverlayBackend::Lock(std::string_view path, std::string_view holder) {
  ASSIGN_OR_RETURN(auto present, base_->Stat(path));
  if (!present) return changes_->Lock(path, holder);
  auto lock = base_->Lock(path, "");
  return lock.ok() || lock.status().code() != StatusCode::kIo ? std::move(lock) : changes_->Lock(path, holder);
}

}  // namespace parquedb
