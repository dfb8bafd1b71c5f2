#include "core/time_text.h"

#include <charconv>
#include <chrono>

namespace parquedb {
namespace {

constexpr int64_t kSecondMs = 1000, kMinuteMs = 60 * kSecondMs, kHourMs = 60 * kMinuteMs, kDayMs = 24 * kHourMs;

// Reads exactly `digits` decimal digits from the front.
std::optional<int> TakeDigits(std::string_view* text, size_t digits) {
  if (text->size() < digits) return std::nullopt;
  int value = 0;
  for (size_t i = 0; i < digits; ++i) {
    char c = (*text)[i];
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text->remove_prefix(digits);
  return value;
}

bool TakeChar(std::string_view* text, char wanted) {
  if (text->empty() || text->front() != wanted) return false;
  text->remove_prefix(1);
  return true;
}

std::optional<int64_t> TakeDate(std::string_view* text) {
  auto year = TakeDigits(text, 4);
  if (!year || *year == 0 || !TakeChar(text, '-')) return std::nullopt;
  auto month = TakeDigits(text, 2);
  if (!month || !TakeChar(text, '-')) return std::nullopt;
  auto day = TakeDigits(text, 2);
  if (!day) return std::nullopt;
  std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                   std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count() * kDayMs;
}

// ".123456" cut to ms; no fraction is 0.
std::optional<int64_t> TakeFraction(std::string_view* text) {
  if (!TakeChar(text, '.')) return 0;
  int64_t ms = 0;
  size_t digits = 0;
  while (!text->empty() && text->front() >= '0' && text->front() <= '9') {
    if (digits < 3) ms = ms * 10 + (text->front() - '0');
    text->remove_prefix(1);
    ++digits;
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 3; ++digits) ms *= 10;
  return ms;
}

std::optional<int64_t> TakeClockTime(std::string_view* text) {
  auto hour = TakeDigits(text, 2);
  if (!hour || *hour > 23 || !TakeChar(text, ':')) return std::nullopt;
  auto minute = TakeDigits(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  int second = 0;
  if (TakeChar(text, ':')) {
    auto digits = TakeDigits(text, 2);
    if (!digits || *digits > 60) return std::nullopt;  // RFC 3339 allows the leap second 60
    second = *digits;
  }
  auto fraction = TakeFraction(text);
  if (!fraction) return std::nullopt;
  return *hour * kHourMs + *minute * kMinuteMs + second * kSecondMs + *fraction;
}

// What must be subtracted to come to UTC.
std::optional<int64_t> TakeOffset(std::string_view* text) {
  if (TakeChar(text, 'Z') || TakeChar(text, 'z')) return 0;
  int sign = TakeChar(text, '+') ? 1 : TakeChar(text, '-') ? -1 : 0;
  if (sign == 0) return std::nullopt;
  auto hour = TakeDigits(text, 2);
  if (!hour || *hour > 23) return std::nullopt;
  TakeChar(text, ':');
  auto minute = TakeDigits(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  return sign * (*hour * kHourMs + *minute * kMinuteMs);
}

std::optional<int64_t> UnitMs(std::string_view unit) {
  if (unit == "ms") return 1;
  if (unit == "s") return kSecondMs;
  if (unit == "m" || unit == "min") return kMinuteMs;
  if (unit == "h") return kHourMs;
  if (unit == "d") return kDayMs;
  if (unit == "w") return 7 * kDayMs;
  return std::nullopt;
}

struct Amount {
  int64_t number;
  std::string_view rest;
};

std::optional<Amount> TakeNumber(std::string_view text) {
  if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt;
  Amount amount{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount.number);
  if (error != std::errc() || amount.number > 1'000'000'000'000'000) return std::nullopt;
  amount.rest = text.substr(static_cast<size_t>(end - text.data()));
  return amount;
}

std::optional<int64_t> InRange(std::optional<int64_t> ms) {
  if (!ms || *ms < kMinTsMs || *ms > kMaxTsMs) return std::nullopt;
  return ms;
}

void PutDigits(std::string* text, size_t at, size_t digits, int value) {
  for (size_t i = digits; i-- > 0; value /= 10) (*text)[at + i] = static_cast<char>('0' + value % 10);
}

int64_t MidnightMs(int64_t now_ms) { return now_ms - ((now_ms % kDayMs) + kDayMs) % kDayMs; }

}  // namespace

std::string FormatTime(int64_t ts_ms) {
  using namespace std::chrono;
  if (ts_ms < kMinTsMs || ts_ms > kMaxTsMs) return std::to_string(ts_ms) + " ms";  // of a damaged file: no date has it
  auto day = floor<days>(sys_time<milliseconds>(milliseconds(ts_ms)));
  year_month_day date(day);
  int64_t rest = ts_ms - day.time_since_epoch().count() * kDayMs;
  // By hand: every state text has two of these, and snprintf takes longer than the rest of the text.
  std::string text = "0000-00-00T00:00:00.000Z";
  PutDigits(&text, 0, 4, int(date.year()));
  PutDigits(&text, 5, 2, int(unsigned(date.month())));
  PutDigits(&text, 8, 2, int(unsigned(date.day())));
  PutDigits(&text, 11, 2, int(rest / kHourMs));
  PutDigits(&text, 14, 2, int(rest / kMinuteMs % 60));
  PutDigits(&text, 17, 2, int(rest / kSecondMs % 60));
  PutDigits(&text, 20, 3, int(rest % 1000));
  return text;
}

std::optional<int64_t> ParseRfc3339(std::string_view text) {
  auto date = TakeDate(&text);
  if (!date) return std::nullopt;
  if (text.empty()) return date;
  if (!TakeChar(&text, 'T') && !TakeChar(&text, 't') && !TakeChar(&text, ' ')) return std::nullopt;
  auto time = TakeClockTime(&text);
  if (!time) return std::nullopt;
  auto offset = TakeOffset(&text);
  if (!offset || !text.empty()) return std::nullopt;
  return InRange(*date + *time - *offset);
}

std::optional<int64_t> ParseInstant(std::string_view text, int64_t now_ms) {
  if (auto exact = ParseRfc3339(text)) return exact;
  if (text == "now") return now_ms;
  if (text == "today") return MidnightMs(now_ms);
  if (text == "yesterday") return MidnightMs(now_ms) - kDayMs;
  auto amount = TakeNumber(text);
  if (!amount) return std::nullopt;
  if (amount->rest.empty()) {
    // Ten digits of seconds last until the year 2286.
    return InRange(text.size() >= 11 ? amount->number : amount->number * kSecondMs);
  }
  constexpr std::string_view kAgo = " ago";
  if (!amount->rest.ends_with(kAgo)) return std::nullopt;
  std::string_view unit = amount->rest.substr(0, amount->rest.size() - kAgo.size());
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  auto unit_ms = UnitMs(unit);
  if (!unit_ms || amount->number > now_ms / *unit_ms) return std::nullopt;
  return InRange(now_ms - amount->number * *unit_ms);
}

std::optional<int64_t> ParseDurationMs(std::string_view text) {
  auto amount = TakeNumber(text);
  if (!amount) return std::nullopt;
  auto unit = amount->rest.empty() ? std::optional<int64_t>(kSecondMs) : UnitMs(amount->rest);
  if (!unit || amount->number > INT64_MAX / *unit) return std::nullopt;
  return amount->number * *unit;
}

}  // namespace parquedb
