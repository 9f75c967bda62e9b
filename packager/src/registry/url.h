// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gadget/support/result.h"

namespace gadget::packager {

/// An http or https address.
struct Url {
    bool secure = true;
    std::string host;  ///< lower case; IPv6 addresses without brackets
    std::uint16_t port = 443;
    std::string target = "/";  ///< path and query

    [[nodiscard]] std::string to_string() const;
    [[nodiscard]] std::string authority() const;  ///< host[:port] for the Host header
    /// Whether credentials for this one may be sent to `other`.
    [[nodiscard]] bool same_origin(const Url& other) const;
};

/// corrupt_data for anything but an absolute http(s) address without user name; a fragment is dropped.
Result<Url> parse_url(std::string_view text);

/// What a Location header means: absolute, or relative to the address that was asked.
Result<Url> resolve_location(const Url& base, std::string_view location);

/// Appends "name=value" (value percent-encoded) to the query, keeping what is there.
void add_query(std::string& target, std::string_view name, std::string_view value);

[[nodiscard]] std::string percent_encode(std::string_view text);

/// localhost, 127.0.0.0/8, ::1.
[[nodiscard]] bool is_loopback(std::string_view host);

}  // namespace gadget::packager
