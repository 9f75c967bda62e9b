// SPDX-License-Identifier: Apache-2.0
// Adds keys to a YAML document without touching the rest of its text. Private to the library.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "gadget/support/result.h"

namespace gadget::model {

/// Keys that a mapping should have, in order. A leaf is a string.
struct YamlTree {
    using Value = std::variant<std::string, YamlTree>;
    std::vector<std::pair<std::string, Value>> entries;

    /// The mapping under `key`, made when it is not there. Call for keys of mappings only.
    YamlTree& map(const std::string& key);
    void leaf(const std::string& key, std::string value);
};

struct YamlInsertion {
    std::string text;
    std::vector<std::string> added;  ///< dotted paths of what was missing, mappings without their content
    std::size_t empty_leaves = 0;    ///< among what was added
};

/// `text`, whose document is `root`, with what `wanted` has more. Keys that are there keep their values,
/// whatever these are. The result is read again and compared: `rejected_input` when it would not be the old
/// document plus the additions.
Result<YamlInsertion> insert_missing(std::string_view text, const YAML::Node& root, const YamlTree& wanted,
                                     const std::string& file);

}  // namespace gadget::model
