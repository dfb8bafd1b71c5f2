// Raw records become import records on worker threads and come out in the order of the input.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "exchange/csv.h"
#include "exchange/import_record.h"
#include "exchange/line_reader.h"
#include "parquedb/status.h"

namespace parquedb {

// One record, or why there is none. Its id is what the record or the field says, and the namespace what IdSpelling
// says;
// "" when neither record nor field does.
struct TakenRecord {
  int64_t line = 0;
  Status status;
  ImportRecord record;
};

// What a run of raw records became.
struct RecordBatch {
  std::vector<TakenRecord> records;  // where drafts are made: only those that are none
  std::vector<ImportDraft> drafts;
  std::shared_ptr<const std::string> texts;  // where the states of the drafts lie
  int64_t skipped = 0;                       // of other namespaces; they are in neither list
  Status end;         // why reading stopped behind these records; ok: it did not, or at the end of the input
  bool last = false;  // nothing follows
};

// Where ids come from.
struct IdSpelling {
  std::string ns;     // only its records are taken, and ids that are made from a field are of it; "" = all
  std::string field;  // "" = none
  std::string into;   // the namespace that all records get; "" = their own

  // The namespace of records without an id, before they are moved.
  const std::string& home() const { return ns.empty() ? into : ns; }
  // Selects and moves a record with an id. False: it is of another namespace than the one wanted.
  bool Place(ImportRecord* record) const;
};

// Holds at most eight batches, and 8 MiB of raw text or one record. An input that fits one batch starts no thread.
// One thread calls it.
class RecordPipeline {
 public:
  // `csv`: the raw records are rows of this shape; null: they are JSON.
  RecordPipeline(std::unique_ptr<RawRecordReader> raw, IdSpelling ids, std::shared_ptr<const CsvShape> csv,
                 int threads);
  ~RecordPipeline();  // stops the threads
  // From the first batch on records come as drafts. To be called before Next.
  void MakeDrafts(RecordStamp stamp) { stamp_ = std::move(stamp); }
  // The next batch. Not to be called again after a last one.
  RecordBatch Next();

 private:
  struct RawBatch {
    std::string text;
    struct Piece {
      size_t begin, length;
      int64_t line;
    };
    std::vector<Piece> pieces;
    Status end;
    bool last = false;
  };
  class Taker;
  RawBatch ReadRaw();
  void Work();
  bool HasRoom() const;

  IdSpelling ids_;
  std::shared_ptr<const CsvShape> csv_;
  std::optional<RecordStamp> stamp_;  // drafts are made
  int threads_;
  std::unique_ptr<RawRecordReader> raw_;  // under reading_ once there are threads
  std::mutex reading_;                    // taken before mutex_
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int64_t, RecordBatch> done_;    // guarded by mutex_, as all below
  std::map<int64_t, uint64_t> raw_bytes_;  // of batches that were read and not yet given out
  uint64_t held_bytes_ = 0;
  int64_t next_read_ = 0, next_given_ = 0;
  bool stop_ = false, read_all_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace parquedb
