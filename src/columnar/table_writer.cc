#include <algorithm>
#include <future>
#include <utility>

#include "columnar/arrow_module.h"
#include "columnar/column_buffer.h"
#include "columnar/table.h"
#include "core/check.h"

namespace parquedb {
namespace {

constexpr uint64_t kBackgroundBytes = 4u << 20;  // a row group from here on is written while the next is filled
constexpr size_t kGrownBytes = 1u << 20;         // of a column's texts
constexpr uint64_t kLargeRowBytes =
    256 * 1024;  // a row group's average, from which on it is not written in the background

}  // namespace

void ColumnBuffer::AppendInt(int64_t value) {
  if (nullable_) present_.push_back(1);
  ints_.push_back(value);
  *bytes_ += sizeof value;
  ++rows_;
}
void ColumnBuffer::AppendDouble(double value) {
  if (nullable_) present_.push_back(1);
  doubles_.push_back(value);
  *bytes_ += sizeof value;
  ++rows_;
}
void ColumnBuffer::AppendBool(bool value) {
  if (nullable_) present_.push_back(1);
  bools_.push_back(value);
  *bytes_ += sizeof value;
  ++rows_;
}
// A column that has grown gets room for all of a row group: to double it again would copy it, and memory that nothing
// was written to costs nothing.
void ColumnBuffer::Grow(size_t more) {
  if (arena_.size() < kGrownBytes) return;
  arena_.reserve(std::max(arena_.size() + more, static_cast<size_t>(most_bytes_)));
}
void ColumnBuffer::AppendString(std::string_view value) {
  if (nullable_) present_.push_back(1);
  if (arena_.size() + value.size() > arena_.capacity()) Grow(value.size());
  arena_.append(value);
  ends_.push_back(arena_.size());
  *bytes_ += value.size() + sizeof(uint64_t);
  ++rows_;
}
void ColumnBuffer::AppendNull() {
  PARQUEDB_CHECK(nullable_);
  present_.push_back(0);
  ++rows_;
}

struct TableWriter::State {
  TableSchema schema;
  TableWriterOptions options;
  std::unique_ptr<RowGroupOutput> output;
  std::vector<ColumnBuffer> filling, writing;
  std::vector<std::pair<std::string, std::string>> texts;  // of the footer
  std::future<Status> background;
  int64_t rows_in_group = 0, rows = 0;
  uint64_t bytes_in_group = 0;
  int groups = 0;

  Status WaitForBackground() { return background.valid() ? background.get() : Status::Ok(); }
};

TableWriter::TableWriter() = default;
TableWriter::~TableWriter() {
  if (state_ != nullptr && state_->background.valid()) state_->background.wait();
}

Result<std::unique_ptr<TableWriter>> TableWriter::Open(PendingFile& file, TableSchema schema, int sorted_by,
                                                       const TableWriterOptions& options) {
  std::unique_ptr<TableWriter> table(new TableWriter());
  table->state_ = std::make_unique<State>();
  State& state = *table->state_;
  state.schema = std::move(schema);
  state.options = options;
  for (const ColumnSpec& column : state.schema) {
    ColumnBufferAccess::Prepare(&state.filling.emplace_back(), column.nullable, &state.bytes_in_group, options);
    ColumnBufferAccess::Prepare(&state.writing.emplace_back(), column.nullable, &state.bytes_in_group, options);
  }
  ASSIGN_OR_RETURN(const ArrowModule* arrow, LoadArrow());
  ASSIGN_OR_RETURN(state.output, arrow->OpenOutput(file, state.schema, sorted_by, options));
  return table;
}

ColumnBuffer& TableWriter::column(int index) { return state_->filling[static_cast<size_t>(index)]; }
int64_t TableWriter::row_count() const { return state_->rows; }
int TableWriter::row_group_count() const { return state_->groups; }

Status TableWriter::EndRow() {
  State& state = *state_;
  ++state.rows;
  ++state.rows_in_group;
  bool full =
      state.bytes_in_group >= state.options.row_group_bytes || state.rows_in_group >= state.options.row_group_rows;
  return full ? EndRowGroup() : Status::Ok();
}

Status TableWriter::EndRowGroup() {
  State& state = *state_;
  if (state.rows_in_group == 0) return Status::Ok();
  RETURN_IF_ERROR(state.WaitForBackground());
  uint64_t bytes = std::exchange(state.bytes_in_group, 0);
  std::swap(state.filling, state.writing);
  int64_t rows = std::exchange(state.rows_in_group, 0);
  ++state.groups;
  if (bytes < kBackgroundBytes) return state.output->WriteRowGroup(&state.writing, false);
  if (bytes >= kLargeRowBytes * static_cast<uint64_t>(rows)) {
    // Of large documents one row group is held, not two, and its memory goes back: it may be twice what it holds.
    RETURN_IF_ERROR(state.output->WriteRowGroup(&state.writing, false));
    for (std::vector<ColumnBuffer>* buffers : {&state.filling, &state.writing}) {
      for (ColumnBuffer& buffer : *buffers) ColumnBufferAccess::Release(&buffer);
    }
    return Status::Ok();
  }
  state.background =
      std::async(std::launch::async, [&state] { return state.output->WriteRowGroup(&state.writing, true); });
  return Status::Ok();
}

void TableWriter::SetFooter(std::string key, std::string value) {
  state_->texts.emplace_back(std::move(key), std::move(value));
}

Status TableWriter::Finish() {
  State& state = *state_;
  RETURN_IF_ERROR(EndRowGroup());
  RETURN_IF_ERROR(state.WaitForBackground());
  return state.output->Close(state.texts);
}

}  // namespace parquedb
