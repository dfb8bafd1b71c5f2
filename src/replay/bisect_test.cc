#include "replay/bisect.h"

#include <gtest/gtest.h>

#include <bit>

namespace parquedb {
namespace {

// Of a check that fails from `first_bad` on.
BisectResult Find(int64_t good, int64_t bad, int64_t first_bad) {
  auto found = BisectLog(good, bad, [&](int64_t lsn) -> Result<bool> {
    EXPECT_GT(lsn, good);
    EXPECT_LT(lsn, bad);
    return lsn < first_bad;
  });
  EXPECT_TRUE(found.ok());
  return found.ok() ? *found : BisectResult{};
}

TEST(Bisect, FindsEachPossibleEventInAsFewChecksAsHalvingNeeds) {
  for (int64_t events = 1; events <= 130; ++events) {
    const int64_t most = std::bit_width(static_cast<uint64_t>(events - 1));
    for (int64_t at = 1; at <= events; ++at) {
      BisectResult result = Find(5, 5 + events, 5 + at);
      ASSERT_EQ(result.lsn, 5 + at) << events;
      ASSERT_LE(result.checks, most) << events;
    }
  }
  EXPECT_EQ(Find(0, 1'000'000, 777'777).lsn, 777'777);
  EXPECT_LE(Find(0, 1'000'000, 777'777).checks, 20);
}

TEST(Bisect, SaysWhichAnswersItSaw) {
  EXPECT_FALSE(Find(0, 1, 1).saw_pass);
  EXPECT_FALSE(Find(0, 1, 1).saw_failure);
  EXPECT_TRUE(Find(0, 8, 8).saw_pass);
  EXPECT_FALSE(Find(0, 8, 8).saw_failure);
  EXPECT_TRUE(Find(0, 8, 1).saw_failure);
  EXPECT_FALSE(Find(0, 8, 1).saw_pass);
  BisectResult middle = Find(0, 8, 4);
  EXPECT_TRUE(middle.saw_pass && middle.saw_failure);
}

TEST(Bisect, EndsWithTheErrorOfACheckAndWantsAnEventBetween) {
  auto broken = BisectLog(0, 10, [](int64_t) -> Result<bool> { return IoError("no"); });
  EXPECT_EQ(broken.status().code(), StatusCode::kIo);
  auto none = [](int64_t) -> Result<bool> { return true; };
  EXPECT_EQ(BisectLog(3, 3, none).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(BisectLog(4, 3, none).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace parquedb
