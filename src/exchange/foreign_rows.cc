#include "exchange/foreign_rows.h"

#include <algorithm>
#include <set>

#include "document/value.h"
#include "exchange/system_column.h"

namespace parquedb {
namespace {

void AppendBase64(std::string* out, std::string_view bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t at = 0; at < bytes.size(); at += 3) {
    size_t count = std::min<size_t>(3, bytes.size() - at);
    uint32_t group = 0;
    for (size_t i = 0; i < 3; ++i) group = group << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    for (size_t i = 0; i < 4; ++i) out->push_back(i <= count ? kDigits[group >> (18 - 6 * i) & 63] : '=');
  }
}

// Writes one row. The members of the row itself are looked at one by one: some are left aside, and $data is taken
// apart.
class JsonRow : public RowSink {
 public:
  explicit JsonRow(bool has_data) : has_data_(has_data) {}

  void BeginObject() override {
    if (++depth_ == 1) {
      json_ = "{";
      data_.clear();
      return;
    }
    Begin();
    member_.push_back('{');
    first_ = true;
  }
  void Name(std::string_view name) override {
    if (depth_ == 1) {
      EndMember();
      name_.assign(name);
      in_member_ = true;
      first_ = true;
    } else if (!first_) {
      member_.push_back(',');
    }
    AppendJsonString(&member_, name);
    member_.push_back(':');
    first_ = true;  // no comma in front of the value
  }
  void EndObject() override {
    if (--depth_ == 0) return EndMember();
    member_.push_back('}');
    first_ = false;
  }
  void BeginArray() override {
    ++depth_;
    Begin();
    member_.push_back('[');
    first_ = true;
  }
  void EndArray() override {
    --depth_;
    member_.push_back(']');
    first_ = false;
  }
  void Null() override { Append("null"); }
  void Bool(bool value) override { Append(value ? "true" : "false"); }
  void Integer(int64_t value) override { Append(std::to_string(value)); }
  void Unsigned(uint64_t value) override { Append(std::to_string(value)); }
  void Double(double value) override {
    Begin();
    AppendJsonDouble(&member_, value);
  }
  void Text(std::string_view value) override {
    if (depth_ == 1 && name_ == kDataColumn) data_.assign(value);
    Begin();
    AppendJsonString(&member_, value);
  }
  void Bytes(std::string_view value) override {
    Begin();
    member_.push_back('"');
    AppendBase64(&member_, value);
    member_.push_back('"');
  }

  // The whole row, once it has ended.
  Result<std::string_view> Finish() {
    if (has_data_) RETURN_IF_ERROR(AppendDataMembers(data_, &json_));
    json_.push_back('}');
    return std::string_view(json_);
  }

 private:
  void Begin() {
    if (!first_) member_.push_back(',');
    first_ = false;
  }
  void Append(std::string_view text) {
    Begin();
    member_.append(text);
  }
  void EndMember() {
    bool wanted = in_member_ && (!has_data_ || (name_.starts_with('$') && name_ != kDataColumn));
    if (wanted) {
      if (json_.size() > 1) json_.push_back(',');
      json_.append(member_);
    }
    member_.clear();
    in_member_ = false;
  }

  bool has_data_;
  int depth_ = 0;
  bool first_ = true;       // of an object or array, or behind a name: no comma is due
  bool in_member_ = false;  // of the row
  std::string json_, member_, name_, data_;
};

class ForeignRows : public RawRecordReader {
 public:
  ForeignRows(std::unique_ptr<ForeignTable> table, bool has_data, Progress* progress)
      : table_(std::move(table)), row_(has_data), progress_(progress) {}
  Result<bool> Next(std::string_view* text, int64_t* line) override {
    auto more = table_->Next(&row_);
    if (!more.ok()) {
      return more.status().code() == StatusCode::kCorruption ? InvalidData(more.status().message()) : more.status();
    }
    if (!*more) return false;
    *line = ++rows_;
    auto finished = row_.Finish();
    if (!finished.ok()) return finished.status().With("row " + std::to_string(rows_));
    *text = *finished;
    Advance(progress_, 1, static_cast<int64_t>(text->size()));
    return true;
  }

 private:
  std::unique_ptr<ForeignTable> table_;
  JsonRow row_;
  Progress* progress_;
  int64_t rows_ = 0;
};

}  // namespace

Result<std::unique_ptr<RawRecordReader>> ReadForeignRows(std::unique_ptr<ForeignTable> table, Progress* progress) {
  Expect(progress, table->row_count());
  std::set<std::string_view> seen;
  for (const std::string& name : table->column_names()) {
    if (!seen.insert(name).second) return InvalidData("the column " + name + " comes twice");
    if (name.starts_with('$')) RETURN_IF_ERROR(CheckSystemColumn(name).With("column " + name));
  }
  bool has_data = seen.contains(kDataColumn);
  return std::unique_ptr<RawRecordReader>(std::make_unique<ForeignRows>(std::move(table), has_data, progress));
}

}  // namespace parquedb
