// Many threads, one sync: frames are queued in order, and the first thread that waits writes and syncs for all.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "parquedb/durability.h"
#include "parquedb/status.h"
#include "parquedb/storage.h"

namespace parquedb {

// Any thread. After a failed write or sync everything fails with that error: the file's content is unknown then.
class GroupCommit {
 public:
  // `on_failure` is called once, by the thread that met the failure, with the last lsn that is durable.
  GroupCommit(Durability durability, std::function<void(int64_t durable_lsn)> on_failure)
      : durability_(durability), on_failure_(std::move(on_failure)) {}

  // Goes on in `file` (null: nothing is enqueued before the next Switch). Everything through `durable_lsn` is durable.
  void Switch(std::unique_ptr<AppendFile> file, int64_t durable_lsn);
  // Queues bytes that end with `lsn`; callers come in order of lsn.
  Status Enqueue(std::string_view frames, int64_t lsn);
  // Returns when everything through `lsn` is durable.
  Status Wait(int64_t lsn);
  int64_t durable_lsn() const;
  uint64_t file_bytes() const;  // written and queued
  Status status() const;        // the failure, if there was one

 private:
  Status WriteOut(const std::string& frames);

  const Durability durability_;
  const std::function<void(int64_t)> on_failure_;
  mutable std::mutex mutex_;
  // Waiters of the batch that is being written and of the next one sleep apart, so that a sync wakes only those whose
  // writes it made durable, and one more to lead the next.
  std::condition_variable turn_[2];
  std::unique_ptr<AppendFile> file_;
  std::string queued_;
  int64_t queued_lsn_ = 0, durable_lsn_ = 0, writing_lsn_ = 0;
  uint64_t bytes_ = 0, reserved_until_ = 0;
  int64_t syncs_ = 0;
  unsigned batch_ = 0;  // parity of the batch that queues now
  bool leading_ = false;
  Status failed_;
};

}  // namespace parquedb
