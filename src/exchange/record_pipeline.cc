#include "exchange/record_pipeline.h"

#include "document/value.h"
#include "model/names.h"

namespace parquedb {
namespace {

constexpr size_t kBatchBytes = 256 * 1024;
constexpr size_t kBatchRecords = 1024;
constexpr uint64_t kMaxHeldBytes = 8u << 20;
constexpr int64_t kMaxHeldBatches = 8;

}  // namespace

// A worker's own parser.
class RecordPipeline::Taker {
 public:
  Taker(const IdSpelling& ids, const CsvShape* csv, const std::optional<RecordStamp>& stamp)
      : ids_(ids), csv_(csv), normalizer_(ids.field) {
    if (stamp) maker_.emplace(*stamp);
  }

  RecordBatch Take(const RawBatch& raw) {
    if (maker_) return TakeDrafts(raw);
    RecordBatch batch{.records = {}, .drafts = {}, .texts = {}, .end = raw.end, .last = raw.last};
    batch.records.reserve(raw.pieces.size());
    for (const auto& piece : raw.pieces) {
      TakenRecord& taken = batch.records.emplace_back();
      taken.line = taken.record.line = piece.line;
      taken.status = TakeOne(std::string_view(raw.text).substr(piece.begin, piece.length), &taken.record);
      if (!taken.status.ok() || Place(&taken.record)) continue;
      batch.records.pop_back();
      ++batch.skipped;
    }
    return batch;
  }

 private:
  RecordBatch TakeDrafts(const RawBatch& raw) {
    RecordBatch batch{.records = {}, .drafts = {}, .texts = {}, .end = raw.end, .last = raw.last};
    batch.drafts.reserve(raw.pieces.size());
    auto texts = std::make_shared<std::string>();
    texts->reserve(raw.text.size() + raw.pieces.size() * maker_->head_bytes());
    ends_.clear();
    for (const auto& piece : raw.pieces) {
      record_.line = piece.line;
      Status taken = TakeOne(std::string_view(raw.text).substr(piece.begin, piece.length), &record_);
      if (taken.ok() && !Place(&record_)) {
        ++batch.skipped;
      } else if (taken.ok()) {
        batch.drafts.push_back(maker_->Make(&record_, texts.get()));
        ends_.push_back(texts->size());
      } else {
        batch.records.push_back({piece.line, std::move(taken), {}});
      }
    }
    for (size_t i = 0, begin = 0; i < ends_.size(); begin = ends_[i++]) {
      batch.drafts[i].state = std::string_view(*texts).substr(begin, ends_[i] - begin);
    }
    batch.texts = std::move(texts);
    return batch;
  }

  bool Place(ImportRecord* record) const { return record->id.empty() || ids_.Place(record); }

  Status TakeOne(std::string_view text, ImportRecord* record) {
    if (csv_ != nullptr) {
      RETURN_IF_ERROR(csv_->ToJson(text, &cells_, &json_));
      text = json_;
    }
    RETURN_IF_ERROR(normalizer_.Normalize(text, &normalized_));
    RETURN_IF_ERROR(TakeRecord(std::move(normalized_), record));
    if (!record->id.empty() || ids_.home().empty()) return Status::Ok();
    if (!record->type.empty() && record->type != ids_.home()) {
      return InvalidData("$type is " + record->type + ", the namespace is " + ids_.home());
    }
    return ids_.field.empty() ? Status::Ok() : SpellId(record);
  }

  Status SpellId(ImportRecord* record) {
    if (record->id_text.empty()) {
      return InvalidData("the field " + ids_.field + " is missing; --id-field says that it is the id");
    }
    ASSIGN_OR_RETURN(Value value, ParseJson(record->id_text));
    std::string local;
    if (value.is_string()) {
      local.assign(value.get_string().data(), value.get_string().size());
    } else if (value.is_int64() || value.is_uint64()) {
      local = record->id_text;
    } else {
      return InvalidData("the field " + ids_.field + " is neither a string nor a whole number");
    }
    Status good = CheckLocalId(local);
    if (!good.ok()) return InvalidData(good.message());
    record->id = ids_.home() + "/" + local;
    return Status::Ok();
  }

  const IdSpelling& ids_;
  const CsvShape* csv_;  // null: records are JSON
  std::vector<std::string> cells_;
  std::string json_;
  RecordNormalizer normalizer_;
  NormalizedRecord normalized_;
  std::optional<DraftMaker> maker_;
  ImportRecord record_;
  std::vector<size_t> ends_;  // of the states of one batch
};

bool IdSpelling::Place(ImportRecord* record) const {
  if (!ns.empty() && NamespaceOfId(record->id) != ns) return false;
  if (!into.empty()) MoveTo(into, record);
  return true;
}

RecordPipeline::RecordPipeline(std::unique_ptr<RawRecordReader> raw, IdSpelling ids,
                               std::shared_ptr<const CsvShape> csv, int threads)
    : ids_(std::move(ids)), csv_(std::move(csv)), threads_(threads), raw_(std::move(raw)) {}

RecordPipeline::~RecordPipeline() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

RecordPipeline::RawBatch RecordPipeline::ReadRaw() {
  RawBatch batch;
  batch.text.reserve(kBatchBytes + kBatchBytes / 4);
  while (batch.text.size() < kBatchBytes && batch.pieces.size() < kBatchRecords) {
    std::string_view text;
    int64_t line = 0;
    auto more = raw_->Next(&text, &line);
    if (!more.ok() || !*more) {
      batch.end = more.status();
      batch.last = true;
      break;
    }
    batch.pieces.push_back({batch.text.size(), text.size(), line});
    batch.text.append(text);
  }
  return batch;
}

// Under mutex_. A batch is read only when it finds room, so one record may exceed the bytes, never two.
bool RecordPipeline::HasRoom() const {
  return next_read_ == next_given_ || (next_read_ - next_given_ < kMaxHeldBatches && held_bytes_ < kMaxHeldBytes);
}

void RecordPipeline::Work() {
  Taker taker(ids_, csv_.get(), stamp_);
  while (true) {
    RawBatch raw;
    int64_t number = 0;
    {
      std::lock_guard reading(reading_);
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return stop_ || read_all_ || HasRoom(); });
        if (stop_ || read_all_) return;
      }
      raw = ReadRaw();
      std::lock_guard lock(mutex_);
      number = next_read_++;
      read_all_ = raw.last;
      held_bytes_ += raw_bytes_[number] = raw.text.size();
    }
    RecordBatch batch = taker.Take(raw);
    {
      std::lock_guard lock(mutex_);
      done_.emplace(number, std::move(batch));
    }
    changed_.notify_all();
  }
}

RecordBatch RecordPipeline::Next() {
  if (workers_.empty()) {
    RawBatch raw = ReadRaw();
    if (!raw.last) {
      for (int i = 0; i < threads_; ++i) workers_.emplace_back([this] { Work(); });
    }
    return Taker(ids_, csv_.get(), stamp_).Take(raw);
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return done_.contains(next_given_); });
  auto ready = done_.extract(next_given_);
  held_bytes_ -= raw_bytes_[next_given_];
  raw_bytes_.erase(next_given_);
  ++next_given_;
  lock.unlock();
  changed_.notify_all();
  return std::move(ready.mapped());
}

}  // namespace parquedb
