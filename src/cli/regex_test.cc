#include <dlfcn.h>
#include <gtest/gtest.h>
#include <re2/re2.h>

#include "query/regex.h"

namespace parquedb {
namespace {

// Arrow's compute library brings an RE2 of another version; were it linked, these answers would be wrong.
TEST(RegexTest, AnswersRightWhereArrowIsLinkedToo) {
  EXPECT_TRUE(RE2::FullMatch("posts/2026-02-01", R"(([a-z]+)/(\d{4})-(\d\d)-(\d\d))"));
  EXPECT_FALSE(RE2::FullMatch("posts/2026-02-0x", R"(([a-z]+)/(\d{4})-(\d\d)-(\d\d))"));
  std::string word;
  int number = 0;
  EXPECT_TRUE(RE2::FullMatch("ruby:1234", R"((\w+):(\d+))", &word, &number));
  EXPECT_EQ(word, "ruby");
  EXPECT_EQ(number, 1234);
  EXPECT_TRUE(Regex::Compile("^ÜN.*d$", "ims")->Finds("x\nün\nD\ny"));
  EXPECT_FALSE(Regex::Compile("^ÜN.*d$", "im")->Finds("x\nün\nD\ny"));
}

TEST(RegexTest, TheMatcherLiesInLibre2) {
  auto match = &RE2::FullMatchN;
  Dl_info info{};
  ASSERT_NE(dladdr(reinterpret_cast<void*>(match), &info), 0);
  EXPECT_NE(std::string(info.dli_fname).find("libre2"), std::string::npos) << info.dli_fname;
}

}  // namespace
}  // namespace parquedb
