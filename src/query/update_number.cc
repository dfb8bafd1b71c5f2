// Operators that count, and those that keep the smaller or the larger.
#include <cmath>
#include <limits>

#include "query/update_change.h"

namespace parquedb {
namespace {

__int128 Wide(const Value& value) {
  return value.is_int64() ? static_cast<__int128>(value.get_int64()) : static_cast<__int128>(value.get_uint64());
}

Status PrepareNumber(Change* change) {
  if (!change->operand.is_number()) return WrongField(*change, "needs a number");
  return Status::Ok();
}

// Integers stay exact; a double makes a double.
Result<Value> Combine(const Change& change, const Value& present, bool multiply) {
  const Value& operand = change.operand;
  if (!present.is_number()) return WrongField(change, "is no number");
  if (present.is_double() || operand.is_double()) {
    double a = present.to_number<double>(), b = operand.to_number<double>();
    double result = multiply ? a * b : a + b;
    if (!std::isfinite(result)) return WrongField(change, "overflows");
    return Value(result);
  }
  __int128 result = 0;
  bool over = multiply ? __builtin_mul_overflow(Wide(present), Wide(operand), &result)
                       : __builtin_add_overflow(Wide(present), Wide(operand), &result);
  if (over || result < std::numeric_limits<int64_t>::min() || result > std::numeric_limits<uint64_t>::max())
    return WrongField(change, "overflows");
  if (result <= std::numeric_limits<int64_t>::max()) return Value(static_cast<int64_t>(result));
  return Value(static_cast<uint64_t>(result));
}

Status Count(const Change& change, const Value& when_missing, bool multiply, Draft* draft) {
  ASSIGN_OR_RETURN(Value * present, Resolve(draft, change.path, Way::kFind));
  if (present == nullptr) {
    ASSIGN_OR_RETURN(Value * place, Resolve(draft, change.path, Way::kMake));
    *place = when_missing;
    return Status::Ok();
  }
  ASSIGN_OR_RETURN(*present, Combine(change, *present, multiply));
  return Status::Ok();
}

Status Inc(const Change& change, int64_t, Draft* draft) { return Count(change, change.operand, false, draft); }

Status Mul(const Change& change, int64_t, Draft* draft) {
  return Count(change, change.operand.is_double() ? Value(0.0) : Value(0), true, draft);
}

Status Keep(const Change& change, int sign, Draft* draft) {
  ASSIGN_OR_RETURN(Value * present, Resolve(draft, change.path, Way::kFind));
  if (present != nullptr && CompareValues(change.operand, *present) * sign <= 0) return Status::Ok();
  ASSIGN_OR_RETURN(Value * place, Resolve(draft, change.path, Way::kMake));
  *place = change.operand;
  return Status::Ok();
}

Status Min(const Change& change, int64_t, Draft* draft) { return Keep(change, -1, draft); }
Status Max(const Change& change, int64_t, Draft* draft) { return Keep(change, 1, draft); }

}  // namespace

std::span<const UpdateOperator> NumberOperators() {
  static constexpr UpdateOperator kOperators[] = {{"$inc", PrepareNumber, Inc},
                                                  {"$mul", PrepareNumber, Mul},
                                                  {"$min", PrepareNothing, Min},
                                                  {"$max", PrepareNothing, Max}};
  return kOperators;
}

}  // namespace parquedb
