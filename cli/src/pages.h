// SPDX-License-Identifier: Apache-2.0
// The pages of docs/diagnostics, which the executable carries.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/support/embedded_text.h"

namespace gadget::cli {

/// The files, named <id>.md.
[[nodiscard]] std::span<const EmbeddedText> page_files();

/// The ids that have a page, sorted as the files are.
[[nodiscard]] std::vector<std::string> page_ids();
/// The page about a finding in Markdown; empty when there is none.
[[nodiscard]] std::string_view find_page(std::string_view id);

}  // namespace gadget::cli
