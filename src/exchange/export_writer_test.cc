#include "exchange/export_writer.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "exchange/record_reader.h"

namespace parquedb {
namespace {

Entity MakeEntity(const std::string& id, std::string data) {
  return {.id = id,
          .version = 2,
          .created_at_ms = 1769947200000,
          .updated_at_ms = 1769947200250,
          .created_by = "ann",
          .updated_by = std::nullopt,
          .data = std::move(data)};
}

std::string ExportText(ExportFormat format, const std::vector<Entity>& entities) {
  std::string out;
  auto writer = ExportJsonLines(format, [&](std::string_view bytes) {
    out.append(bytes);
    return Status::Ok();
  });
  for (const Entity& entity : entities) EXPECT_TRUE(writer->Append(entity).ok());
  EXPECT_TRUE(writer->Finish().ok());
  return out;
}

const char kLineA[] =
    R"({"$id":"n/a","$type":"n","$version":2,"$createdAt":"2026-02-01T12:00:00.000Z","$createdBy":"ann","$updatedAt":"2026-02-01T12:00:00.250Z","x":1})";
const char kLineB[] =
    R"({"$id":"n/b","$type":"n","$version":2,"$createdAt":"2026-02-01T12:00:00.000Z","$createdBy":"ann","$updatedAt":"2026-02-01T12:00:00.250Z","$links":{"p":["m/z"]},"x":"ü"})";

std::vector<Entity> TwoEntities() {
  return {MakeEntity("n/a", "{\"x\":1}"), MakeEntity("n/b", "{\"$links\":{\"p\":[\"m/z\"]},\"x\":\"ü\"}")};
}

TEST(ExportTest, NdjsonIsAnEntityALine) {
  EXPECT_EQ(ExportText(ExportFormat::kNdjson, TwoEntities()), std::string(kLineA) + "\n" + kLineB + "\n");
  EXPECT_EQ(ExportText(ExportFormat::kNdjson, {}), "");
}

TEST(ExportTest, JsonIsOneArray) {
  EXPECT_EQ(ExportText(ExportFormat::kJson, TwoEntities()), std::string("[\n") + kLineA + ",\n" + kLineB + "\n]\n");
  EXPECT_EQ(ExportText(ExportFormat::kJson, {}), "[]\n");
}

TEST(ExportTest, AFailingSinkStopsTheExport) {
  auto writer = ExportJsonLines(ExportFormat::kNdjson, [](std::string_view) { return IoError("no room"); });
  EXPECT_TRUE(writer->Append(MakeEntity("n/a", "{}")).ok()) << "it is buffered";
  EXPECT_EQ(writer->Finish().message(), "no room");
}

TEST(ExportTest, ParquetComesBackThroughImport) {
  char folder[] = "/tmp/parquedb_export_XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  auto storage = *OpenDirectory(folder);
  auto pending = *storage->CreatePending("out.parquet");
  ParquetExport options{.database_id = "db", .through = 9, .counts = {}, .rows = 2};
  for (const Entity& entity : TwoEntities()) ASSERT_TRUE(CountFields(entity.data, &options.counts).ok());
  auto writer = *ExportParquet(*pending, options);
  for (const Entity& entity : TwoEntities()) ASSERT_TRUE(writer->Append(entity).ok());
  ASSERT_TRUE(writer->Finish().ok());
  std::vector<std::unique_ptr<PendingFile>> files;
  files.push_back(std::move(pending));
  ASSERT_TRUE(storage->Publish(std::move(files)).ok());

  auto reader = *OpenRecords(
      {.file = std::string(folder) + "/out.parquet", .format = InputFormat::kParquet, .ns = "", .id_field = ""});
  ImportRecord record;
  for (const Entity& entity : TwoEntities()) {
    ASSERT_TRUE(*reader->Next(&record));
    EXPECT_EQ(ToEntity(std::move(record), 0, "import"), entity);
  }
  EXPECT_FALSE(*reader->Next(&record));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace parquedb
