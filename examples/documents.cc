// Documents in and out: each write is an event, and durable when the call returns.
//
//   documents DIR
#include <iostream>

#include "parquedb/database.h"

using namespace parquedb;

namespace {

Status Run(const std::string& directory) {
  auto opened = ParqueDB::Open({.path = directory, .create_if_missing = true, .actor = "alice"});
  if (!opened.ok()) return opened.status();
  ParqueDB& db = **opened;
  Collection users = db.collection("users"), posts = db.collection("posts");

  auto ann = users.Create(*Document::Parse(R"({"name":"Ann"})"), {.id = "ann"});
  if (!ann.ok()) return ann.status();
  auto post = posts.Create(*Document::Parse(R"({"title":"Hello","status":"draft","views":1})"), {.id = "hello"});
  if (!post.ok()) return post.status();
  auto changed = posts.Update("hello", *Document::Parse(R"({"$set":{"status":"published"},"$inc":{"views":41}})"));
  if (!changed.ok()) return changed.status();
  auto linked = posts.Link("hello", "author", ann->id);
  if (!linked.ok()) return linked.status();
  std::cout << linked->id << " has version " << linked->version << "\n";

  // Found by a filter of MongoDB's language; streamed.
  Status found = posts.Find({.filter = R"({"views":{"$gt":10}})"}, [](std::string_view json) {
    std::cout << json << "\n";
    return Status::Ok();
  });
  if (!found.ok()) return found;

  // The WAL becomes a segment, events/seg-000001.parquet.
  return db.Flush();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::cerr << "usage: documents DIR\n", 2;
  Status status = Run(argv[1]);
  if (!status.ok()) return std::cerr << "error: " << status.message() << "\n", 1;
}
