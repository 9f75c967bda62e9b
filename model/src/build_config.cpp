// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "gadget/model/manifest.h"
#include "gadget/support/text.h"
#include "yaml_reader.h"

namespace gadget::model {
namespace {

using Lists = std::vector<std::string>;

const Lists kSettings{"defines", "includes", "warnings", "options"};
const Lists kKeys{"ebpfsource", "metadata", "wasm",    "link", "defines",
                  "includes",   "warnings", "options", "arch", "allow"};

// The list in `settings` that belongs to a key; nullptr when it is no key of a list.
template <class Settings>
Lists* list_of(Settings& settings, const std::string& key) {
    if (key == "defines") return &settings.defines;
    if (key == "includes") return &settings.include_dirs;
    if (key == "warnings") return &settings.warnings;
    if (key == "options") return &settings.options;
    return nullptr;
}

class ConfigReader {
  public:
    ConfigReader(const std::string& file, DiagnosticSink& sink) : yaml_(file, sink) {}

    bool read(std::string_view text, BuildConfig& config) {
        const auto root = yaml_.parse(text);
        if (root) {
            read_keys(*root, kKeys, [&](const std::string& key, const YAML::Node& value) {
                read_entry(key, value, config);
            });
        }
        return !yaml_.failed();
    }

  private:
    template <class Handle>
    void read_keys(const YAML::Node& map, const Lists& known, const Handle& handle) {
        std::set<std::string> seen;
        for (const auto& entry : map) {
            const auto key = yaml_.key(entry.first);
            if (!key) continue;
            if (!seen.insert(*key).second) {
                yaml_.error(entry.first, "duplicate-key", "'" + *key + "' is given twice",
                            "keep one of them");
            } else if (*key == "cflags") {
                yaml_.error(entry.first, "unknown-key",
                            "'cflags' is not supported: free options could run programs",
                            "use 'defines', 'includes', 'warnings' and 'options'");
            } else if (std::find(known.begin(), known.end(), *key) == known.end()) {
                std::string hint = did_you_mean(*key, known);
                if (hint.empty()) hint = "the keys are " + join_words(known);
                yaml_.error(entry.first, "unknown-key", "unknown key '" + *key + "'", hint);
            } else {
                handle(*key, entry.second);
            }
        }
    }

    void read_entry(const std::string& key, const YAML::Node& value, BuildConfig& config) {
        if (key == "link") {
            config.link = yaml_.string_list(value, "'link'");
        } else if (key == "arch") {
            read_archs(value, config);
        } else if (key == "allow") {
            read_allow(value, config);
        } else if (Lists* const list = list_of(config, key)) {
            *list = yaml_.string_list(value, "'" + key + "'");
        } else {
            read_path(key, value, config);
        }
    }

    void read_path(const std::string& key, const YAML::Node& value, BuildConfig& config) {
        const auto text = yaml_.scalar(value, "'" + key + "'");
        if (!text) return;
        if (key == "ebpfsource") {
            config.ebpf_source = *text;
            config.ebpf_source_given = true;
        } else {
            (key == "metadata" ? config.metadata : config.wasm) = *text;
        }
    }

    void read_archs(const YAML::Node& map, BuildConfig& config) {
        if (!yaml_.expect_map(map, "'arch'")) return;
        Lists names;
        for (const Arch arch : kAllArchs) names.emplace_back(to_string(arch));
        read_keys(map, names, [&](const std::string& name, const YAML::Node& settings) {
            if (!yaml_.expect_map(settings, "'arch." + name + "'")) return;
            BuildSettings& target = config.arch_settings[*parse_arch(name)];
            read_keys(settings, kSettings, [&](const std::string& key, const YAML::Node& value) {
                *list_of(target, key) = yaml_.string_list(value, "'arch." + name + '.' + key + "'");
            });
        });
    }

    void read_allow(const YAML::Node& map, BuildConfig& config) {
        if (!yaml_.expect_map(map, "'allow'")) return;
        std::set<std::string> seen;
        for (const auto& entry : map) {
            const auto id = yaml_.key(entry.first);
            if (!id) continue;
            if (!seen.insert(*id).second) {
                yaml_.error(entry.first, "duplicate-key", "'" + *id + "' is given twice in 'allow'",
                            "keep one of them");
            } else if (auto reason = yaml_.scalar(entry.second, "the reason for '" + *id + "'")) {
                config.allow.push_back({*id, std::move(*reason), yaml_.where(entry.first)});
            }
        }
    }

    YamlReader yaml_;
};

}  // namespace

Result<BuildConfig> parse_build_config(std::string_view text, const std::string& file, DiagnosticSink& sink) {
    BuildConfig config;
    if (!ConfigReader(file, sink).read(text, config))
        return Error{.code = ErrorCode::rejected_input, .message = "'" + file + "' has errors"};
    return config;
}

}  // namespace gadget::model
