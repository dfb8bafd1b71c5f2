#include "core/external_sort.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/check.h"
#include "core/key_prefix.h"
#include "core/temporary_file.h"

namespace parquedb {
namespace {

constexpr size_t kRunBufferBytes = 256 * 1024;  // read ahead of one run while merging

constexpr size_t kWriteBytes = 1 << 20;
constexpr size_t kSmallBytes = 1 << 20;  // what stays below that takes no more memory than it needs

struct Record {
  uint64_t offset;  // of the key in the arena; the payload follows it
  uint32_t key_bytes, payload_bytes;
  uint64_t prefix;  // of the key, once sorting begins
};

// Reads one sorted run back: u32 key length, u32 payload length, key, payload.
class RunReader {
 public:
  RunReader(const TemporaryFile* file, uint64_t begin, uint64_t end) : file_(file), at_(begin), end_(end) {}

  Result<bool> Next() {
    if (begin_ == buffer_.size() && at_ == end_) return false;
    RETURN_IF_ERROR(Ensure(8));
    uint32_t lengths[2];
    std::memcpy(lengths, buffer_.data() + begin_, 8);
    RETURN_IF_ERROR(Ensure(8 + size_t{lengths[0]} + lengths[1]));
    key_ = std::string_view(buffer_).substr(begin_ + 8, lengths[0]);
    payload_ = std::string_view(buffer_).substr(begin_ + 8 + lengths[0], lengths[1]);
    begin_ += 8 + size_t{lengths[0]} + lengths[1];
    return true;
  }
  std::string_view key() const { return key_; }
  std::string_view payload() const { return payload_; }

 private:
  Status Ensure(size_t bytes) {
    size_t have = buffer_.size() - begin_;
    if (have >= bytes) return Status::Ok();
    buffer_.erase(0, begin_);
    begin_ = 0;
    size_t more = std::min<uint64_t>(end_ - at_, std::max(bytes - have, kRunBufferBytes));
    buffer_.resize(have + more);
    RETURN_IF_ERROR(file_->ReadAt(at_, buffer_.data() + have, more));
    at_ += more;
    PARQUEDB_CHECK(buffer_.size() >= bytes);
    return Status::Ok();
  }

  const TemporaryFile* file_;
  uint64_t at_, end_;
  std::string buffer_;
  size_t begin_ = 0;
  std::string_view key_, payload_;
};

}  // namespace

struct ExternalSorter::State {
  uint64_t budget = 0, count = 0;
  std::string arena;
  std::vector<Record> records;
  TemporaryFile file;
  std::vector<uint64_t> run_ends;

  std::vector<RunReader> readers;
  std::vector<size_t> heap;  // indexes of readers, smallest key in front
  bool advance_front = false;
  size_t next_record = 0;

