// The fast way from input text to stored text: one pass over one record, no Value is built. Same rules and errors as
// ParseJson (a test holds the two together on random and hostile input).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "document/value.h"

namespace parquedb {

// A record taken apart. Reused from record to record, so that memory is allocated once.
struct NormalizedRecord {
  // The compact text of the top-level members whose names do not begin with '$', in order, without braces:
  // "\"a\":1,\"b\":[2]". Empty for none.
  std::string fields;
  // Top-level members that begin with '$': name and compact text of the value, in order.
  struct SystemMember {
    std::string name;
    std::string text;
  };
  std::vector<SystemMember> system;
  // The compact text of the member that was asked for by `id_field`, if it is there.
  std::string id_text;
  bool has_id_text = false;
};

// Owns the parser's state; one thread at a time.
class RecordNormalizer {
 public:
  // `id_field`: name of a top-level member whose value is wanted in id_text ("" for none); it stays in `fields`.
  explicit RecordNormalizer(std::string id_field = {});
  ~RecordNormalizer();
  // `text` is one JSON object. kInvalidData as ParseJson, and for a text that is not an object.
  Status Normalize(std::string_view text, NormalizedRecord* out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace parquedb
