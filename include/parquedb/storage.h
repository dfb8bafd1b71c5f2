// Where the bytes of a database or of a backup repository lie: a flat set of files under relative paths. One interface
// for a directory, for memory (tests), and for object stores. Every implementation passes the same conformance suite
// (src/storage/conformance_test.cc); what they can't all do is told by Capabilities.
//
// Paths are relative, '/' between parts, no empty part, no "." or "..". A file is either published whole (PendingFile,
// Write) or appended to (AppendFile). Every call may be made from any thread; one file object is used by one thread at
// a time, except ReadableFile, whose ReadAt may be called by many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parquedb/status.h"

namespace parquedb {

// What a store can do. A write path asks here and never finds out by failing.
struct Capabilities {
  bool append = false;       // OpenAppend and CreateAppend work
  bool lock = false;         // Lock works
  bool create_only = false;  // WriteCondition::kCreateOnly is atomic, also between processes
  bool replace_if = false;   // WriteCondition::kIfMatch is atomic, also between processes
};

struct FileEntry {
  std::string path;
  uint64_t size = 0;        // bytes
  int64_t modified_ms = 0;  // UTC milliseconds
};

// A pinned handle: it goes on reading the file that was opened, even when the path is replaced or removed. Where a
// store can't pin, a read after a replacement is kConflict and the reader opens anew.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  // Bytes when it was opened; a file that grows keeps this size here.
  virtual uint64_t size() const = 0;
  // Changes whenever the content changes.
  virtual std::string etag() const = 0;
  // Fills `out` from `offset`. Past the end of the file: kCorruption. Any thread.
  virtual Status ReadAt(uint64_t offset, std::span<char> out) const = 0;
  // Makes what is in the file durable, whoever wrote it (fdatasync works on a read-only descriptor). A reader of the
  // WAL calls it so that nothing it shows can be taken back by a power cut.
  virtual Status Sync() const = 0;
};

// A file in the making; nobody sees it before StorageBackend::Publish. Destroyed unpublished, it leaves nothing behind.
class PendingFile {
 public:
  virtual ~PendingFile() = default;
  virtual const std::string& path() const = 0;
  virtual uint64_t size() const = 0;
  virtual Status Append(std::string_view bytes) = 0;
  // No Append after it. Frees the descriptor: thousands of files may wait for one Publish.
  virtual Status Close() = 0;
};

// A file that grows at its end; the WAL.
class AppendFile {
 public:
  virtual ~AppendFile() = default;
  virtual uint64_t size() const = 0;
  // Writes at the end. Durable only after Sync.
  virtual Status Append(std::string_view bytes) = 0;
  // fdatasync. After a failure the content is unknown: the caller must not append or sync again.
  virtual Status Sync() = 0;
  // Cuts the file to `size` bytes and syncs it.
  virtual Status Truncate(uint64_t size) = 0;
  // Reserves zero bytes behind the end, so that a later Sync has no metadata to write; size() stays. They may be read
  // as zeros. A store that can't does nothing.
  virtual Status Reserve(uint64_t bytes) = 0;
};

// Held until destroyed; the kernel frees it with the process.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

struct WriteCondition {
  enum Kind { kNone, kCreateOnly, kIfMatch };
  Kind kind = kNone;
  std::string etag;  // for kIfMatch

  static WriteCondition CreateOnly() { return {kCreateOnly, {}}; }
  static WriteCondition IfMatch(std::string etag) { return {kIfMatch, std::move(etag)}; }
};

class StorageBackend {
 public:
  virtual ~StorageBackend() = default;

  // For messages: "directory /srv/db".
  virtual std::string Describe() const = 0;
  virtual Capabilities capabilities() const = 0;

  // kNotFound when there is no such file; kIo when it is there and can't be read, or is a directory.
  virtual Result<std::unique_ptr<ReadableFile>> Open(std::string_view path) const = 0;
  virtual Result<std::optional<FileEntry>> Stat(std::string_view path) const = 0;
  // All files whose path begins with `prefix` (a path or "" for all), sorted by path. No directories. A prefix with no
  // files is an empty list.
  virtual Result<std::vector<FileEntry>> List(std::string_view prefix) const = 0;

  // Starts a file that Publish will put at `path`. Missing directories are made.
  virtual Result<std::unique_ptr<PendingFile>> CreatePending(std::string_view path) = 0;
  // Puts every file in place, each whole, replacing what is there. When it returns OK all of them are durable under
  // their paths. On an error or a crash any subset may be in place; nothing torn is ever visible. Many files cost a
  // constant number of syncs.
  virtual Status Publish(std::vector<std::unique_ptr<PendingFile>> files) = 0;
  // One small file, whole and durable, atomically. kConflict when the condition does not hold.
  virtual Status Write(std::string_view path, std::string_view bytes, const WriteCondition& condition = {}) = 0;

  // A new empty file to append to, durable under its name when this returns. kConflict when it exists.
  virtual Result<std::unique_ptr<AppendFile>> CreateAppend(std::string_view path) = 0;
  // An existing one; kNotFound. Appends go behind its current content.
  virtual Result<std::unique_ptr<AppendFile>> OpenAppend(std::string_view path) = 0;

  // Removing what is not there is OK. A removal is durable some time later; nothing depends on it.
  virtual Status Remove(std::string_view path) = 0;
  // Makes durable which files lie in `folder` now ("" is the top). A process that ended between a change and its sync
  // leaves names, or gaps, that a power cut takes back: who builds on what another process left calls this first. Any
  // number of readers may call it. A store whose changes are durable at once has nothing to do.
  virtual Status SyncNames(std::string_view folder) const {
    (void)folder;
    return Status::Ok();
  }
  // Moves a file, durable when it returns; replaces what is at `to`.
  virtual Status Rename(std::string_view from, std::string_view to) = 0;

  // Takes the exclusive lock that lives in `path` and writes `holder` into it for the message. At once: kLocked with
  // the holder's text when another has it. An empty `holder` leaves the text that is there.
  virtual Result<std::unique_ptr<FileLock>> Lock(std::string_view path, std::string_view holder) = 0;
};

// The whole file. Files of more than `max_bytes` are kCorruption: every caller knows what it may meet.
Result<std::string> ReadWhole(const StorageBackend& storage, std::string_view path, uint64_t max_bytes);
Result<std::string> ReadWhole(const ReadableFile& file, uint64_t max_bytes);

// A directory of the file system. It need not exist before the first write. Writes are synced (file and folder) before
// a call returns. The lock is flock(2), so it works between processes.
class FsBackend;
Result<std::unique_ptr<StorageBackend>> OpenDirectory(std::string directory);

}  // namespace parquedb
