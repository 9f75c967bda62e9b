// SPDX-License-Identifier: Apache-2.0
#include "gadget/session/params.h"

#include <algorithm>

#include "gadget/support/text.h"
#include "param_value.h"

namespace gadget::session {
namespace {

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

const Param* find_key(const std::vector<Param>& params, std::string_view key) {
    const auto found = std::find_if(params.begin(), params.end(), [&](const Param& param) {
        return param.key == key || (!param.alias.empty() && param.alias == key);
    });
    return found == params.end() ? nullptr : &*found;
}

Error unknown_flag(const std::string& flag, const std::vector<Param>& params) {
    std::vector<std::string> flags;
    for (const auto& param : params) flags.push_back("--" + param.key);
    std::string hint = did_you_mean(flag, flags);
    if (hint.empty()) {
        hint = flags.empty() ? "this gadget has no parameters"
                             : "the parameters of this gadget are " + join_words(flags);
    }
    return Error{
        .code = ErrorCode::invalid_argument, .message = "unknown option '" + flag + "'", .hint = hint};
}

/// What the metadata says about the parameter of a variable.
void apply_metadata(const model::ParamMetadata& metadata, bool known, Param& param) {
    if (!metadata.key.empty() && !known) param.key = metadata.key;
    if (!metadata.description.empty()) param.description = metadata.description;
    param.possible_values = metadata.possible_values;
    // The object's initial value wins, as in Inspektor Gadget, but for those that it cannot show.
    const bool has_initial = !param.initial.empty() && !param.field.is_array;
    const bool is_text = param.field.kind == model::FieldKind::c_string;
    if (!metadata.default_value.empty() && (!has_initial || is_text))
        param.default_value = metadata.default_value;
}

bool is_bool(const Param& param) {
    return param.field.kind == model::FieldKind::boolean && !param.field.is_array && !param.variable.empty();
}

}  // namespace

std::vector<Param> gadget_params(const model::ObjectFacts& facts, const model::Manifest* manifest) {
    std::vector<Param> params;
    for (const auto& name : facts.params) {
        const model::VariableFacts* variable = facts.find_variable(name);
        if (variable == nullptr || param_type_name(variable->type).empty()) continue;
        if (std::any_of(params.begin(), params.end(), [&](const auto& p) { return p.variable == name; }))
            continue;
        Param param{.key = name,
                    .variable = name,
                    .type = param_type_name(variable->type),
                    .description = {},
                    .default_value = initial_text(*variable),
                    .field = variable->type,
                    .initial = initial_text(*variable)};
        const auto* known = well_known(name);
        if (known != nullptr) {
            param.key = known->key;
            param.description = known->description;
        }
        if (manifest != nullptr) {
            const auto found = manifest->ebpf_params.find(name);
            if (found != manifest->ebpf_params.end()) apply_metadata(found->second, known != nullptr, param);
        }
        params.push_back(std::move(param));
    }
    return params;
}

Result<ParamWords> split_param_words(const std::vector<Param>& params,
                                     const std::vector<std::string>& words) {
    ParamWords values;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (!word.starts_with("--") || word.size() < 3)
            return Error{.code = ErrorCode::invalid_argument,
                         .message = "unexpected argument '" + word + "'"};
        const auto equals = word.find('=');
        const std::string key = word.substr(2, equals == std::string::npos ? std::string::npos : equals - 2);
        const Param* param = find_key(params, key);
        if (param == nullptr) return unknown_flag("--" + key, params);
        const bool next_is_value =
            i + 1 < words.size() && (!is_bool(*param) || words[i + 1] == "true" || words[i + 1] == "false");
        if (equals != std::string::npos) {
            values.emplace_back(param->key, word.substr(equals + 1));
        } else if (next_is_value) {
            values.emplace_back(param->key, words[++i]);
        } else if (is_bool(*param)) {
            values.emplace_back(param->key, "true");
        } else {
            return Error{.code = ErrorCode::invalid_argument,
                         .message = "--" + key + " needs a value (" + param->type + ")"};
        }
    }
    return values;
}

Result<std::vector<ParamValue>> assign_params(const std::vector<Param>& params, const ParamWords& values) {
    std::vector<ParamValue> constants;
    for (const auto& [key, text] : values) {
        const Param* param = find_key(params, key);
        if (param == nullptr) return unknown_flag("--" + key, params);
        GADGET_TRY_ASSIGN(Bytes value, parse_param_value(*param, text));
        std::erase_if(constants, [&](const auto& v) { return v.variable == param->variable; });
        if (!param->variable.empty()) constants.push_back({param->variable, std::move(value)});
    }
    for (const auto& param : params) {
        const bool given = std::any_of(constants.begin(), constants.end(),
                                       [&](const auto& v) { return v.variable == param.variable; });
        if (given || param.variable.empty() || param.default_value == param.initial) continue;
        GADGET_TRY_ASSIGN(Bytes value, parse_param_value(param, param.default_value));
        constants.push_back({param.variable, std::move(value)});
    }
    return constants;
}

std::string describe_params(const std::vector<Param>& params) {
    std::size_t width = 0;
    for (const auto& param : params) width = std::max(width, param.key.size() + param.type.size() + 3);
    std::string text;
    for (const auto& param : params) {
        std::string flag = "--" + param.key + " " + param.type;
        flag.resize(std::max(flag.size(), width + 2), ' ');
        text += "  " + flag + printable(param.description);
        if (!param.possible_values.empty())
            text += " (one of " + printable(join_words(param.possible_values, "or")) + ")";
        if (!param.default_value.empty()) text += " (default " + printable(param.default_value) + ")";
        text += "\n";
    }
    return text;
}

}  // namespace gadget::session
