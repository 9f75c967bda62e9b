// SPDX-License-Identifier: Apache-2.0
// The package sources that this system is configured for, and what they say about other releases of the same
// mirrors.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/support/result.h"

namespace gadget::testkit {

struct AptSource {
    std::string uri;
    std::string suite;
    std::string
        options;  ///< as a one-line entry has them, e.g. "signed-by=/usr/share/keyrings/x.gpg"; may be empty
};

/// Entries of a one-line file (*.list): "deb [options] URI SUITE COMPONENT...".
[[nodiscard]] std::vector<AptSource> parse_one_line_sources(std::string_view text);
/// Entries of a deb822 file (*.sources); an entry per URI and suite.
[[nodiscard]] std::vector<AptSource> parse_deb822_sources(std::string_view text);
/// Everything under `folder` (normally /etc/apt): sources.list and sources.list.d.
Result<std::vector<AptSource>> read_apt_sources(const std::filesystem::path& folder);

/// Which archive a suite stands in: Debian keeps its security suites in an archive of their own.
enum class Archive : std::uint8_t { main, security };

/// The sources.list line for `suite`, made from the system's own entry for that archive. `unsupported` when
/// the system has none.
Result<std::string> source_line(const std::vector<AptSource>& sources, Archive archive,
                                std::string_view suite);

}  // namespace gadget::testkit
