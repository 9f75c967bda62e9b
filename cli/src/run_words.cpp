// SPDX-License-Identifier: Apache-2.0
// From the words of 'gadget run' to what a session wants.
#include "gadget/support/text.h"
#include "run_session.h"

namespace gadget::cli {
namespace {

/// "--filter.open=x" and "--filter.open x": the source and the condition, with the words that it took.
struct Qualified {
    std::string source;
    std::string text;
    std::size_t words = 0;  ///< 0: it is not this option
};

Result<Qualified> take_qualified(const std::vector<std::string>& words, std::size_t at,
                                 const std::string& option) {
    const std::string& word = words[at];
    if (!word.starts_with(option + ".")) return Qualified{};
    const auto equals = word.find('=');
    const std::string source = word.substr(
        option.size() + 1, equals == std::string::npos ? std::string::npos : equals - option.size() - 1);
    if (equals != std::string::npos) return Qualified{source, word.substr(equals + 1), 1};
    if (at + 1 < words.size()) return Qualified{source, words[at + 1], 2};
    return Error{.code = ErrorCode::invalid_argument, .message = word + " needs a condition"};
}

}  // namespace

Result<session::ViewOptions> view_options(const RunOptions& options, std::vector<std::string>& words) {
    session::ViewOptions view{.sort = options.sort, .max_entries = options.max_entries};
    for (const auto& filter : options.filters) view.filters.emplace_back("", filter);
    for (const auto& expression : options.expressions) view.expressions.emplace_back("", expression);
    std::vector<std::string> rest;
    for (std::size_t i = 0; i < words.size();) {
        GADGET_TRY_ASSIGN(auto filter, take_qualified(words, i, "--filter"));
        GADGET_TRY_ASSIGN(auto expression, take_qualified(words, i, "--filter-expr"));
        if (filter.words > 0) view.filters.emplace_back(filter.source, filter.text);
        if (expression.words > 0) view.expressions.emplace_back(expression.source, expression.text);
        if (filter.words + expression.words == 0) rest.push_back(words[i]);
        i += std::max<std::size_t>(1, filter.words + expression.words);
    }
    words = std::move(rest);
    return view;
}

Result<session::Options> session_options(const RunOptions& options,
                                         const std::vector<session::Param>& params) {
    session::Options wishes{.map_fetch_interval = options.map_fetch_interval,
                            .map_fetch_count = options.map_fetch_count,
                            .annotations = options.annotations,
                            .mount_namespaces = options.mount_namespaces,
                            .network_namespaces = options.network_namespaces,
                            .interface = options.interface};
    std::vector<std::string> words = options.params;
    GADGET_TRY_ASSIGN(wishes.view, view_options(options, words));
    GADGET_TRY_ASSIGN(wishes.params, session::split_param_words(params, words));
    return wishes;
}

}  // namespace gadget::cli
