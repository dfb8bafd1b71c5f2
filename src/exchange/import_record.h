// One record from outside on its way to an entity.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/sha256.h"
#include "document/normalize.h"
#include "model/state_text.h"
#include "parquedb/event.h"
#include "parquedb/status.h"

namespace parquedb {

// What a record says; what it does not say is made by ToEntity.
struct ImportRecord {
  std::string id;    // "ns/id"; "" when the record has no $id
  std::string type;  // $type; "" when it has none. With an id it is that id's namespace
  std::optional<int64_t> version, created_at_ms, updated_at_ms;
  std::optional<std::string> created_by, updated_by;
  Links links;
  std::string fields;   // own fields, compact, without braces
  std::string id_text;  // JSON text of the member that was asked for as the id; "" when it is missing
  int64_t line = 0;
};

// Takes a normalised record apart. kInvalidData: a $ name that is not a system field, a wrong value, a document (own
// fields and links together) above kMaxDocumentBytes.
Status TakeRecord(NormalizedRecord&& normalized, ImportRecord* record);

// The entity of a record whose id is known. A record with $createdAt ($updatedAt) is taken at its word about who
// created (updated) it, also when it names nobody; else `actor` did it at `ts_ms`.
Entity ToEntity(ImportRecord&& record, int64_t ts_ms, const std::string& actor);

// Renames the namespace of a record with an id. Its links to entities of that namespace go along, others stay.
void MoveTo(std::string_view ns, ImportRecord* record);

// For what a record does not say and `before` does: version + 1, the creation as it was.
void InheritFrom(const Entity& before, ImportRecord* record);

// When and by whom the records of one batch are written.
struct RecordStamp {
  int64_t ts_ms = 0;
  std::string actor;  // "" = nobody
};

// A record as the log will hold it.
struct ImportDraft {
  std::string id;                   // "ns/id"; "" when the record has none
  std::string_view state;           // state text, in `texts` of this draft or of an earlier one
  std::optional<Sha256Bytes> hash;  // StateDigest::HashOf its target and state; only of a draft with an id
  int64_t line = 0;
  // Set where it begins to hold states; to be kept as long as the states of this draft and of those behind it.
  std::shared_ptr<const std::string> texts;
};

// Makes drafts; what is the same in all plain records is written once. One thread.
class DraftMaker {
 public:
  explicit DraftMaker(RecordStamp stamp);
  // Appends the state, as EncodeState(ToEntity(record)), to `texts`; it is the caller's to set the draft's view of it
  // once no more is appended. The record's memory is left for the next one.
  ImportDraft Make(ImportRecord* record, std::string* texts) const;
  size_t head_bytes() const { return plain_head_.size() + 2; }  // of a state, beside its fields

 private:
  RecordStamp stamp_;
  std::string plain_head_;  // the state of a record without system members, up to its fields
};

}  // namespace parquedb
