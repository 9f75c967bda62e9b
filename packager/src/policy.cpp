// SPDX-License-Identifier: Apache-2.0
#include "gadget/packager/policy.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gadget/packager/reference.h"
#include "gadget/support/text.h"

namespace gadget::packager {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxPolicy = std::size_t{1} << 20;

Error wrong(const std::string& name, const std::string& why) {
    return {.code = ErrorCode::rejected_input, .message = "policy '" + name + "': " + why};
}

bool matches(std::string_view pattern, std::string_view text) {
    if (!pattern.ends_with('*')) return pattern == text;
    pattern.remove_suffix(1);
    return text.starts_with(pattern);
}

bool matches_one(const std::vector<std::string>& patterns, std::string_view text) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](const auto& pattern) { return matches(pattern, text); });
}

Result<std::vector<std::string>> words(const json& value, const std::string& what, const std::string& name) {
    std::vector<std::string> list;
    if (!value.is_array()) return wrong(name, what + " is not a list");
    for (const auto& word : value) {
        if (!word.is_string()) return wrong(name, what + " has something that is no text");
        list.push_back(word.get<std::string>());
        const auto star = list.back().find('*');
        if (star != std::string::npos && star + 1 != list.back().size())
            return wrong(name, "'" + printable(list.back()) + "': '*' may stand at the end only");
    }
    return list;
}

Result<PolicyRule> parse_rule(const json& value, const std::string& name) {
    if (!value.is_object()) return wrong(name, "a rule is not an object");
    PolicyRule rule;
    for (const auto& [key, member] : value.items()) {
        if (key == "images") {
            GADGET_TRY_ASSIGN(rule.images, words(member, key, name));
        } else if (key == "keys") {
            GADGET_TRY_ASSIGN(rule.keys, words(member, key, name));
        } else if (key == "identities") {
            GADGET_TRY_ASSIGN(rule.identities, words(member, key, name));
        } else if (key == "unsigned") {
            if (member != "accept" && member != "reject")
                return wrong(name, "unsigned is neither 'accept' nor 'reject'");
            rule.accept_unsigned = member == "accept";
        } else {
            // A rule that is half understood would be weaker than it was meant.
            return wrong(name, "unknown member '" + printable(key) + "' in a rule");
        }
    }
    if (rule.images.empty()) return wrong(name, "a rule names no images");
    if (rule.keys.empty() == !rule.accept_unsigned)
        return wrong(name, "a rule needs either keys, or \"unsigned\": \"accept\"");
    return rule;
}

std::string without_tag(const std::string& image) {
    const auto colon = image.rfind(':');
    const auto slash = image.rfind('/');
    return colon != std::string::npos && (slash == std::string::npos || colon > slash)
               ? image.substr(0, colon)
               : image;
}

}  // namespace

const PolicyRule* Policy::find(std::string_view image) const {
    const auto rule = std::find_if(rules.begin(), rules.end(),
                                   [&](const auto& each) { return matches_one(each.images, image); });
    return rule == rules.end() ? nullptr : &*rule;
}

Result<Policy> parse_policy(std::string_view text, const std::string& name) {
    const auto document = json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
    if (text.size() > kMaxPolicy || !document.is_object()) return wrong(name, "is not a JSON object");
    Policy policy;
    bool has_version = false;
    for (const auto& [key, member] : document.items()) {
        if (key == "version") {
            if (member != 1) return wrong(name, "version is not 1");
            has_version = true;
        } else if (key == "rules") {
            if (!member.is_array()) return wrong(name, "rules is not a list");
            for (const auto& value : member) {
                GADGET_TRY_ASSIGN(auto rule, parse_rule(value, name));
                policy.rules.push_back(std::move(rule));
            }
        } else {
            return wrong(name, "unknown member '" + printable(key) + "'");
        }
    }
    if (!has_version) return wrong(name, "has no version");
    return policy;
}

Result<PolicyVerdict> check_policy(const Policy& policy, const Layout& layout, const Descriptor& root,
                                   const std::string& image, const KeyReader& read_key) {
    const PolicyRule* rule = policy.find(image);
    if (rule == nullptr) {
        return Error{.code = ErrorCode::permission_denied,
                     .message = "no rule of the policy is about image " + image,
                     .hint = "add a rule for it, with its keys"};
    }
    if (rule->accept_unsigned) return PolicyVerdict{};
    std::vector<PublicKey> keys;
    for (const auto& file : rule->keys) {
        GADGET_TRY_ASSIGN(const std::string pem, read_key(file));
        auto key = PublicKey::from_pem(pem);
        if (!key) {
            Error error = std::move(key).error();
            error.context.push_back("while reading key '" + file + "'");
            return error;
        }
        keys.push_back(std::move(*key));
    }
    GADGET_TRY_ASSIGN(auto verified, verify_image(layout, root, keys));
    const std::string own = without_tag(image.substr(0, image.find('@')));
    const bool right = rule->identities.empty() ? verified.identity == own
                                                : matches_one(rule->identities, verified.identity);
    if (!right) {
        return Error{.code = ErrorCode::permission_denied,
                     .message = "image " + image + " is signed with a right key, but as '" +
                                printable(verified.identity) + "', which the policy does not accept for it"};
    }
    return PolicyVerdict{.is_signed = true, .signature = std::move(verified)};
}

}  // namespace gadget::packager
