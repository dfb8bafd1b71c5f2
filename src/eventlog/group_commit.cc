#include "eventlog/group_commit.h"

#include "core/check.h"
#include "core/test_hooks.h"

namespace parquedb {
namespace {

constexpr int64_t kSyncsBeforeReserving = 32;    // short-lived processes never get here
constexpr uint64_t kReserveBytes = 1024 * 1024;  // zeros written ahead: a sync then has no file size to record

}  // namespace

void GroupCommit::Switch(std::unique_ptr<AppendFile> file, int64_t durable_lsn) {
  std::lock_guard lock(mutex_);
  PARQUEDB_CHECK(queued_.empty() && !leading_);
  file_ = std::move(file);
  queued_lsn_ = durable_lsn_ = writing_lsn_ = durable_lsn;
  bytes_ = reserved_until_ = file_ != nullptr ? file_->size() : 0;
}

Status GroupCommit::Enqueue(std::string_view frames, int64_t lsn) {
  std::lock_guard lock(mutex_);
  if (!failed_.ok()) return failed_;
  queued_.append(frames);
  bytes_ += frames.size();
  queued_lsn_ = lsn;
  return Status::Ok();
}

Status GroupCommit::WriteOut(const std::string& frames) {
  // Only a long-running writer reserves; the space is used up by appends, which do not move the file's end on disk.
  if (durability_ == Durability::kSync && ++syncs_ > kSyncsBeforeReserving &&
      file_->size() + frames.size() > reserved_until_) {
    RETURN_IF_ERROR(file_->Reserve(frames.size() + kReserveBytes));
    reserved_until_ = file_->size() + frames.size() + kReserveBytes;
  }
  RETURN_IF_ERROR(file_->Append(frames));
  PassKillPoint("wal.before_sync");
  if (durability_ == Durability::kSync) RETURN_IF_ERROR(file_->Sync());
  PassKillPoint("wal.after_sync");
  return Status::Ok();
}

Status GroupCommit::Wait(int64_t lsn) {
  std::unique_lock lock(mutex_);
  while (failed_.ok() && durable_lsn_ < lsn) {
    if (leading_) {
      // In the batch that is being written, or in the one that queues behind it.
      turn_[lsn <= writing_lsn_ ? 1 - batch_ : batch_].wait(lock);
      continue;
    }
    leading_ = true;
    std::string frames = std::move(queued_);
    queued_.clear();
    writing_lsn_ = queued_lsn_;
    unsigned mine = batch_;
    batch_ = 1 - batch_;
    lock.unlock();
    Status written = WriteOut(frames);
    lock.lock();
    leading_ = false;
    if (written.ok()) {
      durable_lsn_ = writing_lsn_;
      frames.clear();
      if (queued_.empty()) queued_ = std::move(frames);  // keeps its memory
      turn_[mine].notify_all();
      turn_[1 - mine].notify_one();
    } else {
      failed_ = written.WithHint(
          "the writer has stopped: the system may have lost what it could not write; open the database again");
      on_failure_(durable_lsn_);
      turn_[0].notify_all();
      turn_[1].notify_all();
    }
  }
  if (durable_lsn_ >= lsn) return Status::Ok();
  return failed_;
}

int64_t GroupCommit::durable_lsn() const {
  std::lock_guard lock(mutex_);
  return durable_lsn_;
}

uint64_t GroupCommit::file_bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

Status GroupCommit::status() const {
  std::lock_guard lock(mutex_);
  return failed_;
}

}  // namespace parquedb
