// Sorted stretches of changes, and their merge. Inside this folder only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/external_sort.h"
#include "eventlog/segment_file.h"
#include "replay/change_cursor.h"

namespace parquedb {

// Yields changes in id order. Runs never share an id: each entity has one event that tells.
class ChangeRun {
 public:
  virtual ~ChangeRun() = default;
  virtual Result<bool> Next() = 0;
  Change change;
  bool waiting = false;  // only change.id is known; Next fetches the rest of it
};

// The events of one row group that tell of their entities.
struct GroupWinners {
  std::shared_ptr<Segment> segment;
  int group = 0;
  StateText text = StateText::kAfter;
  std::shared_ptr<std::string> texts;  // what the ids lie in
  struct Winner {
    std::string_view id;  // "ns/id"
    int64_t row;          // of the file
    int64_t lsn;
    bool deleted;
  };
  std::vector<Winner> winners;  // ascending by row

  bool IdsAscend() const;
  // The row of a winner as a stretch, those that touch joined.
  RowSpans Rows() const;
};

// Of the events that are not yet in a segment.
std::unique_ptr<ChangeRun> TailRun(std::map<std::string, const Event*> winners, StateText text);

// Winners whose ids ascend: streamed from the file, which is not touched before the first of them is due. So of runs
// that follow each other one is open at a time.
std::unique_ptr<ChangeRun> StreamedRun(GroupWinners winners);

// Winners of large documents: only their ids are held, and each state is read when it is due. So any number of such
// runs can be merged at once.
std::unique_ptr<ChangeRun> LargeRowsRun(GroupWinners winners);

// Winners without their texts.
std::unique_ptr<ChangeRun> KeysRun(GroupWinners winners);

// Winners with their texts, in memory.
struct HeldChanges {
  GroupWinners group;            // sorted by id
  TableChunk chunk;              // texts by row of the winners, in the order of their rows
  std::vector<uint32_t> places;  // of each winner, in the order of their ids: its row in the chunk
  uint64_t bytes = 0;
};
// Reads the texts. kCorruption if one is missing.
Result<HeldChanges> FetchStates(GroupWinners winners);
std::unique_ptr<ChangeRun> HeldRun(HeldChanges changes);
Status AddToSorter(const HeldChanges& changes, ExternalSorter* sorter);
// Of what AddToSorter was given; the sorter is finished.
std::unique_ptr<ChangeRun> SortedRun(ExternalSorter sorter);

Result<std::unique_ptr<ChangeCursor>> MergeRuns(std::vector<std::unique_ptr<ChangeRun>> runs);

}  // namespace parquedb
