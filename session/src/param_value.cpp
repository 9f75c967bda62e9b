// SPDX-License-Identifier: Apache-2.0
// Values of parameters: text to bytes and back.
#include "param_value.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "gadget/session/params.h"
#include "gadget/support/text.h"

namespace gadget::session {
namespace {

using model::Field;
using model::FieldKind;

// struct gadget_l3endpoint_t of gadget/types.h.
constexpr std::size_t kEndpointSize = 32;
constexpr std::size_t kEndpointVersion = 16;

bool is_address(const Field& field) {
    return field.has_type("gadget_l3endpoint_t") && field.size == kEndpointSize;
}

std::string scalar_name(const Field& field) {
    const std::string bits = std::to_string(field.element_size * 8);
    switch (field.kind) {
        case FieldKind::boolean:
            return "bool";
        case FieldKind::signed_int:
            return field.enumerators.empty() ? "int" + bits : "enum";
        case FieldKind::unsigned_int:
            return field.enumerators.empty() ? "uint" + bits : "enum";
        case FieldKind::floating:
            return "float" + bits;
        default:
            return "";
    }
}

Error wrong_value(const Param& param, const std::string& text, const std::string& wanted) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "--" + param.key + ": '" + text + "' is not " + wanted};
}

template <class T>
Bytes bytes_of(const T& value, std::size_t size) {
    Bytes bytes(size);
    std::memcpy(bytes.data(), &value, std::min(size, sizeof value));
    return bytes;
}

std::string enumerator_words(const Field& field) {
    std::vector<std::string> names;
    for (const auto& enumerator : field.enumerators) names.push_back(enumerator.name);
    return names.empty() ? "" : "one of " + join_words(names, "or") + ", or ";
}

template <class T>
Result<Bytes> parse_integer(const Param& param, const std::string& text) {
    const unsigned bits = param.field.element_size * 8;
    const T low = std::is_signed_v<T> ? static_cast<T>(std::numeric_limits<T>::min() >> (64 - bits)) : T{0};
    const T high = static_cast<T>(std::numeric_limits<T>::max() >> (64 - bits));
    for (const auto& enumerator : param.field.enumerators) {
        if (enumerator.name == text) return bytes_of(enumerator.value, param.field.element_size);
    }
    T value = 0;
    const bool hex = text.starts_with("0x");
    const char* first = text.data() + (hex ? 2 : 0);
    const char* last = text.data() + text.size();
    const auto [end, error] = std::from_chars(first, last, value, hex ? 16 : 10);
    if (error != std::errc() || end != last || first == last || value < low || value > high) {
        return wrong_value(param, text,
                           enumerator_words(param.field) + "a number from " + std::to_string(low) + " to " +
                               std::to_string(high));
    }
    return bytes_of(value, param.field.element_size);
}

Result<Bytes> parse_bool(const Param& param, const std::string& text) {
    if (text == "true" || text == "1") return Bytes{std::byte{1}};
    if (text == "false" || text == "0") return Bytes{std::byte{0}};
    return wrong_value(param, text, "'true' or 'false'");
}

Result<Bytes> parse_string(const Param& param, const std::string& text) {
    if (text.size() >= param.field.size) {
        return Error{.code = ErrorCode::invalid_argument,
                     .message = "--" + param.key + ": '" + text + "' is longer than " +
                                std::to_string(param.field.size - 1) + " bytes"};
    }
    Bytes bytes(param.field.size);
    std::memcpy(bytes.data(), text.data(), text.size());
    return bytes;
}

Result<Bytes> parse_float(const Param& param, const std::string& text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool small = param.field.element_size == sizeof(float);
    const double most =
        small ? static_cast<double>(std::numeric_limits<float>::max()) : std::numeric_limits<double>::max();
    if (error != std::errc() || end != text.data() + text.size() || !(std::abs(value) <= most)) {
        std::array<char, 64> limit{};
        const auto written =
            std::to_chars(limit.data(), limit.data() + limit.size(), most, std::chars_format::general, 6);
        const std::string bound(limit.data(), written.ptr);
        return wrong_value(param, text, "a number from -" + bound + " to " + bound);
    }
    return small ? bytes_of(static_cast<float>(value), sizeof(float)) : bytes_of(value, sizeof value);
}

Result<Bytes> parse_address(const Param& param, const std::string& text) {
    Bytes bytes(kEndpointSize);
    if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
        bytes[kEndpointVersion] = std::byte{4};
    } else if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) {
        bytes[kEndpointVersion] = std::byte{6};
    } else {
        return wrong_value(param, text, "an IPv4 or IPv6 address");
    }
    return bytes;
}

Result<Bytes> parse_scalar(const Param& param, const std::string& text) {
    switch (param.field.kind) {
        case FieldKind::boolean:
            return parse_bool(param, text);
        case FieldKind::signed_int:
            return parse_integer<std::int64_t>(param, text);
        case FieldKind::unsigned_int:
            return parse_integer<std::uint64_t>(param, text);
        case FieldKind::floating:
            return parse_float(param, text);
        default:
            return Error{.code = ErrorCode::unsupported,
                         .message = "--" + param.key + ": its type cannot be given on the command line"};
    }
}

