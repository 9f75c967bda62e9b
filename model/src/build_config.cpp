// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "gadget/model/manifest.h"
#include "gadget/support/text.h"
#include "yaml_reader.h"

namespace gadget::model {
namespace {

const std::vector<std::string>& known_keys() {
    static const std::vector<std::string> keys{"ebpfsource", "metadata", "wasm", "defines",
                                               "includes",   "warnings", "allow"};
    return keys;
}

void read_allow(YamlReader& yaml, const YAML::Node& map, BuildConfig& config) {
    if (!yaml.expect_map(map, "'allow'")) return;
    std::set<std::string> seen;
    for (const auto& entry : map) {
        const auto id = yaml.key(entry.first);
        if (!id) continue;
        if (!seen.insert(*id).second) {
            yaml.error(entry.first, "duplicate-key", "'" + *id + "' is given twice in 'allow'",
                       "keep one of them");
            continue;
        }
        if (auto reason = yaml.scalar(entry.second, "the reason for '" + *id + "'"))
            config.allow.push_back({*id, std::move(*reason), yaml.where(entry.first)});
    }
}

/// One entry of the file. False: the key is unknown.
bool read_entry(YamlReader& yaml, const std::string& key, const YAML::Node& value, BuildConfig& config) {
    const auto text = [&](std::string& target) {
        if (auto scalar = yaml.scalar(value, "'" + key + "'")) target = std::move(*scalar);
    };
    if (key == "ebpfsource") {
        text(config.ebpf_source);
        config.ebpf_source_given = true;
    } else if (key == "metadata") {
        text(config.metadata);
    } else if (key == "wasm") {
        text(config.wasm);
    } else if (key == "defines") {
        config.defines = yaml.string_list(value, "'defines'");
    } else if (key == "includes") {
        config.include_dirs = yaml.string_list(value, "'includes'");
    } else if (key == "warnings") {
        config.warnings = yaml.string_list(value, "'warnings'");
    } else if (key == "allow") {
        read_allow(yaml, value, config);
    } else {
        return false;
    }
    return true;
}

}  // namespace

Result<BuildConfig> parse_build_config(std::string_view text, const std::string& file, DiagnosticSink& sink) {
    YamlReader yaml(file, sink);
    BuildConfig config;
    std::set<std::string> seen;
    const auto root = yaml.parse(text);
    if (root) {
        for (const auto& entry : *root) {
            const auto key = yaml.key(entry.first);
            if (!key) continue;
            if (!seen.insert(*key).second) {
                yaml.error(entry.first, "duplicate-key", "'" + *key + "' is given twice", "keep one of them");
            } else if (*key == "cflags") {
                yaml.error(entry.first, "unknown-key",
                           "'cflags' is not supported: free options could run programs",
                           "use 'defines', 'includes' and 'warnings'");
            } else if (!read_entry(yaml, *key, entry.second, config)) {
                std::string hint = did_you_mean(*key, known_keys());
                if (hint.empty()) hint = "the keys are " + join_words(known_keys());
                yaml.error(entry.first, "unknown-key", "unknown key '" + *key + "'", hint);
            }
        }
    }
    if (yaml.failed())
        return Error{.code = ErrorCode::rejected_input, .message = "'" + file + "' has errors"};
    return config;
}

}  // namespace gadget::model
