// SPDX-License-Identifier: Apache-2.0
// Which signatures an image must have: a small JSON file of the user.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/packager/signing.h"

namespace gadget::packager {

/// What holds for the images whose name matches one of `images`.
struct PolicyRule {
    std::vector<std::string> images;  ///< full names; a final '*' matches any rest
    bool accept_unsigned = false;     ///< these images need no signature
    std::vector<std::string> keys;    ///< files with public keys, one of which must have signed
    std::vector<std::string>
        identities;  ///< repositories that the signature may name; empty: the image's own
};

struct Policy {
    std::vector<PolicyRule> rules;

    /// The first rule that matches `image` ("ghcr.io/me/foo:v1"), or null: then nothing is accepted.
    [[nodiscard]] const PolicyRule* find(std::string_view image) const;
};

/// {"version": 1, "rules": [{"images": ["ghcr.io/me/*"], "keys": ["me.pub"], "identities": ["ghcr.io/me/*"]},
///                          {"images": ["localhost:5000/*"], "unsigned": "accept"}]}
/// rejected_input says what is wrong with the file called `name`.
[[nodiscard]] Result<Policy> parse_policy(std::string_view text, const std::string& name);

/// Reads a key file that a rule names.
using KeyReader = std::function<Result<std::string>(const std::string& file)>;

/// What was found about an image that a policy accepts.
struct PolicyVerdict {
    bool is_signed = false;  ///< false: the rule asks for no signature
    Verified signature{};
};

/// Checks the image `root` of `layout`, called `image`. Errors as verify_image(); permission_denied also when
/// no rule matches, or the signature is about another repository.
[[nodiscard]] Result<PolicyVerdict> check_policy(const Policy& policy, const Layout& layout,
                                                 const Descriptor& root, const std::string& image,
                                                 const KeyReader& read_key);

}  // namespace gadget::packager
