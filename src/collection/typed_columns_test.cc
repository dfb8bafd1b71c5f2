#include <gtest/gtest.h>

#include "collection/data_file.h"

namespace parquedb {
namespace {

std::string Names(const TableSchema& schema) {
  std::string names;
  for (const ColumnSpec& column : schema) names += column.name + " ";
  return names;
}

TEST(TypedColumnsTest, AColumnEntersAtATenthOfTheRows) {
  EXPECT_EQ(Names(TypedColumns({{"often", {.strings = 10}}, {"rare", {.strings = 9}}}, 100)), "often ");
}

TEST(TypedColumnsTest, AColumnStaysHoweverRareAndLeavesWhenItsTypesConflict) {
  EXPECT_EQ(Names(TypedColumns({{"a", {.strings = 1}}, {"b", {.integers = 1}}}, 1000, {"a"})), "a ");
  EXPECT_EQ(Names(TypedColumns({{"a", {.strings = 1, .integers = 1}}}, 2, {"a"})), "");
  EXPECT_EQ(Names(TypedColumns({{"a", {}}}, 2, {"a"})), "") << "nothing is left in it";
}

TEST(TypedColumnsTest, IntegersBesideDoublesAreDoublesIfEachIsExact) {
  TableSchema exact = TypedColumns({{"n", {.integers = 1, .doubles = 1}}}, 2);
  ASSERT_EQ(exact.size(), 1u);
  EXPECT_EQ(exact[0].type, ColumnType::kDouble);
  EXPECT_EQ(Names(TypedColumns({{"n", {.integers = 1, .doubles = 1, .inexact_integers = 1}}}, 2)), "");
}

TEST(TypedColumnsTest, NamesThatDifferInCaseOnlyAndUnfitNamesHaveNone) {
  FieldTable table;
  for (const char* name : {"Name", "name", "", "a.b", "q\"", "$x", "fine"}) table[name] = {.strings = 5};
  EXPECT_EQ(Names(TypedColumns(table, 5)), "fine ");
}

}  // namespace
}  // namespace parquedb
