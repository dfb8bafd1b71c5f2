#include "database/sorted_hits.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace parquedb {
namespace {

// 500 hits with keys of two bytes, many of them equal; the text says which came first.
std::vector<Hit> Hits() {
  std::vector<Hit> hits;
  for (int i = 0; i < 500; ++i) {
    const int key = i * 7919 % 83;
    hits.push_back({"id" + std::to_string(i),
                    "text" + std::to_string(i) + std::string(100, '.'),
                    {static_cast<char>('a' + key / 10), static_cast<char>('0' + key % 10)}});
  }
  return hits;
}

std::vector<std::string> TextsOf(std::vector<Hit> hits) {
  std::vector<std::string> texts;
  for (Hit& hit : hits) texts.push_back(std::move(hit.text));
  return texts;
}

std::vector<std::string> SortedTexts(std::optional<int64_t> most, uint64_t memory_bytes, size_t at_most) {
  SortedHits sorted(most, memory_bytes);
  for (Hit& hit : Hits()) EXPECT_TRUE(sorted.Add(std::move(hit)).ok());
  EXPECT_TRUE(sorted.Finish().ok());
  std::vector<std::string> texts;
  std::string_view text;
  while (texts.size() < at_most && *sorted.Next(&text)) texts.emplace_back(text);
  return texts;
}

TEST(SortedHitsTest, AllWaysGiveTheSameOrder) {
  std::vector<Hit> expected = Hits();
  std::stable_sort(expected.begin(), expected.end(),
                   [](const Hit& a, const Hit& b) { return a.sort_key < b.sort_key; });
  const std::vector<std::string> all = TextsOf(expected);
  EXPECT_EQ(SortedTexts(std::nullopt, 1 << 20, 1000), all) << "in memory";
  EXPECT_EQ(SortedTexts(std::nullopt, 4096, 1000), all) << "through temporary files";
  for (size_t most : {size_t{0}, size_t{1}, size_t{40}, size_t{499}, size_t{500}, size_t{700}}) {
    const std::vector<std::string> first(all.begin(), all.begin() + static_cast<int64_t>(std::min(most, all.size())));
    EXPECT_EQ(SortedTexts(static_cast<int64_t>(most), 1 << 20, 1000), first) << most << " in memory";
    EXPECT_EQ(SortedTexts(static_cast<int64_t>(most), 4096, most), first) << most << " that don't fit";
  }
}

}  // namespace
}  // namespace parquedb
