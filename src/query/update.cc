#include "query/update.h"

#include <algorithm>

#include "query/update_change.h"

namespace parquedb {
namespace {

const UpdateOperator* FindOperator(std::string_view name) {
  for (auto operators : {FieldOperators(), NumberOperators(), ArrayOperators(), PushOperators()}) {
    for (const UpdateOperator& op : operators) {
      if (op.name == name) return &op;
    }
  }
  return nullptr;
}

// Of paths in order, a prefix stands right in front of what it begins.
Status CheckConflicts(const std::vector<Change>& changes) {
  std::vector<Path> paths;
  for (const Change& change : changes) {
    paths.push_back(change.path);
    if (!change.target.empty()) paths.push_back(change.target);
  }
  std::sort(paths.begin(), paths.end(), PathLess);
  for (size_t i = 1; i < paths.size(); ++i) {
    if (IsPathPrefix(paths[i - 1], paths[i]))
      return InvalidData("the update touches " + JoinPath(paths[i - 1]) + " and " + JoinPath(paths[i]) +
                         ": which comes first is not told");
  }
  return Status::Ok();
}

Status CompileOperator(std::string_view name, const Value& fields, std::vector<Change>* changes) {
  const UpdateOperator* op = FindOperator(name);
  if (op == nullptr)
    return InvalidData("unknown update operator " + std::string(name),
                       "operators are $set $unset $inc $mul $min $max $rename $currentDate $setOnInsert $push $pull "
                       "$pullAll $addToSet $pop, or plain fields");
  if (!fields.is_object()) return InvalidData(std::string(name) + " needs an object of fields");
  for (const auto& field : fields.get_object()) {
    auto path = UpdatePath(TextOf(field.key()));
    if (!path.ok()) return InvalidData(std::string(name) + ": " + path.status().message(), path.status().hint());
    changes->push_back({.op = op, .path = std::move(*path), .operand = field.value(), .pull = {}});
    RETURN_IF_ERROR(op->prepare(&changes->back()));
  }
  return Status::Ok();
}

}  // namespace

Status WrongField(const Change& change, std::string_view what) {
  return InvalidData(std::string(change.op->name) + ": " + JoinPath(change.path) + ": " + std::string(what));
}

Result<Update> Update::Compile(const Value& update) {
  if (!update.is_object()) return InvalidData("an update must be a JSON object");
  const Object& object = update.get_object();
  Update compiled;
  size_t operators = 0;
  for (const auto& member : object) operators += TextOf(member.key()).starts_with('$');
  if (operators == 0) {
    // Plain fields replace whole top-level fields, whatever characters their names have.
    for (const auto& member : object) compiled.plain_.emplace(member.key(), member.value());
    return compiled;
  }
  if (operators < object.size()) return InvalidData("update operators and plain fields stand side by side");
  std::vector<Change> changes;
  for (const auto& member : object) RETURN_IF_ERROR(CompileOperator(TextOf(member.key()), member.value(), &changes));
  RETURN_IF_ERROR(CheckConflicts(changes));
  std::sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) { return PathLess(a.path, b.path); });
  compiled.changes_ = std::make_shared<const std::vector<Change>>(std::move(changes));
  return compiled;
}

Result<Object> Update::Apply(const Object& before, int64_t now_ms) const {
  Draft draft{.fields = before};
  for (const auto& field : plain_) draft.fields[field.key()] = field.value();
  if (changes_ == nullptr) return std::move(draft.fields);
  for (const Change& change : *changes_) RETURN_IF_ERROR(change.op->apply(change, now_ms, &draft));
  return std::move(draft.fields);
}

}  // namespace parquedb
