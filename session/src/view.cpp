// SPDX-License-Identifier: Apache-2.0
#include "gadget/session/view.h"

#include <algorithm>

#include "gadget/support/text.h"

namespace gadget::session {
namespace {

using Sources = std::vector<std::unique_ptr<Source>>;

std::vector<std::string> names_of(const Sources& sources) {
    std::vector<std::string> names;
    for (const auto& source : sources) names.push_back(source->name());
    return names;
}

Error rejected(std::string message, std::string hint = {}) {
    return Error{.code = ErrorCode::rejected_input, .message = std::move(message), .hint = std::move(hint)};
}

Result<void> check_name(const Sources& sources, std::string_view name, const char* option) {
    const auto names = names_of(sources);
    if (std::find(names.begin(), names.end(), name) != names.end()) return {};
    return rejected(std::string(option) + ": there is no data source '" + printable(name) + "'",
                    "the data sources are " + join_words(names));
}

/// The part of a "source:value" list before the colon, for each part that has one.
Result<void> check_list(const Sources& sources, const std::string& text, char separator, const char* option) {
    for (const auto part : split(text, separator)) {
        const auto colon = part.find(':');
        if (colon == std::string_view::npos) continue;
        GADGET_TRY(check_name(sources, trim(part.substr(0, colon)), option));
    }
    return {};
}

Result<void> check_conditions(const Sources& sources,
                              const std::vector<std::pair<std::string, std::string>>& conditions,
                              const char* option) {
    for (const auto& [name, text] : conditions) {
        if (!name.empty()) GADGET_TRY(check_name(sources, name, option));
        if (name.empty() && sources.size() > 1) {
            return rejected(std::string(option) +
                                ": the gadget has several data sources, and the condition "
                                "does not say for which it is",
                            "use " + std::string(option) + "." + sources.front()->name());
        }
    }
    return {};
}

Result<void> check_sort(const Sources& sources, const std::string& sort) {
    if (sort.empty()) return {};
    GADGET_TRY(check_list(sources, sort, ';', "--sort"));
    for (const auto& source : sources) {
        GADGET_TRY_ASSIGN(const auto own, events::option_for_source(sort, ';', source->name()));
        const bool named = sort.find(':') != std::string::npos;
        if (own && !source->is_array() && (named || sources.size() == 1)) {
            return rejected("--sort: data source '" + printable(source->name()) +
                            "' reports events one by one, which cannot be sorted");
        }
    }
    return {};
}

}  // namespace

Result<View> View::create(const Source& source, bool only, const ViewOptions& options) {
    View view;
    const auto meant = [&](const std::string& name) {
        return name == source.name() || (name.empty() && only);
    };
    for (const auto& [name, text] : options.filters) {
        if (!meant(name)) continue;
        GADGET_TRY_ASSIGN(auto filter, events::Filter::parse(source.data, text));
        view.filters_.push_back(std::move(filter));
    }
    for (const auto& [name, text] : options.expressions) {
        if (!meant(name)) continue;
        GADGET_TRY_ASSIGN(auto filter, events::Filter::parse_expression(source.data, text));
        view.filters_.push_back(std::move(filter));
    }
    if (!source.is_array()) return view;
    if (!options.sort.empty()) {
        GADGET_TRY_ASSIGN(const auto own, events::option_for_source(options.sort, ';', source.name()));
        if (own && !own->empty()) {
            GADGET_TRY_ASSIGN(view.sorter_, events::Sorter::parse(source.data, *own));
        }
    }
    GADGET_TRY_ASSIGN(view.limit_, events::max_entries_for_source(options.max_entries, source.name()));
    return view;
}

void View::apply(std::vector<events::Record>& rows) {
    for (auto& filter : filters_)
        std::erase_if(rows, [&](const events::Record& row) { return !filter.matches(row); });
    if (sorter_) sorter_->sort(rows);
    if (limit_ && rows.size() > *limit_) rows.resize(*limit_);
}

Result<std::vector<View>> make_views(const Sources& sources, const ViewOptions& options) {
    GADGET_TRY(check_conditions(sources, options.filters, "--filter"));
    GADGET_TRY(check_conditions(sources, options.expressions, "--filter-expr"));
    GADGET_TRY(check_sort(sources, options.sort));
    GADGET_TRY(check_list(sources, options.max_entries, ',', "--max-entries"));
    std::vector<View> views;
    for (const auto& source : sources) {
        GADGET_TRY_ASSIGN(View view, View::create(*source, sources.size() == 1, options));
        views.push_back(std::move(view));
    }
    return views;
}

}  // namespace gadget::session
