#include "cli/progress_text.h"

#include <gtest/gtest.h>

namespace parquedb {
namespace {

constexpr int64_t kMB = 1'000'000;

TEST(ProgressTextTest, ABarIsDrawnAgainOverItselfWithBytesRateAndTimeLeft) {
  ProgressText text(ProgressStyle::kBar, "import", 1000, 100);
  EXPECT_EQ(text.At(1499, {50, 100, 50}), "");
  EXPECT_EQ(text.At(3000, {20 * kMB, 100 * kMB, 20 * kMB}),
            "\r\x1b[Kimport [######------------------------] 20 %, 20.0 MB, 10.0 MB/s, 8 s left");
  EXPECT_EQ(text.At(5000, {100 * kMB, 100 * kMB, 100 * kMB}),
            "\r\x1b[Kimport [##############################] 100 %, 100.0 MB, 25.0 MB/s, 0 s left");
  EXPECT_EQ(text.Finish(5100, {100 * kMB, 100 * kMB, 100 * kMB}, true), "\r\x1b[K");
}

TEST(ProgressTextTest, WorkThatIsOverSoonShowsNothing) {
  for (ProgressStyle style : {ProgressStyle::kBar, ProgressStyle::kLines, ProgressStyle::kNone}) {
    ProgressText text(style, "push", 0, 80);
    EXPECT_EQ(text.At(100, {1, 2, 1}) + text.At(400, {2, 2, 2}) + text.Finish(450, {2, 2, 2}, true), "");
  }
}

TEST(ProgressTextTest, ABarKeepsToTheWidthOfTheTerminal) {
  ProgressText text(ProgressStyle::kBar, "checkpoint", 0, 20);
  EXPECT_EQ(text.At(600, {1, 2, 9}), "\r\x1b[Kcheckpoint [#######");
}

TEST(ProgressTextTest, ABarIsTakenOffTheScreenOnce) {
  ProgressText text(ProgressStyle::kBar, "pull", 0, 80);
  EXPECT_EQ(text.Erase(), "");
  EXPECT_NE(text.At(600, {1, 2, 9}), "");
  EXPECT_EQ(text.Erase(), "\r\x1b[K");
  EXPECT_EQ(text.Erase() + text.Finish(700, {2, 2, 9}, true), "");
}

TEST(ProgressTextTest, ALineComesWithEachTenthOrAfterThirtySeconds) {
  ProgressText text(ProgressStyle::kLines, "verify", 0, 0);
  EXPECT_EQ(text.At(1000, {9, 100, 900}), "");
  EXPECT_EQ(text.At(2000, {10, 100, 2000}), "verify: 10 %, 2.0 kB, 1.0 kB/s, 18 s left\n");
  EXPECT_EQ(text.At(3000, {19, 100, 2000}), "");
  EXPECT_EQ(text.At(4000, {45, 100, 4000}), "verify: 45 %, 4.0 kB, 1.0 kB/s, 4 s left\n");
  EXPECT_EQ(text.At(33'999, {46, 100, 4000}), "");
  EXPECT_EQ(text.At(34'000, {46, 100, 4000}), "verify: 46 %, 4.0 kB, 117 B/s, 39 s left\n");
  EXPECT_EQ(text.Finish(35'000, {100, 100, 4000}, true), "");
}

TEST(ProgressTextTest, WhereTheTotalIsNotKnownThereIsNoPercentAndNoTimeLeft) {
  ProgressText bar(ProgressStyle::kBar, "import", 0, 80);
  EXPECT_EQ(bar.At(1000, {7, 0, 1500}), "\r\x1b[Kimport 1.5 kB, 1.5 kB/s");
  ProgressText lines(ProgressStyle::kLines, "import", 0, 80);
  EXPECT_EQ(lines.At(29'999, {7, 0, 1500}), "");
  EXPECT_EQ(lines.At(30'000, {7, 0, 1500}), "import: 1.5 kB, 50 B/s\n");
}

TEST(ProgressTextTest, JsonLinesHaveTheFieldsOfTheContractAndALastOne) {
  ProgressText text(ProgressStyle::kJson, "push", 0, 0);
  EXPECT_EQ(text.At(499, {1, 4, 10}), "");
  EXPECT_EQ(text.At(2000, {1, 4, 10}), "{\"verb\":\"push\",\"done\":1,\"total\":4,\"bytes\":10,\"secondsLeft\":6}\n");
  EXPECT_EQ(text.At(2500, {0, 0, 10}),
            "{\"verb\":\"push\",\"done\":0,\"total\":null,\"bytes\":10,\"secondsLeft\":null}\n");
  EXPECT_EQ(text.Finish(3000, {3, 4, 30}, true),
            "{\"verb\":\"push\",\"done\":3,\"total\":3,\"bytes\":30,\"secondsLeft\":0}\n");
  EXPECT_EQ(text.Finish(3000, {3, 4, 30}, false),
            "{\"verb\":\"push\",\"done\":3,\"total\":4,\"bytes\":30,\"secondsLeft\":1}\n");
}

TEST(ProgressTextTest, LongTimesAndBytesAreReadable) {
  EXPECT_EQ(HumanBytes(0), "0 B");
  EXPECT_EQ(HumanBytes(999), "999 B");
  EXPECT_EQ(HumanBytes(1000), "1.0 kB");
  EXPECT_EQ(HumanBytes(999'950), "1.0 MB");
  EXPECT_EQ(HumanBytes(2'500'000'000), "2.5 GB");
  ProgressText text(ProgressStyle::kLines, "pull", 0, 0);
  EXPECT_EQ(text.At(100'000, {1, 10, 0}), "pull: 10 %, 0 B, 0 B/s, 15 min 0 s left\n");
  EXPECT_EQ(text.At(2'000'000, {2, 10, 0}), "pull: 20 %, 0 B, 0 B/s, 2 h 13 min left\n");
}

}  // namespace
}  // namespace parquedb
