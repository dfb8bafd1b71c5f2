// ULIDs (github.com/ulid/spec): 48 bits of UTC milliseconds, 80 bits of randomness, 26 characters of Crockford base 32;
// text order is value order.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"

namespace parquedb {

struct Ulid {
  std::array<unsigned char, 16> bytes{};  // big-endian

  int64_t ts_ms() const;
  std::string ToString() const;
  // Upper case only, first character at most '7'.
  static std::optional<Ulid> Parse(std::string_view text);
  // The smallest and the largest id of a millisecond.
  static Ulid Min(int64_t ts_ms);
  static Ulid Max(int64_t ts_ms);
  // This id + `step`; nullopt when the 80 random bits overflow.
  std::optional<Ulid> Plus(uint64_t step) const;
  auto operator<=>(const Ulid&) const = default;
};

// Where randomness comes from; tests inject their own.
class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual uint64_t Next() = 0;
};
RandomSource& SystemRandom();  // getrandom(2); any thread

// Seeded, for tests: splitmix64.
class SeededRandom : public RandomSource {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  uint64_t Next() override;

 private:
  uint64_t state_;
};

// A fresh ULID for a document or a line: its own instant, 80 random bits.
Ulid NewUlid(Clock& clock, RandomSource& random);

// Gives event ids that ascend strictly, together with the ts to use. Not thread-safe: the write path calls it in turn.
class EventIdSource {
 public:
  // Goes on behind the log's last event; nullopt for an empty log. `fresh_line` adds a random step to the next id, so
  // that two copies which go on from the same event never agree by chance.
  EventIdSource(std::optional<Ulid> last, bool fresh_line, RandomSource& random);

  struct Stamp {
    int64_t ts_ms;
    Ulid id;
  };
  // The stamp of the next event: ts = max(wanted_ms, last ts); in one millisecond the last id + 1; when the random bits
  // overflow, the next millisecond.
  Stamp Next(int64_t wanted_ms);
  // Takes an id that came from outside (import --events). False when it does not ascend.
  bool Accept(const Ulid& id);
  const std::optional<Ulid>& last() const { return last_; }

 private:
  std::optional<Ulid> last_;
  bool fresh_line_;
  RandomSource* random_;  // a pointer, so that a source can be copied back: what was given out is then given out again
};

}  // namespace parquedb
