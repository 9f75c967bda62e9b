// SPDX-License-Identifier: Apache-2.0
#include "run_output_mode.h"

#include <algorithm>
#include <map>

#include "gadget/support/text.h"

namespace gadget::cli {
namespace {

const std::map<std::string, OutputMode, std::less<>> kModes{
    {"columns", OutputMode::columns}, {"json", OutputMode::json}, {"jsonpretty", OutputMode::json_pretty},
    {"yaml", OutputMode::yaml},       {"none", OutputMode::none}, {"histogram", OutputMode::histogram},
    {"pcap-ng", OutputMode::pcap_ng},
};

constexpr std::string_view kEverySource[] = {"columns", "json", "jsonpretty", "none", "yaml"};

bool makes_histogram(const session::Source& source) {
    const auto metrics = events::MetricsCollector::create(source.data);
    if (!metrics || !*metrics) return false;
    const auto all = (*metrics)->snapshot();
    return std::any_of(all.begin(), all.end(),
                       [](const auto& metric) { return metric.kind == events::MetricKind::histogram; });
}

/// The modes of the source by name, sorted.
std::vector<std::string> supported_modes(const session::Source& source) {
    std::vector<std::string> modes;
    const std::string list(source.data.annotation("cli.supported-output-modes"));
    for (const auto part : split(list, ',')) {
        if (!trim(part).empty()) modes.emplace_back(trim(part));
    }
    if (modes.empty()) modes.assign(std::begin(kEverySource), std::end(kEverySource));
    // What the fields can be turned into needs no permission.
    if (makes_histogram(source)) modes.emplace_back("histogram");
    if (!source.data.annotation("pcap.payload").empty()) modes.emplace_back("pcap-ng");
    std::sort(modes.begin(), modes.end());
    modes.erase(std::unique(modes.begin(), modes.end()), modes.end());
    return modes;
}

bool contains(const std::vector<std::string>& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

/// The mode when the user does not say: the metadata's, a drawing, columns, or the first one.
std::string default_mode(const session::Source& source, const std::vector<std::string>& modes) {
    const std::string_view wish = source.data.annotation("cli.default-output-mode");
    if (!wish.empty()) return std::string(wish);
    if (source.data.annotation("metrics.print") == "true") return "histogram";
    return contains(modes, "columns") ? "columns" : modes.front();
}

}  // namespace

Result<ModeChoice> choose_mode(const session::Source& source, const std::string& wanted) {
    const auto modes = supported_modes(source);
    GADGET_TRY_ASSIGN(auto own, events::option_for_source(wanted, ',', source.name()));
    const bool asked = own && !own->empty();
    const std::string name = asked ? *own : default_mode(source, modes);
    const auto known = kModes.find(name);
    if (contains(modes, name))
        return ModeChoice{known == kModes.end() ? OutputMode::text : known->second, ""};
    if (known == kModes.end() && asked) {
        return Error{.code = ErrorCode::invalid_argument,
                     .message = "-o: there is no output mode '" + printable(name) + "'",
                     .hint = "data source '" + source.name() + "' has " + join_words(modes)};
    }
    return ModeChoice{OutputMode::none, "data source '" + printable(source.name()) +
                                            "' is not shown: it has no '" + printable(name) +
                                            "' output; it has " + join_words(modes)};
}

Result<void> check_output_names(const RunOutput::Sources& sources, const std::string& wanted) {
    for (const auto part : split(wanted, ',')) {
        const auto colon = part.find(':');
        if (colon == std::string_view::npos) continue;
        const auto name = trim(part.substr(0, colon));
        const bool exists = std::any_of(sources.begin(), sources.end(),
                                        [&](const auto& source) { return source->name() == name; });
        if (exists) continue;
        std::vector<std::string> names;
        for (const auto& source : sources) names.push_back(source->name());
        return Error{.code = ErrorCode::invalid_argument,
                     .message = "-o: there is no data source '" + printable(name) + "'",
                     .hint = "the data sources are " + join_words(names)};
    }
    return {};
}

std::string_view to_string(OutputMode mode) {
    for (const auto& [name, value] : kModes) {
        if (value == mode) return name;
    }
    return "text";
}

}  // namespace gadget::cli
