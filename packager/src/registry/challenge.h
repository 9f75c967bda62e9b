// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace gadget::packager {

/// One challenge of a WWW-Authenticate header.
struct Challenge {
    std::string scheme;                             ///< lower case: "bearer", "basic"
    std::map<std::string, std::string> parameters;  ///< names in lower case
};

/// All challenges of one header value; parts that cannot be read are left out.
[[nodiscard]] std::vector<Challenge> parse_challenges(std::string_view text);

/// The address of rel="next" in a Link header, or empty.
[[nodiscard]] std::string next_link(std::string_view text);

}  // namespace gadget::packager
