// JSON in and out. Values are Boost.JSON's; the parser and the writer are ours, because numbers, duplicates and order
// must be kept exactly (docs/format/json.md). Never use boost::json::parse, serialize or object::erase: 1.81 changes
// digits and order, and the tidy test forbids them.
//
// Numbers: an integer literal from -2^63 to 2^64-1 is exact (int64, else uint64); outside: refused. Everything else is
// the nearest double; "-0" is the double -0.0; an overflow (1e400) is refused. Written: shortest text that reads back,
// exponent only below 1e-6 or from 1e21 ("1e-7", "1e21"), an integral double keeps ".0".
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/limits.h"
#include "parquedb/status.h"

namespace parquedb {

using Value = boost::json::value;
using Object = boost::json::object;
using Array = boost::json::array;

struct ParseLimits {
  int max_depth = kMaxDocumentDepth;
  size_t max_bytes = kMaxInputRecordBytes;  // of raw text
};

// One JSON text, whole. kInvalidData with byte offset and reason for: syntax, duplicate member, lone surrogate, invalid
// UTF-8, a number out of range, depth. Members keep their order.
Result<Value> ParseJson(std::string_view text, const ParseLimits& limits = {});

// Compact text: no blanks, members in order, minimal escapes (\" \\ \b \f \n \r \t \u00XX), UTF-8 as it is.
std::string WriteJson(const Value& value);
void AppendJson(std::string* out, const Value& value);
// For people: two blanks a level.
std::string WritePrettyJson(const Value& value);

// Pieces for those who write JSON without a Value.
void AppendJsonString(std::string* out, std::string_view text);
void AppendJsonDouble(std::string* out, double number);

// Compact text with members sorted by bytes at every level; equality only.
std::string CanonicalJson(const Value& value);

// Removes a member, keeping the order of the others. False when it is not there.
bool RemoveMember(Object* object, std::string_view name);

inline std::string_view TextOf(const boost::json::string_view& text) { return {text.data(), text.size()}; }

bool IsValidUtf8(std::string_view text);

}  // namespace parquedb
