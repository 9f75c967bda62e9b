// SPDX-License-Identifier: Apache-2.0
#include "params.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

#include "gadget/support/text.h"

namespace gadget::cli {
namespace {

using model::FieldKind;

/// Flags of variables that every gadget shares (specification 4.5).
struct WellKnown {
    std::string_view variable, key, description;
};
constexpr WellKnown kWellKnown[] = {
    {"targ_pid", "pid", "show only events of this process id"},
    {"targ_tid", "tid", "show only events of this thread id"},
    {"targ_uid", "uid", "show only events of this user id"},
    {"targ_gid", "gid", "show only events of this group id"},
    {"targ_comm", "comm", "show only events of processes with this name"},
    {"collect_ustack", "collect-ustack", "collect user stacks"},
    {"collect_build_id", "collect-build-id", "collect build ids of user stacks"},
    {"collect_otel_stack", "collect-otel-stack", "collect stacks of interpreters"},
};

const WellKnown* well_known(std::string_view variable) {
    const auto* found = std::find_if(std::begin(kWellKnown), std::end(kWellKnown),
                                     [&](const auto& entry) { return entry.variable == variable; });
    return found == std::end(kWellKnown) ? nullptr : found;
}

std::string type_name(const model::Field& field) {
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
        case FieldKind::c_string:
            return "string";
        default:
            return "";
    }
}

std::uint64_t raw_value(const model::VariableFacts& variable) {
    std::uint64_t value = 0;
    std::memcpy(&value, variable.initial.data(),
                std::min<std::size_t>(variable.initial.size(), sizeof value));
    return value;
}

/// The value that the compiled object holds; strings too, which Inspektor Gadget loses.
std::string initial_text(const model::VariableFacts& variable) {
    const auto& bytes = variable.initial;
    if (bytes.empty() || bytes.size() < variable.type.size) return {};
    switch (variable.type.kind) {
        case FieldKind::boolean:
            return bytes[0] != std::byte{0} ? "true" : "false";
        case FieldKind::c_string: {
            const std::string_view text = as_text(bytes);
            return std::string(text.substr(0, text.find('\0')));
        }
        case FieldKind::unsigned_int:
            return std::to_string(raw_value(variable));
        case FieldKind::signed_int: {
            const unsigned unused = 64 - 8 * std::min<unsigned>(8, variable.type.element_size);
            return std::to_string(static_cast<std::int64_t>(raw_value(variable) << unused) >> unused);
        }
        case FieldKind::floating: {
            double value = 0;
            if (variable.type.element_size == sizeof(float)) {
                float small = 0;
                std::memcpy(&small, bytes.data(), sizeof small);
                value = static_cast<double>(small);
            } else {
                std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof value));
            }
            return std::to_string(value);
        }
        default:
            return {};
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

template <class T>
Result<Bytes> parse_integer(const Param& param, const std::string& text) {
    const unsigned bits = param.field.element_size * 8;
    const T low = std::is_signed_v<T> ? static_cast<T>(std::numeric_limits<T>::min() >> (64 - bits)) : T{0};
    const T high = static_cast<T>(std::numeric_limits<T>::max() >> (64 - bits));
    for (const auto& enumerator : param.field.enumerators) {
        if (enumerator.name == text) return bytes_of(enumerator.value, param.field.size);
    }
    T value = 0;
    const bool hex = text.starts_with("0x");
    const char* first = text.data() + (hex ? 2 : 0);
    const char* last = text.data() + text.size();
    const auto [end, error] = std::from_chars(first, last, value, hex ? 16 : 10);
    if (error != std::errc() || end != last || first == last || value < low || value > high) {
        return wrong_value(param, text,
                           "a number from " + std::to_string(low) + " to " + std::to_string(high));
    }
    return bytes_of(value, param.field.size);
}

Result<Bytes> parse_bool(const Param& param, const std::string& text) {
    if (text == "true" || text == "1") return bytes_of(std::uint8_t{1}, param.field.size);
    if (text == "false" || text == "0") return bytes_of(std::uint8_t{0}, param.field.size);
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
    if (error != std::errc() || end != text.data() + text.size()) return wrong_value(param, text, "a number");
    if (param.field.element_size == sizeof(float))
        return bytes_of(static_cast<float>(value), param.field.size);
    return bytes_of(value, param.field.size);
}

Error unknown_flag(const std::string& word, const std::vector<Param>& params) {
    std::vector<std::string> flags;
    for (const auto& param : params) flags.push_back("--" + param.key);
    std::string hint = did_you_mean(word, flags);
    if (hint.empty()) {
        hint = flags.empty() ? "this gadget has no parameters"
                             : "the parameters of this gadget are " + join_words(flags);
    }
    return Error{
        .code = ErrorCode::invalid_argument, .message = "unknown option '" + word + "'", .hint = hint};
}

}  // namespace

