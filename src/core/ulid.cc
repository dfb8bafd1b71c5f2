#include "core/ulid.h"

#include <sys/random.h>

#include <algorithm>

#include "core/check.h"

namespace parquedb {
namespace {

constexpr char kAlphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

int DigitValue(char c) {
  const char* found = std::find(kAlphabet, kAlphabet + 32, c);
  return found == kAlphabet + 32 ? -1 : static_cast<int>(found - kAlphabet);
}

Ulid WithTime(int64_t ts_ms, unsigned char fill) {
  Ulid id;
  id.bytes.fill(fill);
  for (int i = 0; i < 6; ++i) id.bytes[i] = static_cast<unsigned char>(ts_ms >> (40 - 8 * i));
  return id;
}

Ulid Fresh(int64_t ts_ms, RandomSource& random) {
  Ulid id = WithTime(ts_ms, 0);
  uint64_t low = random.Next(), high = random.Next();
  for (int i = 0; i < 8; ++i) id.bytes[8 + i] = static_cast<unsigned char>(low >> (8 * i));
  id.bytes[6] = static_cast<unsigned char>(high);
  id.bytes[7] = static_cast<unsigned char>(high >> 8);
  id.bytes[6] &= 0x7F;  // leaves room for at least 2^79 steps in this millisecond
  return id;
}

class KernelRandom : public RandomSource {
 public:
  uint64_t Next() override {
    uint64_t number = 0;
    PARQUEDB_CHECK(getrandom(&number, sizeof number, 0) == sizeof number);
    return number;
  }
};

}  // namespace

int64_t Ulid::ts_ms() const {
  int64_t ms = 0;
  for (int i = 0; i < 6; ++i) ms = (ms << 8) | bytes[i];
  return ms;
}

std::string Ulid::ToString() const {
  // 26 digits of 5 bits hold 130 bits: two zero bits in front.
  unsigned __int128 number = 0;
  for (unsigned char byte : bytes) number = number << 8 | byte;
  std::string text(26, '0');
  for (size_t digit = 26; digit-- > 0; number >>= 5) text[digit] = kAlphabet[static_cast<size_t>(number & 31)];
  return text;
}

std::optional<Ulid> Ulid::Parse(std::string_view text) {
  if (text.size() != 26 || text[0] > '7') return std::nullopt;
  unsigned __int128 number = 0;
  for (char c : text) {
    int value = DigitValue(c);
    if (value < 0) return std::nullopt;
    number = number << 5 | static_cast<unsigned>(value);
  }
  Ulid id;
  for (size_t i = 16; i-- > 0; number >>= 8) id.bytes[i] = static_cast<unsigned char>(number);
  return id;
}

Ulid Ulid::Min(int64_t ts_ms) { return WithTime(ts_ms, 0x00); }
Ulid Ulid::Max(int64_t ts_ms) { return WithTime(ts_ms, 0xFF); }

std::optional<Ulid> Ulid::Plus(uint64_t step) const {
  Ulid sum = *this;
  unsigned __int128 carry = step;
  for (int i = 15; i >= 6; --i) {
    carry += sum.bytes[i];
    sum.bytes[i] = static_cast<unsigned char>(carry);
    carry >>= 8;
  }
  if (carry != 0) return std::nullopt;
  return sum;
}

RandomSource& SystemRandom() {
  static KernelRandom random;
  return random;
}

uint64_t SeededRandom::Next() {
  uint64_t z = (state_ += 0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

Ulid NewUlid(Clock& clock, RandomSource& random) { return Fresh(clock.NowMs(), random); }

EventIdSource::EventIdSource(std::optional<Ulid> last, bool fresh_line, RandomSource& random)
    : last_(last), fresh_line_(fresh_line), random_(&random) {}

EventIdSource::Stamp EventIdSource::Next(int64_t wanted_ms) {
  if (!last_ || wanted_ms > last_->ts_ms()) {
    last_ = Fresh(wanted_ms, *random_);
  } else {
    uint64_t step = fresh_line_ ? 1 + (random_->Next() >> 1) : 1;
    std::optional<Ulid> next = last_->Plus(step);
    last_ = next ? *next : Fresh(last_->ts_ms() + 1, *random_);
  }
  fresh_line_ = false;
  return {last_->ts_ms(), *last_};
}

bool EventIdSource::Accept(const Ulid& id) {
  if (last_ && id <= *last_) return false;
  last_ = id;
  fresh_line_ = false;
  return true;
}

}  // namespace parquedb
