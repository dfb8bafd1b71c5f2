#include "arrowio/foreign_value.h"

#include <arrow/extension_type.h>
#include <arrow/util/float16.h>

#include <chrono>
#include <cmath>

#include "core/check.h"
#include "core/time_text.h"

namespace parquedb {
namespace {

using arrow::Type;

constexpr int64_t kDaySeconds = 86'400;

std::string Padded(int64_t number, size_t digits) {
  std::string text = std::to_string(number);
  return text.size() < digits ? std::string(digits - text.size(), '0') + text : text;
}

int64_t UnitsOfSecond(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return 1;
    case arrow::TimeUnit::MILLI:
      return 1'000;
    case arrow::TimeUnit::MICRO:
      return 1'000'000;
    case arrow::TimeUnit::NANO:
      return 1'000'000'000;
  }
  return 1;
}

// Rounds down, also below zero.
int64_t FloorDivide(int64_t value, int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }

Status PutDate(int64_t days, RowSink* sink) {
  if (days < FloorDivide(kMinTsMs / 1000, kDaySeconds) || days > kMaxTsMs / 1000 / kDaySeconds)
    return InvalidData("a date is outside the years 1 to 9999");
  std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  sink->Text(Padded(static_cast<int>(date.year()), 4) + "-" + Padded(static_cast<unsigned>(date.month()), 2) + "-" +
             Padded(static_cast<unsigned>(date.day()), 2));
  return Status::Ok();
}

// The part of a second behind its point: at least `least` digits (0 or 3), 3, 6 or 9 where it needs them.
std::string Fraction(int64_t part, int64_t units, size_t least) {
  int64_t nanos = part * (1'000'000'000 / units);
  std::string digits = Padded(nanos, 9);
  size_t count = nanos % 1'000 != 0 ? 9 : nanos % 1'000'000 != 0 ? 6 : nanos != 0 ? 3 : least;
  return count == 0 ? "" : "." + digits.substr(0, count);
}

Status PutTimestamp(int64_t value, arrow::TimeUnit::type unit, RowSink* sink) {
  int64_t units = UnitsOfSecond(unit), seconds = FloorDivide(value, units);
  if (seconds < kMinTsMs / 1000 || seconds > kMaxTsMs / 1000)
    return InvalidData("a time is outside the years 1 to 9999");
  std::string text = FormatTime(seconds * 1000);  // "…:05.000Z"
  text.resize(text.size() - 5);
  sink->Text(text + Fraction(value - seconds * units, units, 3) + "Z");
  return Status::Ok();
}

Status PutTime(int64_t value, arrow::TimeUnit::type unit, RowSink* sink) {
  int64_t units = UnitsOfSecond(unit), seconds = FloorDivide(value, units);
  if (seconds < 0 || seconds >= kDaySeconds) return InvalidData("a time of day is outside of a day");
  sink->Text(Padded(seconds / 3600, 2) + ":" + Padded(seconds / 60 % 60, 2) + ":" + Padded(seconds % 60, 2) +
             Fraction(value - seconds * units, units, 0));
  return Status::Ok();
}

Status PutDouble(double value, RowSink* sink) {
  if (!std::isfinite(value)) return InvalidData("NaN and infinity have no place in JSON");
  sink->Double(value);
  return Status::Ok();
}

Status PutUuid(std::string_view bytes, RowSink* sink) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
    text.push_back(kHex[static_cast<unsigned char>(bytes[i]) >> 4]);
    text.push_back(kHex[static_cast<unsigned char>(bytes[i]) & 15]);
  }
  sink->Text(text);
  return Status::Ok();
}

template <typename ArrayType>
auto ValueAt(const arrow::Array& array, int64_t row) {
  return static_cast<const ArrayType&>(array).Value(row);
}
template <typename ArrayType>
std::string_view ViewAt(const arrow::Array& array, int64_t row) {
  return static_cast<const ArrayType&>(array).GetView(row);
}
template <typename ArrayType>
std::string DecimalAt(const arrow::Array& array, int64_t row) {
  return static_cast<const ArrayType&>(array).FormatValue(row);
}

// With a null as null.
Status PutElement(const arrow::Array& array, int64_t row, RowSink* sink) {
  if (!IsForeignNull(array, row)) return PutForeignValue(array, row, sink);
  sink->Null();
  return Status::Ok();
}

template <typename ArrayType>
Status PutList(const arrow::Array& array, int64_t row, RowSink* sink) {
  const auto& list = static_cast<const ArrayType&>(array);
  sink->BeginArray();
  for (int64_t i = 0; i < list.value_length(row); ++i) {
    RETURN_IF_ERROR(PutElement(*list.values(), list.value_offset(row) + i, sink));
  }
  sink->EndArray();
  return Status::Ok();
}