std::vector<Param> gadget_params(const model::ObjectFacts& facts, const model::Manifest* manifest) {
    std::vector<Param> params;
    for (const auto& name : facts.params) {
        const model::VariableFacts* variable = facts.find_variable(name);
        if (variable == nullptr || type_name(variable->type).empty()) continue;
        Param param{.key = name,
                    .variable = name,
                    .type = type_name(variable->type),
                    .description = {},
                    .default_value = initial_text(*variable),
                    .field = variable->type};
        if (const auto* known = well_known(name)) {
            param.key = known->key;
            param.description = known->description;
        }
        if (manifest != nullptr) {
            if (const auto found = manifest->ebpf_params.find(name); found != manifest->ebpf_params.end()) {
                if (!found->second.key.empty() && well_known(name) == nullptr) param.key = found->second.key;
                if (!found->second.description.empty()) param.description = found->second.description;
                const bool text = variable->type.kind == FieldKind::c_string;
                if (text && !found->second.default_value.empty())
                    param.default_value = found->second.default_value;
            }
        }
        const bool repeated =
            std::any_of(params.begin(), params.end(), [&](const auto& p) { return p.variable == name; });
        if (!repeated) params.push_back(std::move(param));
    }
    return params;
}

Result<Bytes> parse_param_value(const Param& param, const std::string& text) {
    switch (param.field.kind) {
        case FieldKind::boolean:
            return parse_bool(param, text);
        case FieldKind::signed_int:
            return parse_integer<std::int64_t>(param, text);
        case FieldKind::unsigned_int:
            return parse_integer<std::uint64_t>(param, text);
        case FieldKind::c_string:
            return parse_string(param, text);
        case FieldKind::floating:
            return parse_float(param, text);
        default:
            return Error{.code = ErrorCode::unsupported,
                         .message = "--" + param.key + ": type is not supported"};
    }
}

Result<std::vector<ParamValue>> assign_params(const std::vector<Param>& params,
                                              const std::vector<std::string>& words) {
    std::vector<ParamValue> values;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (!word.starts_with("--") || word.size() < 3) {
            return Error{.code = ErrorCode::invalid_argument,
                         .message = "unexpected argument '" + word + "'"};
        }
        const auto equals = word.find('=');
        const std::string key = word.substr(2, equals == std::string::npos ? std::string::npos : equals - 2);
        const auto param =
            std::find_if(params.begin(), params.end(), [&](const auto& p) { return p.key == key; });
        if (param == params.end()) return unknown_flag(word.substr(0, equals), params);
        std::string text;
        const bool next_is_value =
            i + 1 < words.size() &&
            (param->field.kind != FieldKind::boolean || words[i + 1] == "true" || words[i + 1] == "false");
        if (equals != std::string::npos) {
            text = word.substr(equals + 1);
        } else if (next_is_value) {
            text = words[++i];
        } else if (param->field.kind == FieldKind::boolean) {
            text = "true";
        } else {
            return Error{.code = ErrorCode::invalid_argument,
                         .message = "--" + key + " needs a value (" + param->type + ")"};
        }
        GADGET_TRY_ASSIGN(Bytes value, parse_param_value(*param, text));
        std::erase_if(values, [&](const auto& v) { return v.variable == param->variable; });
        values.push_back({param->variable, std::move(value)});
    }
    for (const auto& param : params) {
        const bool given = std::any_of(values.begin(), values.end(),
                                       [&](const auto& v) { return v.variable == param.variable; });
        if (given || param.field.kind != FieldKind::c_string || param.default_value.empty()) continue;
        GADGET_TRY_ASSIGN(Bytes value, parse_param_value(param, param.default_value));
        values.push_back({param.variable, std::move(value)});
    }
    return values;
}

std::string describe_params(const std::vector<Param>& params) {
    std::size_t width = 0;
    for (const auto& param : params) width = std::max(width, param.key.size() + param.type.size() + 3);
    std::string text;
    for (const auto& param : params) {
        std::string flag = "--" + param.key + " " + param.type;
        flag.resize(std::max(flag.size(), width + 2), ' ');
        text += "  " + flag + printable(param.description);
        if (!param.default_value.empty()) text += " (default " + printable(param.default_value) + ")";
        text += "\n";
    }
    return text;
}

}  // namespace gadget::cli
