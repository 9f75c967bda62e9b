// SPDX-License-Identifier: Apache-2.0
// Access to YAML whose keys are read without regard to case, as at run time. Everything throws
// YAML::Exception for input of the wrong shape; with_yaml() turns that into an Error.
#pragma once

#include <yaml-cpp/yaml.h>

#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "gadget/support/result.h"

namespace gadget::session {

inline std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lower;
}

/// The value of `key` in a mapping; an undefined node when there is none.
inline YAML::Node child(const YAML::Node& map, std::string_view key) {
    if (map && map.IsMap()) {
        for (const auto& entry : map) {
            if (entry.first.IsScalar() && lower_case(entry.first.Scalar()) == lower_case(key))
                return entry.second;
        }
    }
    return YAML::Node(YAML::NodeType::Undefined);
}

inline std::string scalar(const YAML::Node& node) {
    return node && node.IsScalar() ? node.Scalar() : std::string();
}

/// Runs `work`, which uses yaml-cpp.
template <class Work>
auto with_yaml(Work work) -> decltype(work()) {
    try {
        return work();
    } catch (const std::exception& problem) {
        return Error{.code = ErrorCode::rejected_input,
                     .message = std::string("the metadata cannot be read: ") + problem.what()};
    }
}

}  // namespace gadget::session
