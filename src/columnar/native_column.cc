#include "columnar/native_column.h"

#include <algorithm>
#include <cstring>

#include "core/read_meter.h"

namespace parquedb {
namespace {

PhysicalType PhysicalOf(ColumnType type) {
  switch (type) {
    case ColumnType::kInt64:
    case ColumnType::kTimestampMs:
      return PhysicalType::kInt64;
    case ColumnType::kDouble:
      return PhysicalType::kDouble;
    case ColumnType::kBool:
      return PhysicalType::kBoolean;
    case ColumnType::kString:
      break;
  }
  return PhysicalType::kByteArray;
}

template <typename T>
void Append(const std::vector<T>& values, RowSpan part, std::vector<T>* out) {
  out->insert(out->end(), values.begin() + part.first, values.begin() + part.last);
}

}  // namespace

NativeColumn::NativeColumn(const ColumnSpec& spec, Pages pages, FileMeter* meter)
    : type_(spec.type),
      nullable_(spec.nullable),
      pages_(std::move(pages)),
      decoder_(PhysicalOf(spec.type), spec.nullable),
      meter_(meter) {}

// The next data page, not yet decoded.
Status NativeColumn::NextPage() {
  at_ = 0;
  decoded_ = false;
  while (true) {
    ASSIGN_OR_RETURN(bool more, pages_.reader.Next(&page_));
    if (!more) return Corruption("a column ends before its row group does");
    if (page_.kind == PageKind::kData) break;
    RETURN_IF_ERROR(decoder_.SetDictionary(page_));
  }
  const size_t number = page_number_++;
  const bool as_indexed =
      pages_.page_rows.empty() || (number < pages_.page_rows.size() && pages_.page_rows[number] == page_.values);
  if (page_.values > pages_.rows || !as_indexed) return Corruption("a page has other rows than the file says");
  pages_.rows -= page_.values;
  if (meter_ != nullptr) meter_->AddPages(1, 0);
  return Status::Ok();
}

void NativeColumn::Take(RowSpan part, ColumnChunkView* view) {
  switch (type_) {
    case ColumnType::kInt64:
    case ColumnType::kTimestampMs:
    case ColumnType::kBool:
      Append(values_.ints, part, &view->ints);
      break;
    case ColumnType::kDouble:
      Append(values_.doubles, part, &view->doubles);
      break;
    case ColumnType::kString:
      Append(values_.texts, part, &view->strings);
      break;
  }
  if (nullable_) Append(values_.valid, part, &view->valid);
}

// What the texts from `first_text` on lie in outlives the next page; or they are copied, where they are few.
void NativeColumn::KeepTexts(size_t first_text, int64_t taken, Texts texts, ColumnChunkView* view) {
  if (type_ != ColumnType::kString || taken == 0) return;
  if (texts == Texts::kKeep || taken * 2 >= values_.rows) {
    if (kept_.empty() || kept_.back() != values_.texts_lie_in) kept_.push_back(values_.texts_lie_in);
    return;
  }
  size_t bytes = 0;
  for (size_t i = first_text; i < view->strings.size(); ++i) bytes += view->strings[i].size();
  auto memory = std::make_shared_for_overwrite<char[]>(bytes);
  char* at = memory.get();
  for (size_t i = first_text; i < view->strings.size(); ++i) {
    std::string_view& text = view->strings[i];
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    text = {at, text.size()};
    at += text.size();
  }
  kept_.push_back(std::move(memory));
}

Status NativeColumn::ReadSpans(std::span<const RowSpan> wanted, Texts texts, ColumnChunkView* view) {
  view->ints.clear();
  view->doubles.clear();
  view->strings.clear();
  view->valid.clear();
  kept_.clear();
  const int64_t rows = wanted.empty() ? 0 : wanted.back().last;
  size_t next = 0;
  for (int64_t done = 0; done < rows;) {
    if (at_ == page_.values) {
      RETURN_IF_ERROR(NextPage());
      continue;
    }
    // Rows [done, end) are those of this page from at_ on.
    const int64_t end = std::min(done + page_.values - at_, rows);
    const int64_t moved = at_ - done;
    const size_t first_text = view->strings.size();
    int64_t taken = 0;
    while (next < wanted.size() && wanted[next].first < end) {
      if (!decoded_) RETURN_IF_ERROR(decoder_.Decode(page_, &values_));
      decoded_ = true;
      const RowSpan part{std::max(wanted[next].first, done) + moved, std::min(wanted[next].last, end) + moved};
      Take(part, view);
      taken += part.size();
      if (wanted[next].last > end) break;
      ++next;
    }
    KeepTexts(first_text, taken, texts, view);
    at_ += end - done;
    done = end;
  }
  return Status::Ok();
}

Status NativeColumn::Read(int64_t rows, ColumnChunkView* view) {
  const RowSpan all{0, rows};
  return ReadSpans({&all, rows > 0 ? 1u : 0u}, Texts::kKeep, view);
}

Status NativeColumn::ReadWanted(std::span<const RowSpan> wanted, ColumnChunkView* view,
                                std::vector<std::shared_ptr<void>>* kept) {
  RETURN_IF_ERROR(ReadSpans(wanted, Texts::kCopyFew, view));
  for (auto& memory : kept_) kept->push_back(std::const_pointer_cast<void>(std::move(memory)));
  kept_.clear();
  return Status::Ok();
}

}  // namespace parquedb