Status PutStruct(const arrow::StructArray& array, int64_t row, RowSink* sink) {
  sink->BeginObject();
  for (int i = 0; i < array.num_fields(); ++i) {
    const auto& member = array.field(i);
    if (IsForeignNull(*member, row)) continue;
    sink->Name(array.struct_type()->field(i)->name());
    RETURN_IF_ERROR(PutForeignValue(*member, row, sink));
  }
  sink->EndObject();
  return Status::Ok();
}

// The text of a map's key.
class KeyText : public RowSink {
 public:
  void BeginObject() override {}
  void Name(std::string_view) override {}
  void EndObject() override {}
  void BeginArray() override {}
  void EndArray() override {}
  void Null() override {}
  void Bool(bool value) override { text = value ? "true" : "false"; }
  void Integer(int64_t value) override { text = std::to_string(value); }
  void Unsigned(uint64_t value) override { text = std::to_string(value); }
  void Double(double) override {}
  void Text(std::string_view value) override { text = std::string(value); }
  void Bytes(std::string_view) override {}
  std::string text;
};

bool IsNameType(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::DICTIONARY:
      return IsNameType(*static_cast<const arrow::DictionaryType&>(type).value_type());
    case Type::EXTENSION:
      return static_cast<const arrow::ExtensionType&>(type).extension_name() == "arrow.uuid";
    default:
      return arrow::is_integer(type.id()) || arrow::is_decimal(type.id()) || arrow::is_string(type.id()) ||
             type.id() == Type::STRING_VIEW || type.id() == Type::BOOL || type.id() == Type::DATE32 ||
             type.id() == Type::DATE64 || type.id() == Type::TIMESTAMP;
  }
}

Status PutMap(const arrow::MapArray& array, int64_t row, RowSink* sink) {
  const arrow::Array &keys = *array.keys(), &items = *array.items();
  int64_t begin = array.value_offset(row), end = begin + array.value_length(row);
  bool names = IsNameType(*keys.type());
  names ? sink->BeginObject() : sink->BeginArray();
  for (int64_t i = begin; i < end; ++i) {
    if (IsForeignNull(keys, i)) return InvalidData("a map has a null as a key");
    if (names) {
      KeyText key;
      RETURN_IF_ERROR(PutForeignValue(keys, i, &key));
      sink->Name(key.text);
      RETURN_IF_ERROR(PutElement(items, i, sink));
      continue;
    }
    sink->BeginObject();
    sink->Name("key");
    RETURN_IF_ERROR(PutForeignValue(keys, i, sink));
    sink->Name("value");
    RETURN_IF_ERROR(PutElement(items, i, sink));
    sink->EndObject();
  }
  names ? sink->EndObject() : sink->EndArray();
  return Status::Ok();
}

Status PutExtension(const arrow::ExtensionArray& array, int64_t row, RowSink* sink) {
  if (static_cast<const arrow::ExtensionType&>(*array.type()).extension_name() == "arrow.uuid") {
    return PutUuid(ViewAt<arrow::FixedSizeBinaryArray>(*array.storage(), row), sink);
  }
  return PutForeignValue(*array.storage(), row, sink);
}

// Numbers and truth values; false: it is something else.
bool PutScalar(const arrow::Array& array, int64_t row, RowSink* sink) {
  switch (array.type_id()) {
    case Type::BOOL:
      return sink->Bool(ValueAt<arrow::BooleanArray>(array, row)), true;
    case Type::INT8:
      return sink->Integer(ValueAt<arrow::Int8Array>(array, row)), true;
    case Type::INT16:
      return sink->Integer(ValueAt<arrow::Int16Array>(array, row)), true;
    case Type::INT32:
      return sink->Integer(ValueAt<arrow::Int32Array>(array, row)), true;
    case Type::INT64:
      return sink->Integer(ValueAt<arrow::Int64Array>(array, row)), true;
    case Type::UINT8:
      return sink->Unsigned(ValueAt<arrow::UInt8Array>(array, row)), true;
    case Type::UINT16:
      return sink->Unsigned(ValueAt<arrow::UInt16Array>(array, row)), true;
    case Type::UINT32:
      return sink->Unsigned(ValueAt<arrow::UInt32Array>(array, row)), true;
    case Type::UINT64:
      return sink->Unsigned(ValueAt<arrow::UInt64Array>(array, row)), true;
    case Type::DURATION:
      return sink->Integer(ValueAt<arrow::DurationArray>(array, row)), true;
    default:
      return false;
  }
}

