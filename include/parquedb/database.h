// The database: open a directory (or any StorageBackend), write documents, read them back now or as of any instant.
//
//   auto db = ParqueDB::Open({.path = "shop", .create_if_missing = true, .actor = "alice"});
//   auto posts = (*db)->collection("posts");
//   auto post = posts.Create(*Document::Parse(R"({"title":"Hello"})"), {.id = "p1"});
//
// One writer at a time holds the directory's lock, from Open until the object is destroyed; any number of processes
// read beside it. All calls may be made from any thread; concurrent writers share a sync.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parquedb/document.h"
#include "parquedb/durability.h"
#include "parquedb/event.h"
#include "parquedb/status.h"
#include "parquedb/storage.h"

namespace parquedb {

class Clock;
class DatabaseState;
class Progress;

struct OpenOptions {
  std::string path;                         // a directory; or:
  std::shared_ptr<StorageBackend> storage;  // where the database lies
  bool create_if_missing = false;           // make an empty database when there is none
  std::string name;                         // of a new database; empty: the directory's name
  std::string actor;                        // who writes; 1 to 256 bytes, or empty for nobody
  std::string verb = "library";             // told to others that wait for the lock
  Durability durability = Durability::kSync;
  bool accept_clock = false;  // go on when the clock is more than 60 s behind the last event
  int64_t lock_timeout_ms = 10'000;
  Clock* clock = nullptr;        // tests; nullptr: the system's
  Progress* progress = nullptr;  // Checkpoint and batches count into it; must outlive the database
};

struct CreateOptions {
  std::string id;  // within the namespace; empty: a ULID
  bool require_links = false;
};

struct UpdateOptions {
  std::optional<int64_t> if_version;  // kConflict when the entity has another
};

struct FindOptions {
  std::string filter = "{}";  // MongoDB's language, as JSON
  std::string sort;           // {"field":1} or "field,-other"
  std::string fields;         // "a,b.c"; empty: all
  std::string at;             // any instant of the contract; empty: now
  int64_t skip = 0;
  std::optional<int64_t> limit;
};

// One namespace of an open database; cheap to copy, valid while the database is.
class Collection {
 public:
  // kConflict: the id exists. kInvalidData: a $ name that is not a system field, or a wrong one. `document` may be an
  // entity as Get gives it: version, times, actors and links are then taken as they are.
  Result<Entity> Create(const Document& document, const CreateOptions& options = {});
  // All or nothing, one sync. Each document may carry "$id".
  Result<std::vector<Entity>> CreateMany(const std::vector<Document>& documents);
  Result<std::optional<Entity>> Get(std::string_view id) const;
  // The entity's own fields become the document's. kNotFound.
  Result<Entity> Replace(std::string_view id, const Document& document, const UpdateOptions& options = {});
  // $set $unset $inc $push, or plain fields (= $set). Without effect: no event, the version stays. kNotFound,
  // kConflict.
  Result<Entity> Update(std::string_view id, const Document& update, const UpdateOptions& options = {});
  // kNotFound when there is none.
  Status Delete(std::string_view id);
  // Entities as JSON texts, in id order unless sorted; streamed to `emit`, which may return an error to stop.
  Status Find(const FindOptions& options, const std::function<Status(std::string_view json)>& emit) const;
  Result<int64_t> Count(const FindOptions& options = {}) const;
  // A link from id to `to` ("ns/id"). kNotFound when either end is missing, unless allowed.
  Result<Entity> Link(std::string_view id, std::string_view predicate, std::string_view to, bool allow_missing = false);
  Result<Entity> Unlink(std::string_view id, std::string_view predicate, std::string_view to);
  // Who links here: entity ids "ns/id", sorted.
  Result<std::vector<std::string>> LinkedFrom(std::string_view id, std::string_view predicate) const;

 private:
  friend class ParqueDB;
  Collection(DatabaseState* state, std::string ns) : state_(state), ns_(std::move(ns)) {}
  DatabaseState* state_;
  std::string ns_;
};

class ParqueDB {
 public:
  // kNotFound, kLocked, kCorruption, kUnsupported, kBusy (clock). Recovers what a crash left.
  static Result<std::unique_ptr<ParqueDB>> Open(OpenOptions options);
  ~ParqueDB();
  ParqueDB(const ParqueDB&) = delete;
  ParqueDB& operator=(const ParqueDB&) = delete;

  Collection collection(std::string ns);
  // The WAL becomes a segment.
  Status Flush();
  // Flush, and the derived files are brought up to the head.
  Status Checkpoint();
  // For the layers above; not part of the public interface.
  DatabaseState& state() { return *state_; }

 private:
  explicit ParqueDB(std::unique_ptr<DatabaseState> state);
  std::unique_ptr<DatabaseState> state_;
};

}  // namespace parquedb
