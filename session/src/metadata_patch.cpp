// SPDX-License-Identifier: Apache-2.0
// Custom parameters: each value brings a tree that is merged over the metadata before anything else reads it.
#include "metadata.h"

#include <algorithm>

#include "gadget/support/text.h"
#include "yaml_tree.h"

namespace gadget::session {
namespace {

constexpr int kMaxDepth = 32;
constexpr std::size_t kMaxText = std::size_t{1} << 20;

Error bad_patch(const std::string& param, const std::string& why) {
    return Error{.code = ErrorCode::rejected_input,
                 .message = "custom parameter '" + printable(param) + "': " + why};
}

/// What templates may ask for.
struct TemplateContext {
    const YAML::Node& root;
    const std::vector<Param>& params;
    const ParamWords& values;
};

std::string value_of(const Param& param, const ParamWords& values) {
    std::string value = param.default_value;
    for (const auto& [key, text] : values) {
        if (key == param.key) value = text;
    }
    return value;
}

Result<std::string> call(const std::string& function, const std::string& argument,
                         const TemplateContext& context) {
    if (function == "getParamValue") {
        for (const auto& param : context.params) {
            if ("custom." + param.key == argument || param.key == argument)
                return value_of(param, context.values);
        }
        return Error{.code = ErrorCode::rejected_input,
                     .message = "there is no parameter '" + printable(argument) + "'"};
    }
    if (function == "getConfig") {
        YAML::Node node = context.root;
        for (const auto part : split(argument, '.')) node.reset(child(node, part));
        return scalar(node);
    }
    return Error{.code = ErrorCode::rejected_input,
                 .message = "the template function '" + printable(function) + "' is not known",
                 .hint = "templates may call getParamValue and getConfig"};
}

/// `{{ call .function "argument" }}` replaced; a '-' beside the braces is let pass.
Result<std::string> expand(const std::string& text, const TemplateContext& context) {
    std::string out;
    std::string_view rest = text;
    while (true) {
        const auto open = rest.find("{{");
        out += rest.substr(0, open);
        if (open == std::string_view::npos) return out;
        const auto close = rest.find("}}", open);
        if (close == std::string_view::npos) {
            return Error{.code = ErrorCode::rejected_input,
                         .message = "the template '" + printable(text) + "' has no '}}'"};
        }
        std::string_view inside = rest.substr(open + 2, close - open - 2);
        if (inside.starts_with('-')) inside.remove_prefix(1);
        if (inside.ends_with('-')) inside.remove_suffix(1);
        inside = trim(inside);
        // Go calls a member that is a function with the word 'call'.
        if (inside.starts_with("call ")) inside = trim(inside.substr(5));
        if (inside.starts_with('.')) inside.remove_prefix(1);
        const auto space = inside.find(' ');
        std::string_view argument =
            space == std::string_view::npos ? std::string_view() : trim(inside.substr(space));
        if (argument.size() >= 2 && argument.front() == '"' && argument.back() == '"')
            argument = argument.substr(1, argument.size() - 2);
        GADGET_TRY_ASSIGN(const std::string value,
                          call(std::string(inside.substr(0, space)), std::string(argument), context));
        out += value;
        if (out.size() > kMaxText)
            return Error{.code = ErrorCode::rejected_input, .message = "the template grows too large"};
        rest.remove_prefix(close + 2);
    }
}

/// Merges `patch` over `target`: mappings key by key, anything else replaces.
Result<void> merge(YAML::Node target, const YAML::Node& patch, const TemplateContext& context, int depth) {
    if (depth > kMaxDepth)
        return Error{.code = ErrorCode::rejected_input, .message = "the patch is nested too deeply"};
    for (const auto& entry : patch) {
        const std::string key = scalar(entry.first);
        YAML::Node existing = child(target, key);
        if (entry.second.IsMap()) {
            if (!existing.IsDefined() || !existing.IsMap()) {
                target[key] = YAML::Node(YAML::NodeType::Map);
                existing.reset(target[key]);
            }
            GADGET_TRY(merge(existing, entry.second, context, depth + 1));
            continue;
        }
        YAML::Node value = YAML::Clone(entry.second);
        if (entry.second.IsScalar()) {
            GADGET_TRY_ASSIGN(const std::string text, expand(entry.second.Scalar(), context));
            value = YAML::Node(text);
        }
        if (existing.IsDefined()) {
            existing = value;
        } else {
            target[key] = value;
        }
    }
    return {};
}

Result<void> apply_patch(const YAML::Node& root, const Param& param, const YAML::Node& patch,
                         const TemplateContext& context) {
    if (!patch || !patch.IsDefined()) return {};
    if (!patch.IsMap()) return bad_patch(param.key, "its patch is not a mapping");
    if (child(child(patch, "params"), "custom").IsDefined())
        return bad_patch(param.key, "its patch changes params.custom, which no patch may");
    auto merged = merge(root, patch, context, 0);
    if (!merged) return bad_patch(param.key, merged.error().message);
    return {};
}

}  // namespace

Result<std::vector<Param>> custom_params(const std::string& text) {
    return with_yaml([&]() -> Result<std::vector<Param>> {
        std::vector<Param> params;
        const YAML::Node map = child(child(YAML::Load(text), "params"), "custom");
        if (!map || !map.IsMap()) return params;
        for (const auto& entry : map) {
            Param param{.key = scalar(entry.first),
                        .variable = {},
                        .type = "string",
                        .description = scalar(child(entry.second, "description")),
                        .default_value = scalar(child(entry.second, "defaultValue")),
                        .field = {},
                        .alias = scalar(child(entry.second, "alias"))};
            param.initial = param.default_value;
            const YAML::Node choices = child(entry.second, "values");
            const bool any = child(entry.second, "patch").IsDefined();
            if (choices.IsDefined() && choices.IsMap() && !any) {
                for (const auto& choice : choices) param.possible_values.push_back(scalar(choice.first));
            }
            params.push_back(std::move(param));
        }
        return params;
    });
}

Result<std::string> apply_custom_params(const std::string& text, const std::vector<Param>& params,
                                        const ParamWords& values) {
    if (params.empty()) return text;
    return with_yaml([&]() -> Result<std::string> {
        YAML::Node root = YAML::Load(text);
        const YAML::Node original = YAML::Clone(root);
        const TemplateContext context{original, params, values};
        for (const auto& param : params) {
            const std::string value = value_of(param, values);
            if (value.empty()) continue;
            GADGET_TRY(parse_param_value(param, value));
            const YAML::Node definition = child(child(child(original, "params"), "custom"), param.key);
            GADGET_TRY(apply_patch(root, param, child(definition, "patch"), context));
            GADGET_TRY(
                apply_patch(root, param, child(child(child(definition, "values"), value), "patch"), context));
        }
        return YAML::Dump(root);
    });
}

}  // namespace gadget::session
