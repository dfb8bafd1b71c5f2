#include "database/import_merge.h"

#include <cstring>

#include "core/check.h"
#include "core/limits.h"
#include "model/names.h"

namespace parquedb {
namespace {

constexpr uint64_t kMergeSortBytes = 64 * kMiB;
constexpr size_t kInlineBytes =
    64 * kKiB;  // of a data text; the sort reads ahead in every run, so runs stay small there
constexpr uint64_t kSpoolBytes = 32 * kMiB;

// A record in the sort: these numbers, the two actors, and the data text unless it is spooled.
struct PackedRecord {
  int64_t line, version, created_at_ms, updated_at_ms;
  uint64_t spool_offset;
  uint32_t created_by_bytes, updated_by_bytes, data_bytes;
  bool has_version, has_created_at, has_updated_at, has_created_by, has_updated_by, spooled;
};

std::optional<std::string> TakeText(std::string_view* bytes, bool is_there, uint32_t size) {
  if (!is_there) return std::nullopt;
  std::string text(bytes->substr(0, size));
  bytes->remove_prefix(size);
  return text;
}

template <typename T>
std::optional<T> When(bool is_there, T value) {
  return is_there ? std::optional<T>(value) : std::nullopt;
}

// What the record makes of `before`; nullopt when that is what is there.
std::optional<Entity> Replacement(ImportRecord&& record, std::string data, const Entity& before, const Stamp& stamp) {
  bool says_version = record.version.has_value();
  bool says_update = record.updated_at_ms || record.updated_by;
  InheritFrom(before, &record);
  Entity after = ToEntity(std::move(record), stamp.ts_ms, stamp.actor);
  after.data = std::move(data);
  bool same = after.data == before.data && after.created_at_ms == before.created_at_ms &&
              after.created_by == before.created_by && (!says_version || after.version == before.version) &&
              (!says_update || (after.updated_at_ms == before.updated_at_ms && after.updated_by == before.updated_by));
  if (same) return std::nullopt;
  return after;
}

}  // namespace

SortedRecords::SortedRecords() : sorter_(kMergeSortBytes), large_(kSpoolBytes) {}

Status SortedRecords::Add(ImportRecord&& record) {
  std::string data = JoinData(record.links, record.fields);
  PackedRecord packed;
  std::memset(&packed, 0, sizeof packed);  // padding too: it goes to a file
  packed.line = record.line;
  packed.version = record.version.value_or(0);
  packed.created_at_ms = record.created_at_ms.value_or(0);
  packed.updated_at_ms = record.updated_at_ms.value_or(0);
  packed.has_version = record.version.has_value();
  packed.has_created_at = record.created_at_ms.has_value();
  packed.has_updated_at = record.updated_at_ms.has_value();
  packed.has_created_by = record.created_by.has_value();
  packed.has_updated_by = record.updated_by.has_value();
  packed.created_by_bytes = static_cast<uint32_t>(record.created_by.value_or("").size());
  packed.updated_by_bytes = static_cast<uint32_t>(record.updated_by.value_or("").size());
  packed.data_bytes = static_cast<uint32_t>(data.size());
  packed.spooled = data.size() > kInlineBytes;
  if (packed.spooled) {
    ASSIGN_OR_RETURN(TextSpool::Place place, large_.Append(data));
    packed.spool_offset = place.offset;
    data.clear();
  }
  std::string payload(reinterpret_cast<const char*>(&packed), sizeof packed);
  payload.append(record.created_by.value_or("")).append(record.updated_by.value_or("")).append(data);
  return sorter_.Add(record.id, payload);
}

Result<bool> SortedRecords::Next(ImportRecord* record, std::string* data) {
  std::string_view id, payload;
  ASSIGN_OR_RETURN(bool more, sorter_.Next(&id, &payload));
  if (!more) return false;
  PackedRecord packed;
  PARQUEDB_CHECK(payload.size() >= sizeof packed);
  std::memcpy(&packed, payload.data(), sizeof packed);
  payload.remove_prefix(sizeof packed);
  *record = ImportRecord();
  record->id = std::string(id);
  record->line = packed.line;
  record->version = When(packed.has_version, packed.version);
  record->created_at_ms = When(packed.has_created_at, packed.created_at_ms);
  record->updated_at_ms = When(packed.has_updated_at, packed.updated_at_ms);
  record->created_by = TakeText(&payload, packed.has_created_by, packed.created_by_bytes);
  record->updated_by = TakeText(&payload, packed.has_updated_by, packed.updated_by_bytes);
  if (packed.spooled) {
    ASSIGN_OR_RETURN(*data, large_.Read({packed.spool_offset, packed.data_bytes}));
  } else {
    data->assign(payload);
  }
  return true;
}

Status MergeDrafts::Collect() {
  ImportRecord record;
  std::string last_ns;
  while (true) {
    ASSIGN_OR_RETURN(bool more, reader_.Next(&record));
    if (!more) break;
    std::string_view ns = NamespaceOfId(record.id);
    if (ns != last_ns) {
      last_ns = std::string(ns);
      read_namespaces_.insert(last_ns);
    }
    RETURN_IF_ERROR(records_.Add(std::move(record)));
  }
  RETURN_IF_ERROR(CheckAnyTaken(reader_, !read_namespaces_.empty()));
  RETURN_IF_ERROR(records_.Finish());
  return OpenPresent();
}

Status MergeDrafts::OpenPresent() {
  ASSIGN_OR_RETURN(auto known, ListNamespaces(storage_, view_));
  std::vector<std::string> wanted;
  for (const std::string& ns : known) {
    if (read_namespaces_.contains(ns)) wanted.push_back(ns);
  }
  if (wanted.empty()) return Status::Ok();
  ASSIGN_OR_RETURN(present_, OpenState(storage_, view_, {.cut = view_.head, .namespaces = wanted}));
  ASSIGN_OR_RETURN(has_entity_, present_->Next(&entity_));
  return Status::Ok();
}

// Makes a draft of record_, or returns false when there is nothing to write.
Result<bool> MergeDrafts::TakeRecord(const Stamp& stamp, EventDraft* draft) {
  while (has_entity_ && entity_.id < record_.id) {
    ASSIGN_OR_RETURN(has_entity_, present_->Next(&entity_));
  }
  std::string id = record_.id;
  if (!has_entity_ || entity_.id != id) {
    Entity made = ToEntity(std::move(record_), stamp.ts_ms, stamp.actor);
    made.data = std::move(data_);
    *draft = MakeDraft(id, std::nullopt, made, stamp.actor);
    ++created_;
    return true;
  }
  std::optional<Entity> after;
  if (rule_ == ConflictRule::kReplace) after = Replacement(std::move(record_), std::move(data_), entity_, stamp);
  if (!after) {
    ++kept_;
    return false;
  }
  *draft = MakeDraft(id, entity_, after, stamp.actor);
  ++updated_;
  return true;
}

Result<bool> MergeDrafts::Next(const Stamp& stamp, EventDraft* draft) {
  if (!collected_) RETURN_IF_ERROR(Collect());
  collected_ = true;
  while (true) {
    ASSIGN_OR_RETURN(bool more, records_.Next(&record_, &data_));
    if (!more) return twice_.empty() ? Result<bool>(false) : twice_.ToStatus();
    if (record_.id == last_id_) {
      if (twice_.Add(record_.line, InvalidData("the id " + last_id_ + " comes twice in the file")))
        return twice_.ToStatus();
      continue;
    }
    last_id_ = record_.id;
    ASSIGN_OR_RETURN(bool writes, TakeRecord(stamp, draft));
    if (!writes) continue;
    namespaces_.insert(std::string(NamespaceOfId(last_id_)));
    return true;
  }
}

}  // namespace parquedb
