// SPDX-License-Identifier: Apache-2.0
// Which columns are shown, and how wide.
#pragma once

#include <string>
#include <vector>

#include "plan.h"

namespace gadget::events::detail {

struct Column {
    const Node* style = nullptr;  ///< whose name and width
    const Node* value = nullptr;  ///< whose value
    std::string title;            ///< upper case, safe to print
    unsigned width = 0;
};

/// The columns for a --fields list. `rejected_input` for a name that is not a column.
Result<std::vector<Column>> choose_columns(const Plan& plan, std::string_view fields);

/// Sets the widths: those of the annotations when `terminal_width` is 0, else so that a line fills the
/// terminal, each column between its limits. A column that would be left without width is not shown (width
/// 0).
void fit_columns(std::vector<Column>& columns, unsigned terminal_width);

}  // namespace gadget::events::detail
