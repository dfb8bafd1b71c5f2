// Reads the members of our own JSON files strictly: a wrong type or a missing member is corruption that names the
// member.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/time_text.h"
#include "document/value.h"
#include "parquedb/status.h"

namespace parquedb {

// Collects the first error, so that a decoder can read all members and check once. The value must outlive it.
class JsonReader {
 public:
  JsonReader(const Value& value, std::string place) : place_(std::move(place)) {
    if (value.is_object())
      object_ = &value.get_object();
    else
      Fail("", "an object");
  }

  int64_t Int(std::string_view name) {
    const Value* value = Find(name);
    if (value == nullptr || !value->is_int64()) return Fail(name, "an integer"), 0;
    return value->get_int64();
  }
  std::string String(std::string_view name) {
    const Value* value = Find(name);
    if (value == nullptr || !value->is_string()) return Fail(name, "a string"), "";
    return {value->get_string().data(), value->get_string().size()};
  }
  int64_t Time(std::string_view name) {
    std::string text = String(name);
    auto ts_ms = ParseRfc3339(text);
    if (!ts_ms) return Fail(name, "a time"), 0;
    return *ts_ms;
  }
  bool Bool(std::string_view name) {
    const Value* value = Find(name);
    if (value == nullptr || !value->is_bool()) return Fail(name, "true or false"), false;
    return value->get_bool();
  }
  const Array& List(std::string_view name) {
    static const Array none;
    const Value* value = Find(name);
    if (value == nullptr || !value->is_array()) return Fail(name, "an array"), none;
    return value->get_array();
  }
  const Object& Map(std::string_view name) {
    static const Object none;
    const Value* value = Find(name);
    if (value == nullptr || !value->is_object()) return Fail(name, "an object"), none;
    return value->get_object();
  }
  bool Has(std::string_view name) const { return Find(name) != nullptr; }
  std::string StringOr(std::string_view name, std::string other) { return Has(name) ? String(name) : other; }
  int64_t IntOr(std::string_view name, int64_t other) { return Has(name) ? Int(name) : other; }
  const Value* Find(std::string_view name) const {
    return object_ == nullptr ? nullptr : object_->if_contains(boost::json::string_view(name.data(), name.size()));
  }
  void Fail(std::string_view name, std::string_view wanted) {
    if (!status_.ok()) return;
    status_ = Corruption(place_ + (name.empty() ? "" : ": member \"" + std::string(name) + "\"") + ": " +
                         std::string(wanted) + " was expected");
  }
  void Absorb(const Status& status) {
    if (status_.ok()) status_ = status;
  }
  const Status& status() const { return status_; }

 private:
  const Object* object_ = nullptr;
  std::string place_;
  Status status_;
};

// The text as one JSON object of ours: kCorruption for what is not JSON, kUnsupported for a version above `version`.
inline Result<Value> ParseVersioned(std::string_view text, int64_t version, const std::string& place) {
  auto value = ParseJson(text, {.max_depth = kMaxDocumentDepth, .max_bytes = kMaxManifestBytes});
  if (!value.ok()) return Corruption(place + ": " + value.status().message());
  JsonReader reader(*value, place);
  int64_t found = reader.Int("version");
  RETURN_IF_ERROR(reader.status());
  if (found > version) {
    return Unsupported(place + " has format version " + std::to_string(found) + "; this program reads up to " +
                           std::to_string(version),
                       "use a newer parquedb");
  }
  if (found < 1) return Corruption(place + ": version " + std::to_string(found) + " was found, 1 or more was expected");
  return value;
}

}  // namespace parquedb
