#include "exchange/csv.h"

#include <algorithm>
#include <set>

#include "core/limits.h"
#include "document/value.h"
#include "exchange/buffered_input.h"
#include "exchange/system_column.h"

namespace parquedb {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

class CsvSplitter : public RawRecordReader {
 public:
  explicit CsvSplitter(std::unique_ptr<InputStream> input) : input_(std::move(input)) {}

  Result<bool> Next(std::string_view* text, int64_t* line) override {
    if (!opened_) RETURN_IF_ERROR(PassByteOrderMark());
    while (true) {
      *line = line_;
      ASSIGN_OR_RETURN(bool more, FindEnd());
      if (!more) return false;
      *text = std::string_view(input_.bytes).substr(input_.begin, length_);
      input_.begin += length_ + (ended_by_line_ ? 1 : 0);
      if (ended_by_line_ && text->ends_with('\r')) text->remove_suffix(1);
      if (!text->empty()) return true;
    }
  }

 private:
  enum class At { kCellBegin, kPlain, kQuoted, kQuoteInQuoted };

  Status PassByteOrderMark() {
    opened_ = true;
    bool more = true;
    while (more && input_.bytes.size() < kByteOrderMark.size()) {
      ASSIGN_OR_RETURN(more, input_.More());
    }
    if (input_.bytes.starts_with(kByteOrderMark)) input_.begin = kByteOrderMark.size();
    return Status::Ok();
  }

  // length_: bytes of the record at begin, without its line feed. False at the end of the input.
  Result<bool> FindEnd() {
    At at = At::kCellBegin;
    for (length_ = 0;; ++length_) {
      if (input_.begin + length_ >= input_.bytes.size()) {
        if (length_ > kMaxInputRecordBytes) {
          return InvalidData("line " + std::to_string(line_) + ": the record has more than " +
                             std::to_string(kMaxInputRecordBytes) + " bytes; is a quote not closed?");
        }
        ASSIGN_OR_RETURN(bool more, input_.More());
        ended_by_line_ = false;
        if (!more) return length_ > 0;
      }
      char c = input_.bytes[input_.begin + length_];
      if (c == '\n') ++line_;
      if (at == At::kQuoted) {
        if (c == '"') at = At::kQuoteInQuoted;
        continue;
      }
      if (c == '\n') {
        ended_by_line_ = true;
        return true;
      }
      bool opens = c == '"' && (at == At::kCellBegin || at == At::kQuoteInQuoted);
      at = opens ? At::kQuoted : c == ',' ? At::kCellBegin : At::kPlain;
    }
  }

  Buffered input_;
  size_t length_ = 0;
  bool opened_ = false, ended_by_line_ = false;
  int64_t line_ = 1;
};

// A quoted cell behind its first quote. Leaves `rest` behind the last one.
Status ParseQuoted(std::string_view* rest, std::string* cell) {
  while (true) {
    size_t quote = rest->find('"');
    if (quote == std::string_view::npos) return InvalidData("a quote is not closed");
    cell->append(rest->substr(0, quote));
    rest->remove_prefix(quote + 1);
    if (!rest->starts_with('"')) return Status::Ok();
    cell->push_back('"');
    rest->remove_prefix(1);
  }
}

Status CheckText(std::string_view cell, size_t number) {
  if (cell.find('\0') != std::string_view::npos)
    return InvalidData("cell " + std::to_string(number) + " holds a NUL byte");
  return IsValidUtf8(cell) ? Status::Ok() : InvalidData("cell " + std::to_string(number) + " is no valid UTF-8");
}

bool IsDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// As RFC 8259 spells a number.
bool IsJsonNumber(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  size_t exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    std::string_view digits = text.substr(exponent + 1);
    if (digits.starts_with('+') || digits.starts_with('-')) digits.remove_prefix(1);
    if (!IsDigits(digits)) return false;
    text = text.substr(0, exponent);
  }
  size_t point = text.find('.');
  if (point != std::string_view::npos) {
    if (!IsDigits(text.substr(point + 1))) return false;
    text = text.substr(0, point);
  }
  return IsDigits(text) && (text.size() == 1 || text.front() != '0');
}

}  // namespace

std::unique_ptr<RawRecordReader> ReadCsvRecords(std::unique_ptr<InputStream> input) {
  return std::make_unique<CsvSplitter>(std::move(input));
}

