#include "parquedb/document.h"

#include "core/limits.h"
#include "document/value.h"

namespace parquedb {

Result<Document> Document::Parse(std::string_view text) {
  ASSIGN_OR_RETURN(Value value, ParseJson(text));
  if (!value.is_object()) return InvalidData("a document must be a JSON object");
  std::string json = WriteJson(value);
  if (json.size() > kMaxDocumentBytes) {
    return InvalidData("the document has " + std::to_string(json.size()) + " bytes; at most 16 MiB are allowed");
  }
  return Document(std::move(json));
}

}  // namespace parquedb
