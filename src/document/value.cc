#include "document/value.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "core/check.h"
#include "document/json_text.h"

namespace parquedb {
namespace {

// Builds a Value from stored text; JsonNormalizer has checked every byte.
class ValueBuilder {
 public:
  explicit ValueBuilder(const std::string& text) : at_(text.data()), end_(text.data() + text.size()) {}

  Value Build() {
    switch (*at_) {
      case '{':
        return BuildObject();
      case '[':
        return BuildArray();
      case '"': {
        std::string text = BuildString();
        return Value(boost::json::string_view(text.data(), text.size()));
      }
      case 't':
        at_ += 4;
        return Value(true);
      case 'f':
        at_ += 5;
        return Value(false);
      case 'n':
        at_ += 4;
        return Value(nullptr);
      default:
        return BuildNumber();
    }
  }

 private:
  Value BuildObject() {
    Object object;
    ++at_;
    while (*at_ != '}') {
      if (*at_ == ',') ++at_;
      std::string name = BuildString();
      ++at_;  // ':'
      object.emplace(boost::json::string_view(name.data(), name.size()), Build());
    }
    ++at_;
    return Value(std::move(object));
  }

  Value BuildArray() {
    Array array;
    ++at_;
    while (*at_ != ']') {
      if (*at_ == ',') ++at_;
      array.push_back(Build());
    }
    ++at_;
    return Value(std::move(array));
  }

  std::string BuildString() {
    std::string text;
    ++at_;
    while (*at_ != '"') {
      const char* plain = at_;
      while (*at_ != '"' && *at_ != '\\') ++at_;
      text.append(plain, at_);
      if (*at_ == '\\') text.push_back(BuildEscape());
    }
    ++at_;
    return text;
  }

  char BuildEscape() {
    char kind = at_[1];
    at_ += 2;
    switch (kind) {
      case 'b':
        return '\b';
      case 'f':
        return '\f';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'u': {
        int code = 0;
        std::from_chars(at_, at_ + 4, code, 16);
        at_ += 4;
        return static_cast<char>(code);  // stored form escapes only control characters so
      }
      default:
        return kind;
    }
  }

  Value BuildNumber() {
    const char* begin = at_;
    bool integer = true;
    while (at_ < end_ && *at_ != ',' && *at_ != '}' && *at_ != ']') {
      if (*at_ == '.' || *at_ == 'e') integer = false;
      ++at_;
    }
    if (integer) {
      int64_t number = 0;
      if (std::from_chars(begin, at_, number).ec == std::errc()) return Value(number);
      uint64_t large = 0;
      PARQUEDB_CHECK(std::from_chars(begin, at_, large).ec == std::errc());
      return Value(large);
    }
    double number = 0;
    if (std::from_chars(begin, at_, number).ec != std::errc())
      number = std::strtod(std::string(begin, at_).c_str(), nullptr);
    return Value(number);
  }

  const char* at_;
  const char* end_;
};

std::string_view View(boost::json::string_view text) { return {text.data(), text.size()}; }

void AppendPretty(std::string* out, const Value& value, int indent) {
  auto line = [&](int level) { out->append(1, '\n').append(static_cast<size_t>(level) * 2, ' '); };
  if (value.is_object() && !value.get_object().empty()) {
    out->push_back('{');
    bool first = true;
    for (const auto& member : value.get_object()) {
      if (!first) out->push_back(',');
      first = false;
      line(indent + 1);
      AppendJsonString(out, View(member.key()));
      out->append(": ");
      AppendPretty(out, member.value(), indent + 1);
    }
    line(indent);
    out->push_back('}');
  } else if (value.is_array() && !value.get_array().empty()) {
    out->push_back('[');
    bool first = true;
    for (const Value& element : value.get_array()) {
      if (!first) out->push_back(',');
      first = false;
      line(indent + 1);
      AppendPretty(out, element, indent + 1);
    }
    line(indent);
    out->push_back(']');
  } else {
    AppendJson(out, value);
  }
}

void AppendCanonical(std::string* out, const Value& value) {
  if (value.is_object()) {
    std::vector<const boost::json::key_value_pair*> members;
    for (const auto& member : value.get_object()) members.push_back(&member);
    std::sort(members.begin(), members.end(), [](auto* a, auto* b) { return View(a->key()) < View(b->key()); });
    out->push_back('{');
    for (size_t i = 0; i < members.size(); ++i) {
      if (i > 0) out->push_back(',');
      AppendJsonString(out, View(members[i]->key()));
      out->push_back(':');
      AppendCanonical(out, members[i]->value());
    }
    out->push_back('}');
  } else if (value.is_array()) {
    out->push_back('[');
    for (size_t i = 0; i < value.get_array().size(); ++i) {
      if (i > 0) out->push_back(',');
      AppendCanonical(out, value.get_array()[i]);
    }
    out->push_back(']');
  } else {
    AppendJson(out, value);
  }
}

}  // namespace

Result<Value> ParseJson(std::string_view text, const ParseLimits& limits) {
  thread_local JsonNormalizer normalizer;
  thread_local std::string stored;
  RETURN_IF_ERROR(normalizer.Run(text, limits, &stored, nullptr));
  return ValueBuilder(stored).Build();
}

void AppendJson(std::string* out, const Value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      out->append("null");
      return;
    case boost::json::kind::bool_:
      out->append(value.get_bool() ? "true" : "false");
      return;
    case boost::json::kind::int64:
      out->append(std::to_string(value.get_int64()));
      return;
    case boost::json::kind::uint64:
      out->append(std::to_string(value.get_uint64()));
      return;
    case boost::json::kind::double_:
      AppendJsonDouble(out, value.get_double());
      return;
    case boost::json::kind::string:
      AppendJsonString(out, View(value.get_string()));
      return;
    case boost::json::kind::array: {
      out->push_back('[');
      bool first = true;
      for (const Value& element : value.get_array()) {
        if (!first) out->push_back(',');
        first = false;
        AppendJson(out, element);
      }
      out->push_back(']');
      return;
    }
    case boost::json::kind::object: {
      out->push_back('{');
      bool first = true;
      for (const auto& member : value.get_object()) {
        if (!first) out->push_back(',');
        first = false;
        AppendJsonString(out, View(member.key()));
        out->push_back(':');
        AppendJson(out, member.value());
      }
      out->push_back('}');
      return;
    }
  }
}

std::string WriteJson(const Value& value) {
  std::string out;
  AppendJson(&out, value);
  return out;
}

std::string WritePrettyJson(const Value& value) {
  std::string out;
  AppendPretty(&out, value, 0);
  return out;
}

std::string CanonicalJson(const Value& value) {
  std::string out;
  AppendCanonical(&out, value);
  return out;
}

bool RemoveMember(Object* object, std::string_view name) {
  if (!object->contains(boost::json::string_view(name.data(), name.size()))) return false;
  Object kept;
  kept.reserve(object->size());
  for (auto& member : *object) {
    if (View(member.key()) != name) kept.emplace(member.key(), std::move(member.value()));
  }
  *object = std::move(kept);
  return true;
}

}  // namespace parquedb
