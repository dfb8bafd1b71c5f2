#include "document/normalize.h"

#include "document/json_text.h"

namespace parquedb {

struct RecordNormalizer::State {
  JsonNormalizer normalizer;
  std::string id_field;  // with quotes
  std::string buffer;    // for stored texts that differ from what came
  std::vector<MemberSpan> members;
};

RecordNormalizer::RecordNormalizer(std::string id_field) : state_(std::make_unique<State>()) {
  if (!id_field.empty()) AppendJsonString(&state_->id_field, id_field);
}
RecordNormalizer::~RecordNormalizer() = default;

Status RecordNormalizer::Normalize(std::string_view text, NormalizedRecord* out) {
  State& state = *state_;
  std::string_view stored;
  RETURN_IF_ERROR(state.normalizer.View(text, {}, &state.buffer, &stored, &state.members));
  if (stored[0] != '{') return InvalidData("a record must be a JSON object");
  out->system.clear();
  out->has_id_text = false;
  bool plain = true;  // no system member so far: the fields are the text as it is
  for (const MemberSpan& span : state.members) {
    std::string_view name = stored.substr(span.name_begin, span.name_end - span.name_begin);
    std::string_view value = stored.substr(span.value_begin, span.value_end - span.value_begin);
    if (name.size() > 2 && name[1] == '$') {
      plain = false;
      out->system.push_back({std::string(name.substr(1, name.size() - 2)), std::string(value)});
    }
    if (!state.id_field.empty() && name == state.id_field) {
      out->has_id_text = true;
      out->id_text.assign(value);
    }
  }
  if (plain) {
    out->fields.assign(stored.substr(1, stored.size() - 2));
    return Status::Ok();
  }
  out->fields.clear();
  for (const MemberSpan& span : state.members) {
    if (span.name_end - span.name_begin > 2 && stored[span.name_begin + 1] == '$') continue;
    if (!out->fields.empty()) out->fields.push_back(',');
    out->fields.append(stored.substr(span.name_begin, span.value_end - span.name_begin));
  }
  return Status::Ok();
}

}  // namespace parquedb