// Texts, bytes and decimals; false: it is something else.
bool PutText(const arrow::Array& array, int64_t row, RowSink* sink) {
  switch (array.type_id()) {
    case Type::STRING:
      return sink->Text(ViewAt<arrow::StringArray>(array, row)), true;
    case Type::LARGE_STRING:
      return sink->Text(ViewAt<arrow::LargeStringArray>(array, row)), true;
    case Type::STRING_VIEW:
      return sink->Text(ViewAt<arrow::StringViewArray>(array, row)), true;
    case Type::BINARY:
      return sink->Bytes(ViewAt<arrow::BinaryArray>(array, row)), true;
    case Type::LARGE_BINARY:
      return sink->Bytes(ViewAt<arrow::LargeBinaryArray>(array, row)), true;
    case Type::BINARY_VIEW:
      return sink->Bytes(ViewAt<arrow::BinaryViewArray>(array, row)), true;
    case Type::FIXED_SIZE_BINARY:
      return sink->Bytes(ViewAt<arrow::FixedSizeBinaryArray>(array, row)), true;
    case Type::DECIMAL32:
      return sink->Text(DecimalAt<arrow::Decimal32Array>(array, row)), true;
    case Type::DECIMAL64:
      return sink->Text(DecimalAt<arrow::Decimal64Array>(array, row)), true;
    case Type::DECIMAL128:
      return sink->Text(DecimalAt<arrow::Decimal128Array>(array, row)), true;
    case Type::DECIMAL256:
      return sink->Text(DecimalAt<arrow::Decimal256Array>(array, row)), true;
    default:
      return false;
  }
}

}  // namespace

Status CheckForeignType(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::SPARSE_UNION:
    case Type::DENSE_UNION:
    case Type::RUN_END_ENCODED:
    case Type::INTERVAL_MONTHS:
    case Type::INTERVAL_DAY_TIME:
    case Type::INTERVAL_MONTH_DAY_NANO:
    case Type::MAX_ID:
      return Corruption("values of the type " + type.ToString() + " can't be read");
    case Type::EXTENSION: {
      const auto& extension = static_cast<const arrow::ExtensionType&>(type);
      if (extension.extension_name().find("variant") != std::string::npos)
        return Corruption("values of the type VARIANT can't be read");
      return CheckForeignType(*extension.storage_type());
    }
    case Type::DICTIONARY:
      return CheckForeignType(*static_cast<const arrow::DictionaryType&>(type).value_type());
    default:
      break;
  }
  for (const auto& field : type.fields()) RETURN_IF_ERROR(CheckForeignType(*field->type()));
  return Status::Ok();
}

bool IsForeignNull(const arrow::Array& array, int64_t row) {
  if (array.IsNull(row)) return true;
  if (array.type_id() != Type::DICTIONARY) return false;
  const auto& encoded = static_cast<const arrow::DictionaryArray&>(array);
  return IsForeignNull(*encoded.dictionary(), encoded.GetValueIndex(row));
}

Status PutForeignValue(const arrow::Array& array, int64_t row, RowSink* sink) {
  if (PutScalar(array, row, sink) || PutText(array, row, sink)) return Status::Ok();
  switch (array.type_id()) {
    case Type::HALF_FLOAT:
      return PutDouble(arrow::util::Float16::FromBits(ValueAt<arrow::HalfFloatArray>(array, row)).ToDouble(), sink);
    case Type::FLOAT:
      return PutDouble(ValueAt<arrow::FloatArray>(array, row), sink);
    case Type::DOUBLE:
      return PutDouble(ValueAt<arrow::DoubleArray>(array, row), sink);
    case Type::DATE32:
      return PutDate(ValueAt<arrow::Date32Array>(array, row), sink);
    case Type::DATE64:
      return PutDate(FloorDivide(ValueAt<arrow::Date64Array>(array, row), kDaySeconds * 1000), sink);
    case Type::TIMESTAMP:
      return PutTimestamp(ValueAt<arrow::TimestampArray>(array, row),
                          static_cast<const arrow::TimestampType&>(*array.type()).unit(), sink);
    case Type::TIME32:
      return PutTime(ValueAt<arrow::Time32Array>(array, row),
                     static_cast<const arrow::Time32Type&>(*array.type()).unit(), sink);
    case Type::TIME64:
      return PutTime(ValueAt<arrow::Time64Array>(array, row),
                     static_cast<const arrow::Time64Type&>(*array.type()).unit(), sink);
    case Type::LIST:
      return PutList<arrow::ListArray>(array, row, sink);
    case Type::LARGE_LIST:
      return PutList<arrow::LargeListArray>(array, row, sink);
    case Type::LIST_VIEW:
      return PutList<arrow::ListViewArray>(array, row, sink);
    case Type::LARGE_LIST_VIEW:
      return PutList<arrow::LargeListViewArray>(array, row, sink);
    case Type::FIXED_SIZE_LIST:
      return PutList<arrow::FixedSizeListArray>(array, row, sink);
    case Type::MAP:
      return PutMap(static_cast<const arrow::MapArray&>(array), row, sink);
    case Type::STRUCT:
      return PutStruct(static_cast<const arrow::StructArray&>(array), row, sink);
    case Type::DICTIONARY: {
      const auto& encoded = static_cast<const arrow::DictionaryArray&>(array);
      return PutForeignValue(*encoded.dictionary(), encoded.GetValueIndex(row), sink);
    }
    case Type::EXTENSION:
      return PutExtension(static_cast<const arrow::ExtensionArray&>(array), row, sink);
    default:
      PARQUEDB_CHECK(false);  // CheckForeignType has refused it
  }
  return Status::Ok();
}

}  // namespace parquedb