Result<Bytes> parse_array(const Param& param, const std::string& text) {
    Bytes bytes;
    for (const auto part : split(text, ',')) {
        GADGET_TRY_ASSIGN(const Bytes element, parse_scalar(param, std::string(trim(part))));
        bytes.insert(bytes.end(), element.begin(), element.end());
        if (bytes.size() > param.field.size) {
            return wrong_value(param, text,
                               "a list of at most " + std::to_string(param.field.count) + " values");
        }
    }
    bytes.resize(param.field.size);
    return bytes;
}

std::string float_text(std::span<const std::byte> bytes) {
    std::array<char, 64> text{};
    std::to_chars_result written{};
    if (bytes.size() == sizeof(float)) {
        float value = 0;
        std::memcpy(&value, bytes.data(), sizeof value);
        written = std::to_chars(text.data(), text.data() + text.size(), value);
    } else {
        double value = 0;
        std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof value));
        written = std::to_chars(text.data(), text.data() + text.size(), value);
    }
    return {text.data(), written.ptr};
}

std::string integer_text(const Field& field, std::span<const std::byte> bytes) {
    std::uint64_t raw = 0;
    std::memcpy(&raw, bytes.data(), std::min(bytes.size(), sizeof raw));
    auto number = static_cast<std::int64_t>(raw);
    if (field.kind == FieldKind::signed_int) {
        const auto unused = static_cast<unsigned>(64 - 8 * std::min<std::size_t>(8, bytes.size()));
        number = static_cast<std::int64_t>(raw << unused) >> unused;
    }
    for (const auto& enumerator : field.enumerators) {
        if (enumerator.value == number) return enumerator.name;
    }
    return field.kind == FieldKind::signed_int ? std::to_string(number) : std::to_string(raw);
}

std::string element_text(const Field& field, std::span<const std::byte> bytes) {
    switch (field.kind) {
        case FieldKind::boolean:
            return bytes[0] != std::byte{0} ? "true" : "false";
        case FieldKind::unsigned_int:
        case FieldKind::signed_int:
            return integer_text(field, bytes);
        case FieldKind::floating:
            return float_text(bytes);
        default:
            return {};
    }
}

std::string address_text(std::span<const std::byte> bytes) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = bytes[kEndpointVersion] == std::byte{6} ? AF_INET6 : AF_INET;
    return ::inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr ? "" : text.data();
}

std::string array_text(const Field& field, std::span<const std::byte> bytes) {
    std::size_t used = field.count;  // zeros at the end are not shown
    const auto is_zero = [&](std::size_t i) {
        const auto element = bytes.subspan(i * field.element_size, field.element_size);
        return std::all_of(element.begin(), element.end(), [](std::byte b) { return b == std::byte{0}; });
    };
    while (used > 0 && is_zero(used - 1)) --used;
    std::string text;
    for (std::size_t i = 0; i < used; ++i) {
        text += (i == 0 ? "" : ",") +
                element_text(field, bytes.subspan(i * field.element_size, field.element_size));
    }
    return text;
}

}  // namespace

std::string param_type_name(const Field& field) {
    if (is_address(field)) return "ip";
    if (field.kind == FieldKind::c_string && field.size > 0)
        return "string (at most " + std::to_string(field.size - 1) + " bytes)";
    std::string scalar = scalar_name(field);
    if (scalar.empty() || field.element_size == 0 || field.element_size > 8) return "";
    if (!field.is_array) return scalar;
    return scalar + " list (at most " + std::to_string(field.count) + ")";
}

std::string initial_text(const model::VariableFacts& variable) {
    const auto bytes = std::span(variable.initial);
    const Field& field = variable.type;
    if (bytes.empty() || bytes.size() < field.size || field.size == 0) return {};
    if (is_address(field)) return address_text(bytes);
    if (field.kind == FieldKind::c_string) {
        const std::string_view text = as_text(bytes);
        return std::string(text.substr(0, text.find('\0')));
    }
    if (field.element_size == 0 || field.element_size > 8) return {};
    return field.is_array ? array_text(field, bytes) : element_text(field, bytes.first(field.element_size));
}

Result<Bytes> parse_param_value(const Param& param, const std::string& text) {
    const auto& choice = param.possible_values;
    if (!choice.empty() && std::find(choice.begin(), choice.end(), text) == choice.end())
        return wrong_value(param, text, join_words(choice, "or"));
    if (param.variable.empty()) return Bytes{};  // custom: any text
    if (is_address(param.field)) return parse_address(param, text);
    if (param.field.kind == FieldKind::c_string) return parse_string(param, text);
    return param.field.is_array ? parse_array(param, text) : parse_scalar(param, text);
}

}  // namespace gadget::session
