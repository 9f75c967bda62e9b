// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace gadget::testkit::guest {

/// Whether the running kernel does `feature` (a name of feature_specs()), found out by using it. Returns ""
/// when it does, else the reason why not.
[[nodiscard]] std::string missing_feature(std::string_view feature);

/// Whether there is a probe for the feature.
[[nodiscard]] bool has_probe(std::string_view feature);

}  // namespace gadget::testkit::guest
