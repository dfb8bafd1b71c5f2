// The one way in which calls fail: Status, and Result<T> for calls that also return a value.
// Nothing in ParqueDB throws; a Parquet or standard library exception is turned into a Status where it arises.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace parquedb {

// What a caller can do about a failure. Each code is one exit status of the command line (in brackets).
enum class StatusCode {
  kOk,                // (0)
  kIo,                // the system refused: disk full, permission, a failed sync (1)
  kUnsupported,       // a newer format, or something that this version can't do (1)
  kInvalidArgument,   // the call is wrong: correct it (2)
  kPartial,           // of several remotes some completed and some failed (3)
  kNotFound,          // no such database, backup, namespace or entity (10)
  kLocked,            // another process writes (11)
  kKey,               // wrong encryption key (12)
  kAuth,              // not authorised (13)
  kConflict,          // someone else changed it: read again (14)
  kUnsupportedStore,  // the store lacks a feature that is needed (15)
  kCorruption,        // damaged data: stop and repair (20)
  kUnhealthy,         // a health check failed (21)
  kOutsideWindow,     // the instant can't be restored (22)
  kInvalidData,       // input content is wrong (23)
  kBusy,              // try again later (75)
  kInterrupted,       // a signal stopped the work (130)
};

// Success, or a code with a message for people: what happened, where, what was found and what was expected; lower case,
// no full stop. The hint, if any, is a command or an action to try next. Values; any thread may copy them.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message, std::string hint = {}) {
    if (code != StatusCode::kOk) failure_ = std::make_unique<Failure>(code, std::move(message), std::move(hint));
  }
  Status(const Status& other) : failure_(other.ok() ? nullptr : std::make_unique<Failure>(*other.failure_)) {}
  Status& operator=(const Status& other) {
    if (this != &other) failure_ = other.ok() ? nullptr : std::make_unique<Failure>(*other.failure_);
    return *this;
  }
  Status(Status&&) noexcept = default;
  Status& operator=(Status&&) noexcept = default;
  ~Status() = default;
  static Status Ok() { return {}; }

  bool ok() const { return failure_ == nullptr; }
  StatusCode code() const { return ok() ? StatusCode::kOk : failure_->code; }
  const std::string& message() const { return ok() ? Empty() : failure_->message; }
  const std::string& hint() const { return ok() ? Empty() : failure_->hint; }

  // The same failure with "<context>: " in front of its message; for the caller that knows the file or the step.
  Status With(std::string_view context) const& {
    if (ok()) return *this;
    return Status(failure_->code, std::string(context) + ": " + failure_->message, failure_->hint);
  }
  // The same failure with another hint.
  Status WithHint(std::string hint) const& { return Status(code(), message(), std::move(hint)); }

 private:
  struct Failure {
    Failure(StatusCode code_in, std::string message_in, std::string hint_in)
        : code(code_in), message(std::move(message_in)), hint(std::move(hint_in)) {}
    StatusCode code;
    std::string message, hint;
  };
  static const std::string& Empty() {
    static const std::string empty;
    return empty;
  }

  // Null for success: that is what almost every call returns, millions of times in an import, so it is one pointer.
  std::unique_ptr<Failure> failure_;
};

inline Status IoError(std::string message) { return {StatusCode::kIo, std::move(message)}; }
inline Status Unsupported(std::string message, std::string hint = {}) {
  return {StatusCode::kUnsupported, std::move(message), std::move(hint)};
}
inline Status InvalidArgument(std::string message, std::string hint = {}) {
  return {StatusCode::kInvalidArgument, std::move(message), std::move(hint)};
}
inline Status NotFound(std::string message, std::string hint = {}) {
  return {StatusCode::kNotFound, std::move(message), std::move(hint)};
}
inline Status Conflict(std::string message, std::string hint = {}) {
  return {StatusCode::kConflict, std::move(message), std::move(hint)};
}
inline Status Corruption(std::string message, std::string hint = {}) {
  return {StatusCode::kCorruption, std::move(message), std::move(hint)};
}
inline Status InvalidData(std::string message, std::string hint = {}) {
  return {StatusCode::kInvalidData, std::move(message), std::move(hint)};
}

// A value, or the Status that says why there is none. Never both, never a Status that is ok.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}         // NOLINT(google-explicit-constructor)
  Result(Status status) : state_(std::move(status)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return std::holds_alternative<T>(state_); }
  const Status& status() const {
    static const Status ok_status;
    return ok() ? ok_status : std::get<Status>(state_);
  }
  // The value; the caller has checked ok().
  T& value() & { return std::get<T>(state_); }
  const T& value() const& { return std::get<T>(state_); }
  T&& value() && { return std::get<T>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<Status, T> state_;
};

}  // namespace parquedb

#define PARQUEDB_CONCAT_INNER(a, b) a##b
#define PARQUEDB_CONCAT(a, b) PARQUEDB_CONCAT_INNER(a, b)

// Returns from the function when the expression is a failure. The counter keeps nested uses apart.
#define PARQUEDB_RETURN_INNER(status, expression)                 \
  do {                                                            \
    if (::parquedb::Status status = (expression); !status.ok()) { \
      return status;                                              \
    }                                                             \
  } while (false)
#define RETURN_IF_ERROR(expression) PARQUEDB_RETURN_INNER(PARQUEDB_CONCAT(status_, __COUNTER__), expression)

#define PARQUEDB_ASSIGN_INNER(result, target, expression) \
  auto result = (expression);                             \
  if (!result.ok()) return result.status();               \
  target = std::move(result).value()

// ASSIGN_OR_RETURN(auto x, Call()): x is the value, or the function returns the failure.
#define ASSIGN_OR_RETURN(target, expression) \
  PARQUEDB_ASSIGN_INNER(PARQUEDB_CONCAT(result_, __COUNTER__), target, expression)
