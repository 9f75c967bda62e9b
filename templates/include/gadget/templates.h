// SPDX-License-Identifier: Apache-2.0
// gadget::templates: folders of new gadgets that build, validate, run and pass their tests at once.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/support/result.h"

namespace gadget::templates {

struct Template {
    std::string name;         ///< "tracer"
    std::string description;  ///< what a gadget made of it does, from its gadget.yaml
};

/// What can be chosen from, by name.
[[nodiscard]] std::vector<Template> list();

/// The template that is meant when none is named.
inline constexpr std::string_view kDefault = "tracer";

/// Makes the gadget `name` in the new folder `folder`, whole or not at all. The name becomes part of C
/// identifiers: lower-case letters, digits and underscores, a letter first, at most 32. Returns
/// `invalid_argument` for another name or an unknown template, with a suggestion, `already_exists` when
/// something is at `folder`, or why it cannot be written.
Result<void> create(std::string_view name, std::string_view template_name,
                    const std::filesystem::path& folder);

}  // namespace gadget::templates
