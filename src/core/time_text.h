// Instants as text: RFC 3339 out, and the forms of "Time" in the command line's contract in, as far as they need no log
// (a ULID, lsn:N, a tag's name are resolved by replay/instant.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "parquedb/status.h"

namespace parquedb {

constexpr int64_t kMinTsMs = -62135596800000;  // 0001-01-01T00:00:00.000Z
constexpr int64_t kMaxTsMs = 253402300799999;  // 9999-12-31T23:59:59.999Z

// "2026-02-01T12:00:00.000Z"; always milliseconds, always Z.
std::string FormatTime(int64_t ts_ms);

// RFC 3339 (date 'T' or ' ' time, fraction cut to ms, Z or an offset) or a date alone (UTC midnight).
std::optional<int64_t> ParseRfc3339(std::string_view text);

// RFC 3339, a date, unix seconds or milliseconds (11 digits and more are ms), "5m ago" (ms s m h d w), "yesterday"
// (midnight before today's, UTC), "today", "now". `now_ms` is the instant that relative forms count from.
std::optional<int64_t> ParseInstant(std::string_view text, int64_t now_ms);

// A length of time: plain seconds ("10"), or with a unit: "500ms", "10s", "5m", "2h", "7d", "4w".
std::optional<int64_t> ParseDurationMs(std::string_view text);

}  // namespace parquedb
