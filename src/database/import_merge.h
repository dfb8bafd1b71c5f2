// An import that meets entities the database has already: its records, sorted by id, merged once with the state.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "core/external_sort.h"
#include "core/text_spool.h"
#include "database/database_state.h"
#include "database/import.h"

namespace parquedb {

// Records by id, in bounded memory: small ones travel through the sort, large ones lie in a spool until they are due.
class SortedRecords {
 public:
  SortedRecords();
  Status Add(ImportRecord&& record);
  // No Add after it.
  Status Finish() { return sorter_.Finish(); }
  // False at the end. Ids ascend; those that come twice come in the order of the file. What the record links to lies in
  // `data` with its fields, as an entity's data text; its own links and fields are empty.
  Result<bool> Next(ImportRecord* record, std::string* data);

 private:
  ExternalSorter sorter_;
  TextSpool large_;
};

// The drafts of `--on-conflict replace|skip`: CREATE where there is no entity; where there is one, UPDATE or nothing.
class MergeDrafts : public DraftSource {
 public:
  // `storage`, `view` and `reader` must outlive it.
  MergeDrafts(const StorageBackend& storage, const View& view, RecordReader& reader, ConflictRule rule)
      : storage_(storage), view_(view), reader_(reader), rule_(rule), twice_(reader.source().name()) {}
  Result<bool> Next(const Stamp& stamp, EventDraft* draft) override;
  uint64_t likely_bytes() const override { return reader_.likely_bytes(); }

  int64_t created() const { return created_; }
  int64_t updated() const { return updated_; }
  int64_t kept() const { return kept_; }  // records without effect
  const std::set<std::string>& namespaces() const { return namespaces_; }

 private:
  Status Collect();
  Status OpenPresent();
  Result<bool> TakeRecord(const Stamp& stamp, EventDraft* draft);

  const StorageBackend& storage_;
  const View& view_;
  RecordReader& reader_;
  ConflictRule rule_;
  SortedRecords records_;
  bool collected_ = false;
  std::set<std::string> read_namespaces_, namespaces_;
  std::unique_ptr<EntityCursor> present_;
  Entity entity_;  // the next that is there, when has_entity_
  bool has_entity_ = false;
  ImportRecord record_;
  std::string data_, last_id_;
  BadRecords twice_;
  int64_t created_ = 0, updated_ = 0, kept_ = 0;
};

}  // namespace parquedb
