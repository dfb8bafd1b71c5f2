#include <cstdio>

#include "parquedb/database.h"
#include "parquedb/sync.h"
#include "parquedb/verify.h"

int main(int, char** argv) {
  auto db = parquedb::ParqueDB::Open({.path = argv[1], .create_if_missing = true, .actor = "consumer"});
  if (!db.ok()) return std::fprintf(stderr, "%s\n", db.status().message().c_str()), 1;
  auto made = (*db)->collection("posts").Create(*parquedb::Document::Parse(R"({"title":"Hello"})"), {.id = "a"});
  if (!made.ok()) return std::fprintf(stderr, "%s\n", made.status().message().c_str()), 1;
  if (!(*db)->Checkpoint().ok()) return 1;
  std::puts(made->id.c_str());
}
