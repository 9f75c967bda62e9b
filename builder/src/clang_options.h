// SPDX-License-Identifier: Apache-2.0
// The options that an author may give to the compiler. None names a file, a program or a plug-in: a
// build.yaml from a stranger is data.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gadget::builder {

/// What clang's front end takes for an option of its driver; nullopt: it is not on the list.
std::optional<std::vector<std::string>> front_end_form(std::string_view option);

}  // namespace gadget::builder
