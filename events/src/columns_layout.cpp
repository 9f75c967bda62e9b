// SPDX-License-Identifier: Apache-2.0
#include "columns_layout.h"

#include <algorithm>

#include "escape.h"
#include "gadget/support/text.h"

namespace gadget::events::detail {
namespace {

/// Nothing shorter says anything.
constexpr unsigned kNarrowest = 4;

bool can_be_column(const Node& node) {
    return !node.unreferenced && (node.op != Op::container || !node.column.replace.empty());
}

Column make_column(const Plan& plan, const Node& node) {
    Column column;
    column.style = &node;
    column.value = &node;
    if (!node.column.replace.empty())
        column.value = &plan.nodes[static_cast<std::size_t>(plan.find(node.column.replace))];
    column.title = to_upper(terminal_escaped(node.column.name));
    column.width = node.column.width;
    return column;
}

Error unknown_column(const Plan& plan, std::string_view name) {
    std::vector<std::string> known;
    for (const Node& node : plan.nodes) {
        if (can_be_column(node)) known.push_back(node.column.name);
    }
    return Error{
        .code = ErrorCode::rejected_input,
        .message = "data source '" + printable(plan.name) + "' has no column '" + printable(name) + "'",
        .hint = did_you_mean(name, known)};
}

unsigned lower_limit(const Column& column) {
    const ColumnStyle& style = column.style->column;
    if (style.fixed) return style.width;
    const unsigned least = style.min_width > 0 ? style.min_width : kNarrowest;
    return std::min(std::max(least, 1U), style.width);
}

unsigned upper_limit(const Column& column) {
    const ColumnStyle& style = column.style->column;
    if (style.fixed) return style.width;
    return style.max_width > 0 ? std::max(style.max_width, style.width) : ~0U;
}

/// Takes or gives `amount` cells in proportion to the widths, within the limits; returns what could not be
/// placed.
unsigned distribute(std::vector<Column>& columns, unsigned amount, bool grow) {
    while (amount > 0) {
        std::uint64_t weights = 0;
        const auto space = [&](const Column& column) {
            if (column.width == 0) return 0U;
            return grow ? upper_limit(column) - std::min(upper_limit(column), column.width)
                        : column.width - std::min(column.width, lower_limit(column));
        };
        for (const Column& column : columns) weights += space(column) > 0 ? column.style->column.width : 0;
        if (weights == 0) return amount;
        unsigned moved = 0;
        const unsigned wanted = amount;
        for (Column& column : columns) {
            const unsigned room = space(column);
            if (room == 0 || amount == 0) continue;
            const auto share =
                static_cast<unsigned>(std::uint64_t{wanted} * column.style->column.width / weights);
            const unsigned step = std::min({std::max(share, 1U), room, amount});
            column.width = grow ? column.width + step : column.width - step;
            amount -= step;
            moved += step;
        }
        if (moved == 0) return amount;
    }
    return 0;
}

unsigned line_width(const std::vector<Column>& columns) {
    unsigned total = 0;
    for (const Column& column : columns) total += column.width > 0 ? column.width + 1 : 0;
    return total > 0 ? total - 1 : 0;
}

}  // namespace

Result<std::vector<Column>> choose_columns(const Plan& plan, std::string_view fields) {
    std::vector<const Node*> shown;
    const bool relative = fields.empty() || fields.front() == '+' || fields.front() == '-';
    if (relative) {
        for (const Node& node : plan.nodes) {
            if (can_be_column(node) && !node.hidden) shown.push_back(&node);
        }
    }
    for (std::string_view name : split(fields, ',')) {
        name = trim(name);
        if (name.empty()) continue;
        bool remove = false;
        if (relative && (name.front() == '+' || name.front() == '-')) {
            remove = name.front() == '-';
            name.remove_prefix(1);
        }
        const int index = plan.find_for_user(name);
        if (index < 0 || !can_be_column(plan.nodes[static_cast<std::size_t>(index)]))
            return unknown_column(plan, name);
        const Node* node = &plan.nodes[static_cast<std::size_t>(index)];
        const auto present = std::find(shown.begin(), shown.end(), node);
        if (remove && present != shown.end()) shown.erase(present);
        if (!remove && present == shown.end()) shown.push_back(node);
    }
    std::vector<Column> columns;
    columns.reserve(shown.size());
    for (const Node* node : shown) columns.push_back(make_column(plan, *node));
    return columns;
}

void fit_columns(std::vector<Column>& columns, unsigned terminal_width) {
    for (Column& column : columns) column.width = column.style->column.width;
    if (terminal_width == 0) return;
    unsigned total = line_width(columns);
    if (total < terminal_width) {
        (void)distribute(columns, terminal_width - total, true);  // what no column may take stays empty
        return;
    }
    unsigned excess = distribute(columns, total - terminal_width, false);
    // Still too wide with every column at its least: the last ones shrink further, then go.
    for (std::size_t i = columns.size(); i-- > 1 && excess > 0;) {
        Column& column = columns[i];
        const unsigned spare = column.width - std::min(column.width, 1U);
        if (spare >= excess) {
            column.width -= excess;
            excess = 0;
        } else {
            excess -= std::min(excess, column.width + 1);
            column.width = 0;
        }
    }
    if (!columns.empty() && excess > 0) columns.front().width = std::max(1U, terminal_width);
}

}  // namespace gadget::events::detail
