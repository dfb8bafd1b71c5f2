#include "core/time_text.h"
#include "core/ulid.h"
#include "document/json_text.h"
#include "exchange/line_reader.h"
#include "exchange/record_reader.h"
#include "model/names.h"

namespace parquedb {
namespace {

Result<std::string> StringOf(std::string_view name, std::string_view text) {
  ASSIGN_OR_RETURN(Value value, ParseJson(text));
  if (!value.is_string()) return InvalidData(std::string(name) + " is not a string");
  return std::string(value.get_string().data(), value.get_string().size());
}

class NdjsonEvents : public EventReader {
 public:
  NdjsonEvents(const std::string& file, std::unique_ptr<RawRecordReader> raw) : raw_(std::move(raw)), bad_(file) {}

  Result<bool> Next(ImportedEvent* event) override {
    std::string_view text;
    while (true) {
      auto more = raw_->Next(&text, &event->line);
      if (!more.ok()) {
        if (more.status().code() != StatusCode::kInvalidData) return more.status();
        bad_.Add(0, more.status());
        return bad_.ToStatus();
      }
      if (!*more) return bad_.empty() ? Result<bool>(false) : bad_.ToStatus();
      Status taken = Take(text, event);
      if (taken.ok()) return true;
      RETURN_IF_ERROR(Refuse(event->line, taken));
    }
  }
  Status Refuse(int64_t line, const Status& why) override {
    return bad_.Add(line, why) ? bad_.ToStatus() : Status::Ok();
  }
  Status bad() const override { return bad_.empty() ? Status::Ok() : bad_.ToStatus(); }

 private:
  Status Take(std::string_view text, ImportedEvent* event) {
    RETURN_IF_ERROR(normalizer_.Run(text, {}, &stored_, &members_));
    if (stored_[0] != '{') return InvalidData("an event must be a JSON object");
    std::string_view after;
    bool has_ts = false, has_op = false, has_target = false;
    event->actor.reset();
    event->metadata.reset();
    event->id.clear();
    for (const MemberSpan& span : members_) {
      std::string_view name =
          std::string_view(stored_).substr(span.name_begin + 1, span.name_end - span.name_begin - 2);
      std::string_view value = std::string_view(stored_).substr(span.value_begin, span.value_end - span.value_begin);
      bool is_null = value == "null";
      if (name == "ts") {
        has_ts = true;
        RETURN_IF_ERROR(TakeTime(value, &event->ts_ms));
      } else if (name == "op") {
        has_op = true;
        RETURN_IF_ERROR(TakeOp(value, &event->op));
      } else if (name == "target") {
        has_target = true;
        ASSIGN_OR_RETURN(event->target, StringOf(name, value));
        auto parsed = ParseTarget(event->target);
        if (!parsed.ok()) return InvalidData(parsed.status().message());
      } else if (name == "after") {
        after = value;
      } else if (name == "actor" && !is_null) {
        ASSIGN_OR_RETURN(event->actor, StringOf(name, value));
        Status good = CheckActor(*event->actor);
        if (!good.ok()) return InvalidData(good.message());
      } else if (name == "metadata" && !is_null) {
        event->metadata.emplace(value);
      } else if (name == "id" && !is_null) {
        ASSIGN_OR_RETURN(event->id, StringOf(name, value));
      }
    }
    if (!has_ts || !has_op || !has_target) return InvalidData("an event needs ts, op and target");
    if (!event->id.empty()) {
      auto id = Ulid::Parse(event->id);
      if (!id || id->ts_ms() != event->ts_ms)
        return InvalidData("the id " + event->id + " is no ULID of the event's ts");
    }
    return TakeAfter(after, event);
  }

  Status TakeAfter(std::string_view after, ImportedEvent* event) {
    bool absent = after.empty() || after == "null";
    if (event->op == Op::kDelete) return absent ? Status::Ok() : InvalidData("a DELETE has an after");
    if (absent) return InvalidData("the event has no after");
    RETURN_IF_ERROR(record_normalizer_.Normalize(after, &normalized_));
    RETURN_IF_ERROR(TakeRecord(std::move(normalized_), &event->after));
    std::string id = TargetToId(event->target);
    if (!event->after.id.empty() && event->after.id != id)
      return InvalidData("$id is " + event->after.id + ", target is " + event->target);
    if (!event->after.type.empty() && event->after.type != NamespaceOfTarget(event->target)) {
      return InvalidData("$type is " + event->after.type + ", target is " + event->target);
    }
    event->after.id = std::move(id);
    return Status::Ok();
  }

  static Status TakeTime(std::string_view value, int64_t* ts_ms) {
    ASSIGN_OR_RETURN(Value parsed, ParseJson(value));
    if (parsed.is_int64() && parsed.get_int64() >= 0 && parsed.get_int64() <= kMaxTsMs) {
      *ts_ms = parsed.get_int64();
      return Status::Ok();
    }
    if (parsed.is_string()) {
      auto ts = ParseRfc3339({parsed.get_string().data(), parsed.get_string().size()});
      if (ts && *ts >= 0) {
        *ts_ms = *ts;
        return Status::Ok();
      }
    }
    return InvalidData("ts " + std::string(value) + " is neither milliseconds since 1970 nor RFC 3339");
  }

  static Status TakeOp(std::string_view value, Op* op) {
    if (value == "\"CREATE\"")
      *op = Op::kCreate;
    else if (value == "\"UPDATE\"")
      *op = Op::kUpdate;
    else if (value == "\"DELETE\"")
      *op = Op::kDelete;
    else
      return InvalidData("op " + std::string(value) + " is none of CREATE, UPDATE, DELETE");
    return Status::Ok();
  }

  std::unique_ptr<RawRecordReader> raw_;
  JsonNormalizer normalizer_;
  RecordNormalizer record_normalizer_;
  NormalizedRecord normalized_;
  std::string stored_;
  std::vector<MemberSpan> members_;
  BadRecords bad_;
};

}  // namespace

Result<std::unique_ptr<EventReader>> EventReader::Open(const std::string& file, Progress* progress) {
  ASSIGN_OR_RETURN(auto input, OpenInputFile(file, progress));
  auto raw = ReadLines(Decompress(CompressionOf(file), std::move(input)));
  return std::unique_ptr<EventReader>(std::make_unique<NdjsonEvents>(InputName(file), std::move(raw)));
}

}  // namespace parquedb