  std::string_view Key(const Record& record) const {
    return std::string_view(arena).substr(record.offset, record.key_bytes);
  }
  std::string_view Payload(const Record& record) const {
    return std::string_view(arena).substr(record.offset + record.key_bytes, record.payload_bytes);
  }
  // Equal keys keep their order: later records lie further back in the arena.
  void SortRecords() {
    if (records.empty()) return;
    std::string_view first = Key(records.front());
    size_t common = first.size();
    for (const Record& record : records) common = std::min(common, CommonPrefix(first, Key(record)));
    for (Record& record : records) record.prefix = PrefixBehind(Key(record), common);
    std::sort(records.begin(), records.end(), [this](const Record& a, const Record& b) {
      if (a.prefix != b.prefix) return a.prefix < b.prefix;
      int order = Key(a).compare(Key(b));
      return order != 0 ? order < 0 : a.offset < b.offset;
    });
  }
  // Later runs hold later records, so equal keys come out in the order they were added.
  bool Behind(size_t a, size_t b) const {
    int order = readers[a].key().compare(readers[b].key());
    return order != 0 ? order > 0 : a > b;
  }
  Status Spill();
  Status StartMerge();
};

Status ExternalSorter::State::Spill() {
  RETURN_IF_ERROR(file.Open());
  SortRecords();
  std::string block;
  auto write = [&](std::string_view bytes) -> Status {
    if (block.size() + bytes.size() > kWriteBytes) {
      RETURN_IF_ERROR(file.Append(block));
      block.clear();
    }
    if (bytes.size() > kWriteBytes) return file.Append(bytes);  // as it is: a copy could be large
    block.append(bytes);
    return Status::Ok();
  };
  for (const Record& record : records) {
    uint32_t lengths[2] = {record.key_bytes, record.payload_bytes};
    RETURN_IF_ERROR(write({reinterpret_cast<const char*>(lengths), 8}));
    RETURN_IF_ERROR(write(Key(record)));
    RETURN_IF_ERROR(write(Payload(record)));
  }
  RETURN_IF_ERROR(file.Append(block));
  run_ends.push_back(file.size());
  records.clear();
  arena.clear();
  return Status::Ok();
}

Status ExternalSorter::State::StartMerge() {
  uint64_t begin = 0;
  for (uint64_t end : run_ends) {
    readers.emplace_back(&file, begin, end);
    begin = end;
  }
  for (size_t i = 0; i < readers.size(); ++i) {
    ASSIGN_OR_RETURN(bool any, readers[i].Next());
    if (any) heap.push_back(i);
  }
  std::make_heap(heap.begin(), heap.end(), [this](size_t a, size_t b) { return Behind(a, b); });
  return Status::Ok();
}

ExternalSorter::ExternalSorter(uint64_t memory_budget_bytes) : state_(std::make_unique<State>()) {
  state_->budget = memory_budget_bytes;
}
ExternalSorter::~ExternalSorter() = default;
ExternalSorter::ExternalSorter(ExternalSorter&&) noexcept = default;

uint64_t ExternalSorter::count() const { return state_->count; }

Status ExternalSorter::Add(std::string_view key, std::string_view payload) {
  State& state = *state_;
  uint64_t bytes = state.arena.size() + state.records.size() * sizeof(Record) + key.size() + payload.size();
  if (bytes > state.budget && !state.records.empty()) RETURN_IF_ERROR(state.Spill());
  // All of it at once, once it is not small: to grow by copying would need it twice. What is not written to costs
  // nothing.
  if (state.arena.size() + key.size() + payload.size() > kSmallBytes && state.arena.capacity() < state.budget)
    state.arena.reserve(state.budget);
  state.records.push_back(
      {state.arena.size(), static_cast<uint32_t>(key.size()), static_cast<uint32_t>(payload.size()), 0});
  state.arena.append(key);
  state.arena.append(payload);
  ++state.count;
  return Status::Ok();
}

Status ExternalSorter::Finish() {
  if (state_->run_ends.empty()) {
    state_->SortRecords();
    return Status::Ok();
  }
  if (!state_->records.empty()) RETURN_IF_ERROR(state_->Spill());
  std::string().swap(state_->arena);
  std::vector<Record>().swap(state_->records);
  return state_->StartMerge();
}

Result<bool> ExternalSorter::Next(std::string_view* key, std::string_view* payload) {
  State& state = *state_;
  if (state.run_ends.empty()) {
    if (state.next_record == state.records.size()) return false;
    const Record& record = state.records[state.next_record++];
    *key = state.Key(record);
    *payload = state.Payload(record);
    return true;
  }
  auto behind = [&state](size_t a, size_t b) { return state.Behind(a, b); };
  if (state.advance_front) {
    std::pop_heap(state.heap.begin(), state.heap.end(), behind);
    ASSIGN_OR_RETURN(bool more, state.readers[state.heap.back()].Next());
    if (more) {
      std::push_heap(state.heap.begin(), state.heap.end(), behind);
    } else {
      state.heap.pop_back();
    }
  }
  state.advance_front = true;
  if (state.heap.empty()) return false;
  *key = state.readers[state.heap.front()].key();
  *payload = state.readers[state.heap.front()].payload();
  return true;
}

}  // namespace parquedb