Status ParseCsvRecord(std::string_view record, std::vector<std::string>* cells) {
  size_t count = 0;
  while (true) {
    if (cells->size() == count) cells->emplace_back();
    std::string& cell = (*cells)[count++];
    cell.clear();
    std::string number = std::to_string(count);
    if (record.starts_with('"')) {
      record.remove_prefix(1);
      Status parsed = ParseQuoted(&record, &cell);
      if (!parsed.ok()) return InvalidData("cell " + number + ": " + parsed.message());
      if (!record.empty() && record.front() != ',')
        return InvalidData("cell " + number + ": something follows behind its closing quote");
    } else {
      size_t end = std::min(record.find(','), record.size());
      cell.assign(record.substr(0, end));
      record.remove_prefix(end);
      if (cell.find_first_of("\"\r") != std::string::npos)
        return InvalidData("cell " + number + ": a quote or a carriage return stands in a cell that is not quoted");
    }
    RETURN_IF_ERROR(CheckText(cell, count));
    if (record.empty()) break;
    record.remove_prefix(1);
  }
  cells->resize(count);
  return Status::Ok();
}

Result<std::shared_ptr<const CsvShape>> CsvShape::Open(std::string_view header, bool infer) {
  std::vector<std::string> names;
  RETURN_IF_ERROR(ParseCsvRecord(header, &names));
  auto shape = std::make_shared<CsvShape>();
  shape->infer_ = infer;
  bool has_data = std::find(names.begin(), names.end(), kDataColumn) != names.end();
  std::set<std::string> seen;
  for (const std::string& name : names) {
    std::string place = "column " + std::to_string(seen.size() + 1) + " of the header";
    if (name.empty()) return InvalidData(place + " has no name");
    if (!seen.insert(name).second) return InvalidData(place + ": the name " + name + " comes twice");
    Column column{.name = name, .head = {}, .use = has_data ? Use::kNone : Use::kOwn};
    if (name.starts_with('$')) {
      RETURN_IF_ERROR(CheckSystemColumn(name).With(place));
      column.use = name == kDataColumn ? Use::kData : IsJsonColumn(name) ? Use::kJson : Use::kText;
    }
    AppendJsonString(&column.head, name);
    column.head.push_back(':');
    shape->columns_.push_back(std::move(column));
  }
  return std::shared_ptr<const CsvShape>(std::move(shape));
}

Status CsvShape::ToJson(std::string_view record, std::vector<std::string>* cells, std::string* json) const {
  RETURN_IF_ERROR(ParseCsvRecord(record, cells));
  if (cells->size() != columns_.size()) {
    return InvalidData(std::to_string(cells->size()) + " cells were found, " + std::to_string(columns_.size()) +
                       " were expected, as in the header");
  }
  json->assign("{");
  auto begin_member = [json](const Column& column) {
    if (json->size() > 1) json->push_back(',');
    json->append(column.head);
  };
  std::string_view own;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = columns_[i];
    const std::string& cell = (*cells)[i];
    if (column.use == Use::kNone || cell.empty()) continue;
    if (column.use == Use::kData) {
      own = cell;
      continue;
    }
    begin_member(column);
    if (column.use == Use::kJson) {
      auto value = ParseJson(cell);  // alone, so that it can't bring members of its own
      if (!value.ok()) return InvalidData(column.name + ": " + value.status().message());
    }
    bool plain = column.use == Use::kJson ||
                 (column.use == Use::kOwn && infer_ && (cell == "true" || cell == "false" || IsJsonNumber(cell)));
    if (plain)
      json->append(cell);
    else
      AppendJsonString(json, cell);
  }
  RETURN_IF_ERROR(AppendDataMembers(own, json));
  json->push_back('}');
  return Status::Ok();
}

void AppendCsvCell(std::string* out, std::string_view text) {
  bool plain = !text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos && text.front() != ' ' &&
               text.back() != ' ';
  if (plain) {
    out->append(text);
    return;
  }
  out->push_back('"');
  for (size_t at = 0;;) {
    size_t quote = text.find('"', at);
    out->append(text.substr(at, quote - at));
    if (quote == std::string_view::npos) break;
    out->append("\"\"");
    at = quote + 1;
  }
  out->push_back('"');
}

std::string CsvRow(const std::vector<std::string>& cells) {
  std::string row;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) row.push_back(',');
    AppendCsvCell(&row, cells[i]);
  }
  return row.append(kCsvLineEnd);
}

}  // namespace parquedb
