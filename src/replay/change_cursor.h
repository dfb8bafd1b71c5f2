// What the log says happened to each entity in a stretch of the log: one record an entity, in id order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "eventlog/view.h"
#include "parquedb/event.h"
#include "parquedb/status.h"

namespace parquedb {

struct Change {
  std::string id;  // "ns/id"
  int64_t lsn = 0;
  bool deleted = false;
  std::string state;  // state text; "" when deleted
};

class ChangeCursor {
 public:
  virtual ~ChangeCursor() = default;
  virtual Result<bool> Next(Change* change) = 0;  // ids ascend, each once
};

// kOnwards: an entity's newest event tells, by what was there after it. kBack: its oldest event, by what was there
// before it ("deleted": nothing was), so that a later state becomes an earlier one.
enum class Direction { kOnwards, kBack };

// How a request was carried out, for reports.
struct LogReads {
  int64_t base = 0;          // cut of the base that was read; 0: none was
  int64_t events = 0;        // of which the keys were looked at, the rows of the base among them
  int64_t winners = 0;       // entities that the log tells of
  uint64_t state_bytes = 0;  // of their texts, as far as they are held or sorted
  bool spilled = false;      // they did not all fit into memory
};

struct ChangeRequest {
  // Onwards: events with from(ns) < lsn <= cut count; 0 stands for the beginning of the log, and then the newest base
  // at or before the cut may stand in for what came before it. Back: events with cut < lsn <= from(ns). A namespace for
  // which `from` returns nothing is left out. Called by the thread that opens the cursor.
  std::function<std::optional<int64_t>(std::string_view ns)> from;
  int64_t cut = 0;
  // Onwards no `from` returns less: segments that end at or before it are not opened. Back: no `from` returns more.
  int64_t farthest = 0;
  // Onwards: no `from` but 0 returns less. So what lies before a base and before this is not opened.
  int64_t lowest_after_base = 0;
  bool states = true;  // false: Change.state stays empty, and no state text is read
  Direction direction = Direction::kOnwards;
  int threads = 0;            // that read; 0: as many as there are cores
  LogReads* reads = nullptr;  // filled in by OpenChanges where it is not null
};

// Chooses each entity's event from key columns alone and fetches state texts only for those, each from the pages that
// hold it. Memory: 32 bytes an entity that changed, at most 128 MiB of texts (more is sorted through TMPDIR), and of
// each thread a row group's.
Result<std::unique_ptr<ChangeCursor>> OpenChanges(const StorageBackend& storage, const View& view,
                                                  const ChangeRequest& request);

}  // namespace parquedb
