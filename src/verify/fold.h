// The log folded into states by a way of its own: every event is reduced to hashes and sorted by entity and lsn, then
// each entity's events are followed from its creation on. Shares nothing with replay, which it checks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/external_sort.h"
#include "core/sha256.h"
#include "core/siphash.h"
#include "eventlog/segment_file.h"
#include "verify/report.h"

namespace parquedb {

// One entity at each of the fold's cuts.
struct FoldedEntity {
  struct At {
    bool alive = false;
    int64_t lsn = 0;     // of the last event at or before the cut; 0: none
    Sha256Bytes term{};  // StateDigest::HashOf of the state, when alive
    std::string links;   // JSON text of $links, "" for none
  };
  std::string id;  // "ns/id"
  std::vector<At> at;
};

// What the fold keeps of an event's texts.
struct EventTerms {
  Sha256Bytes before{}, after{};  // StateDigest::HashOf of `before` and `after`; unused when absent
  std::string_view links;         // JSON text of the $links of `after`; "" for none
  Hash128 origin;                 // of id, ts, op, actor and metadata; compared with that of a base's row
};

// What the fold is to make of an event.
enum class FoldedAs {
  kEvent,
  kStart,  // a row of the base that the log begins with
  kCheck,  // a row of a base behind the events it stands for: it must be the last of them
};

// Memory: 128 MiB, whatever the number of events; more goes through TMPDIR. One thread.
class Fold {
 public:
  // `cuts`: lsns, ascending.
  explicit Fold(std::vector<int64_t> cuts);

  // Events in the order of the log, a base's rows behind the events through its cut.
  Status Add(const EventView& event, const EventTerms& terms, FoldedAs as);
  bool has_links() const { return has_links_; }
  const std::vector<int64_t>& cuts() const { return cuts_; }

  Status Finish();
  // Entities in id order, also those that were deleted. An event whose `before` is not the state that the event before
  // it left is a critical finding of the event log.
  Result<bool> Next(FoldedEntity* entity, Report& report);

 private:
  struct Record;
  // `origin`: of the event that `state` is of.
  Status Follow(const Record& record, FoldedEntity* entity, FoldedEntity::At* state, Hash128* origin,
                Report& report) const;
  Result<bool> Read();

  std::vector<int64_t> cuts_;
  ExternalSorter sorter_;
  bool has_links_ = false;
  std::string_view key_, payload_;  // the next record
  bool has_next_ = false;
};

}  // namespace parquedb
