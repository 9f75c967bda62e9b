// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "gadget/support/text.h"
#include "rules.h"

namespace gadget::validator {
namespace {

// Names that are not those of a mode become modes that print text: nearly the same name is a mistake.
void check_supported(const std::string& name, const model::DataSourceMetadata& source,
                     const model::Manifest& manifest, Reporter& report) {
    static const std::vector<std::string> kModes{"columns", "json", "jsonpretty", "yaml", "none", "pcap-ng"};
    const auto list = source.annotations.find("cli.supported-output-modes");
    if (list == source.annotations.end()) return;
    const auto at = source.annotation_sources.find(list->first);
    for (const auto each : split(list->second, ',')) {
        const auto mode = trim(each);
        if (std::find(kModes.begin(), kModes.end(), mode) != kModes.end() || nearest(mode, kModes).empty())
            continue;
        report.misspelt("data source " + quoted(name) + " supports output mode " + quoted(mode) +
                            ", which is the name of no mode and prints bare text",
                        mode, at == source.annotation_sources.end() ? source.source : at->second, manifest,
                        kModes, "");
    }
}

}  // namespace

void check_metadata_output_mode(const Input& input, Reporter& report) {
    if (input.manifest == nullptr) return;
    for (const auto& [name, source] : input.manifest->datasources) {
        check_supported(name, source, *input.manifest, report);
        const auto mode = source.annotations.find("cli.default-output-mode");
        if (mode == source.annotations.end()) continue;
        const auto list = source.annotations.find("cli.supported-output-modes");
        const std::string supported =
            list == source.annotations.end() ? "columns,json,jsonpretty,none,yaml" : list->second;
        std::vector<std::string> modes;
        for (const auto each : split(supported, ',')) modes.emplace_back(trim(each));
        if (std::find(modes.begin(), modes.end(), mode->second) != modes.end()) continue;
        const auto at = source.annotation_sources.find(mode->first);
        report.misspelt("data source " + quoted(name) + " has default output mode " + quoted(mode->second) +
                            ", which it does not support",
                        mode->second, at == source.annotation_sources.end() ? source.source : at->second,
                        *input.manifest, modes, "use " + printable(join_words(modes, "or")));
    }
}

}  // namespace gadget::validator
