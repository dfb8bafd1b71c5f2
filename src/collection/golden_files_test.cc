// Derived files in tests/golden, made once (docs/format/golden.md), and the test vectors of PQBF.
#include <gtest/gtest.h>

#include "collection/bloom_file.h"
#include "collection/data_file.h"
#include "collection/rels_file.h"
#include "parquedb/storage.h"

namespace parquedb {
namespace {

constexpr char kDatabase[] = "01KGCH5YG05XKJZQ3A24JD3DHF";

std::unique_ptr<StorageBackend> GoldenDatabase() { return std::move(*OpenDirectory(PARQUEDB_TEST_DATA "/database")); }

std::shared_ptr<const ReadableFile> OpenGolden(const std::string& path) {
  auto file = GoldenDatabase()->Open(path);
  EXPECT_TRUE(file.ok()) << path;
  return std::move(*file);
}

TEST(GoldenFilesTest, TheDataFileHoldsTheseEntities) {
  auto file = DataFile::Open(OpenGolden("data/users/data.parquet"), "data/users/data.parquet", kDatabase);
  ASSERT_TRUE(file.ok()) << file.status().message();
  const DataFileFooter& footer = (*file)->footer();
  EXPECT_EQ(footer.through, 7);
  EXPECT_EQ(footer.rows, 2);
  EXPECT_EQ(footer.digest, "c01fa356cbee16256bafa87c913b5ecaf4975019838c9b42c80a5f4ddb718e28");
  FieldTable fields;
  fields["age"].integers = 2;
  fields["name"].strings = 2;
  fields["tags"].others = 1;
  EXPECT_EQ(footer.fields, fields);
  std::vector<std::string> columns;
  for (const ColumnSpec& column : (*file)->table().schema()) columns.push_back(column.name);
  EXPECT_EQ(columns, (std::vector<std::string>{"$id", "$type", "$version", "$createdAt", "$updatedAt", "$createdBy",
                                               "$updatedBy", "$data", "age", "name"}));
  const Entity first{
      "users/u1", 1, 1769947200000, 1769947200000, "ann", "ann", R"({"name":"Ann","age":30,"tags":["a","b"]})"};
  const Entity second{"users/u2", 2, 1769947201000, 1769947203000, "ann", "bob", R"({"name":"Bö \"b\"","age":41})"};
  auto cursor = (*file)->Scan();
  ASSERT_TRUE(cursor.ok());
  Entity entity;
  ASSERT_TRUE(*(*cursor)->Next(&entity));
  EXPECT_EQ(entity, first);
  ASSERT_TRUE(*(*cursor)->Next(&entity));
  EXPECT_EQ(entity, second);
  EXPECT_FALSE(*(*cursor)->Next(&entity));
  EXPECT_EQ(**(*file)->Find("users/u2"), second);
  EXPECT_FALSE((*file)->Find("users/u3")->has_value());
}

TEST(GoldenFilesTest, TheRelationshipFilesHoldThisLink) {
  const LinkRow link{"posts/p1", "author", "users/u1"};
  for (auto [path, key] :
       {std::pair("rels/forward/posts.parquet", "posts/p1"), std::pair("rels/reverse/users.parquet", "users/u1")}) {
    auto file = RelsFile::Open(OpenGolden(path), path, kDatabase);
    ASSERT_TRUE(file.ok()) << file.status().message();
    EXPECT_EQ((*file)->through(), 7) << path;
    EXPECT_EQ((*file)->row_count(), 1) << path;
    auto cursor = (*file)->Scan();
    LinkRow row;
    ASSERT_TRUE(cursor.ok() && *(*cursor)->Next(&row)) << path;
    EXPECT_EQ(row, link) << path;
    EXPECT_EQ(*(*file)->Find(key), std::vector<LinkRow>{link}) << path;
    EXPECT_TRUE((*file)->Find("users/u2")->empty()) << path;
  }
}

TEST(GoldenFilesTest, TheBloomFileIsReadAndWrittenAgainByteForByte) {
  const std::string path = "indexes/bloom/users.bloom";
  auto bytes = ReadWhole(*OpenGolden(path), 10'000);
  ASSERT_TRUE(bytes.ok());
  ASSERT_EQ(bytes->size(), 16u + 1550u + 4096u);
  EXPECT_EQ(bytes->substr(0, 16), std::string("PQBF\0\x01\0\x03\0\0\x06\x0e\0\x01\0\0", 16));
  auto file = BloomFile::Decode(*bytes, path);
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(file->row_group_count(), 1);
  for (const char* id : {"users/u1", "users/u2"})
    EXPECT_TRUE(file->MayContain(id) && file->RowGroupMayContain(0, id)) << id;
  for (const char* id : {"users/u3", "posts/p1", ""})
    EXPECT_FALSE(file->MayContain(id) || file->RowGroupMayContain(0, id)) << id;
  BloomFileBuilder builder;
  builder.Add("users/u1");
  builder.Add("users/u2");
  builder.EndRowGroup();
  EXPECT_EQ(builder.Encode(), *bytes);
}

// A filter of 131072 bytes, k = 3, in which only these bits are set.
std::string FilterWith(const std::vector<size_t>& bits) {
  std::string file("PQBF\0\x01\0\x03\0\x02\0\0\0\0\0\0", 16);
  file.resize(16 + 131072, '\0');
  for (size_t bit : bits) file[16 + (bit >> 3)] = static_cast<char>(file[16 + (bit >> 3)] | 1 << (bit & 7));
  return file;
}

TEST(BloomFileTest, KeysHaveTheBitsOfThePublishedVectors) {
  const std::vector<std::pair<std::string, std::vector<size_t>>> vectors = {{"published", {95178, 413158, 731138}},
                                                                            {"a", {88290, 354738, 745802}},
                                                                            {"", {0}},
                                                                            {"posts/01abc", {46682, 403145, 759608}}};
  for (const auto& [key, bits] : vectors) {
    EXPECT_TRUE(BloomFile::Decode(FilterWith(bits), "f")->MayContain(key)) << key;
    for (size_t left_out = 0; left_out < bits.size(); ++left_out) {
      std::vector<size_t> fewer = bits;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(left_out));
      EXPECT_FALSE(BloomFile::Decode(FilterWith(fewer), "f")->MayContain(key)) << key << " without " << bits[left_out];
    }
  }
}

TEST(BloomFileTest, NoIdIsMissedAndFewOthersMatch) {
  BloomFileBuilder builder;
  for (int i = 0; i < 20'000; ++i) {
    builder.Add("docs/d" + std::to_string(i));
    if (i % 2650 == 2649) builder.EndRowGroup();
  }
  builder.EndRowGroup();
  auto file = BloomFile::Decode(builder.Encode(), "f");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->row_group_count(), 8);
  int wrong = 0;
  for (int i = 0; i < 20'000; ++i) {
    ASSERT_TRUE(file->MayContain("docs/d" + std::to_string(i)));
    ASSERT_TRUE(file->RowGroupMayContain(i / 2650, "docs/d" + std::to_string(i)));
    wrong += file->MayContain("docs/other" + std::to_string(i));
  }
  EXPECT_LT(wrong, 20'000 * 2 / 100);
}

TEST(BloomFileTest, RowGroupsAbove2650RowsMatchEverything) {
  for (int rows : {2650, 2651}) {
    BloomFileBuilder builder;
    for (int i = 0; i < rows; ++i) builder.Add("docs/d" + std::to_string(i));
    builder.EndRowGroup();
    std::string bytes = builder.Encode();
    EXPECT_EQ(bytes.substr(bytes.size() - 4096) == std::string(4096, '\xff'), rows > 2650) << rows;
  }
}

TEST(BloomFileTest, DamageIsNamed) {
  BloomFileBuilder builder;
  builder.Add("docs/d1");
  builder.EndRowGroup();
  const std::string good = builder.Encode();
  for (size_t length = 0; length < good.size(); length += length < 20 ? 1 : 97) {
    EXPECT_EQ(BloomFile::Decode(good.substr(0, length), "f").status().code(), StatusCode::kCorruption) << length;
  }
  std::string newer = good;
  newer[5] = 2;
  EXPECT_EQ(BloomFile::Decode(newer, "f").status().code(), StatusCode::kUnsupported);
  for (size_t at : {size_t{0}, size_t{6}, size_t{8}, size_t{12}}) {
    std::string damaged = good;
    damaged[at] = '\x7f';
    EXPECT_EQ(BloomFile::Decode(damaged, "f").status().code(), StatusCode::kCorruption) << at;
  }
}

}  // namespace
}  // namespace parquedb
