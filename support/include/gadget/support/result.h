// SPDX-License-Identifier: Apache-2.0
// Result<T>: a value, or the Error that says why there is none. The names follow std::expected (C++23), which
// the distribution's C++20 lacks; unlike it, a Result that is dropped is a compiler warning.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace gadget {

/// What a caller can act on. Detail goes into the message, not into a new code.
enum class ErrorCode : std::uint8_t {
    rejected_input,     ///< the user's input has errors; the findings were reported as Diagnostics or in the
                        ///< message
    invalid_argument,   ///< the caller asked for something impossible
    not_found,          ///< a file, image, kernel or object is not there
    already_exists,     ///< and must not be replaced
    permission_denied,  ///< root, a capability or a file permission is missing
    unsupported,        ///< this machine or kernel lacks a feature; see Error::requirement
    corrupt_data,       ///< bytes that do not follow their format
    io,                 ///< a read, write or network operation failed
    timed_out,
    cancelled,    ///< the user interrupted
    boot_failed,  ///< a test machine did not come up
    guest_panic,  ///< the kernel of a test machine crashed
    internal,     ///< a defect of GadgetKit
};

/// A feature that the environment lacks, e.g. {"ring buffer map", "Linux 5.8"}.
struct Requirement {
    std::string feature;
    std::string since;
};

struct Error {
    ErrorCode code = ErrorCode::internal;
    std::string message;  ///< lower case, no final period, names what it is about
    std::string hint{};   ///< what the user can do; may be empty
    std::optional<Requirement> requirement{};
    std::vector<std::string> context{};  ///< "while loading 'a.bpf.o'", innermost first

    /// Message, context and hint as one line for people.
    [[nodiscard]] std::string to_string() const;
};

/// The text of an errno value or of a negative errno as libbpf returns it, e.g. "permission denied (EACCES)".
[[nodiscard]] std::string errno_text(int error);

/// An Error for a failed system call: "`what`: text of `error`", with the code that fits `error`
/// (ENOENT -> not_found, EPERM/EACCES -> permission_denied, else io). `error` may be negative.
[[nodiscard]] Error errno_error(int error, const std::string& what);

namespace detail {
/// Prints the held error and aborts: reading the value of a failed Result is a defect in every build type.
[[noreturn]] void bad_result_access(const Error& error);
[[noreturn]] void bad_error_access();
}  // namespace detail

template <class T = void>
class [[nodiscard]] Result {
  public:
    using value_type = T;

    Result(T value)
        : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
    Result(Error error)
        : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

    [[nodiscard]] bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }

    T& value() & { return check(), *std::get_if<0>(&state_); }
    const T& value() const& { return check(), *std::get_if<0>(&state_); }
    T&& value() && { return check(), std::move(*std::get_if<0>(&state_)); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    [[nodiscard]] const Error& error() const& {
        if (has_value()) detail::bad_error_access();
        return *std::get_if<1>(&state_);
    }
    [[nodiscard]] Error&& error() && {
        if (has_value()) detail::bad_error_access();
        return std::move(*std::get_if<1>(&state_));
    }
    template <class U>
    [[nodiscard]] T value_or(U&& fallback) const& {
        return has_value() ? value() : static_cast<T>(std::forward<U>(fallback));
    }
    /// Adds "while ..." to the error, if there is one.
    Result&& context(std::string text) && {
        if (!has_value()) std::get_if<1>(&state_)->context.push_back(std::move(text));
        return std::move(*this);
    }

  private:
    void check() const {
        if (!has_value()) detail::bad_result_access(*std::get_if<1>(&state_));
    }
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
  public:
    using value_type = void;

    Result() = default;
    Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

    [[nodiscard]] bool has_value() const { return !error_.has_value(); }
    explicit operator bool() const { return has_value(); }
    void value() const {
        if (error_) detail::bad_result_access(*error_);
    }
    [[nodiscard]] const Error& error() const& {
        if (!error_) detail::bad_error_access();
        return *error_;
    }
    [[nodiscard]] Error&& error() && {
        if (!error_) detail::bad_error_access();
        return std::move(*error_);
    }
    Result&& context(std::string text) && {
        if (error_) error_->context.push_back(std::move(text));
        return std::move(*this);
    }

  private:
    std::optional<Error> error_;
};

}  // namespace gadget

#define GADGET_DETAIL_JOIN2(a, b) a##b
#define GADGET_DETAIL_JOIN(a, b) GADGET_DETAIL_JOIN2(a, b)

/// Returns the error of `expression` (a Result) to the caller, or goes on.
#define GADGET_TRY(expression)                                               \
    do {                                                                     \
        auto gadget_try_result = (expression);                               \
        if (!gadget_try_result) return std::move(gadget_try_result).error(); \
    } while (false)

/// `GADGET_TRY_ASSIGN(auto file, read_file(path))`: binds the value, or returns the error to the caller.
#define GADGET_TRY_ASSIGN(declaration, expression) \
    GADGET_DETAIL_TRY_ASSIGN(GADGET_DETAIL_JOIN(gadget_try_, __LINE__), declaration, expression)
#define GADGET_DETAIL_TRY_ASSIGN(temporary, declaration, expression) \
    auto temporary = (expression);                                   \
    if (!temporary) return std::move(temporary).error();             \
    declaration = std::move(temporary).value()
