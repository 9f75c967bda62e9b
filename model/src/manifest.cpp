// SPDX-License-Identifier: Apache-2.0
// Reader of gadget.yaml. Inspektor Gadget has two readers: the build step wants exact spelling and ignores
// the rest, the run step ignores case. We read like the latter and warn where the former would miss a key.
#include "gadget/model/manifest.h"

#include <algorithm>
#include <array>
#include <functional>
#include <set>

#include "gadget/support/text.h"
#include "yaml_reader.h"

namespace gadget::model {
namespace {

using KeyHandler = std::function<void(const YAML::Node& key, const YAML::Node& value)>;

struct KnownKey {
    std::string name;
    KeyHandler handle;  ///< empty: known, not needed here
};

class ManifestReader {
  public:
    ManifestReader(const std::string& file, DiagnosticSink& sink) : yaml_(file, sink) {}

    Result<Manifest> read(std::string_view text) {
        const auto root = yaml_.parse(text);
        if (root) read_root(*root);
        if (yaml_.failed())
            return Error{.code = ErrorCode::rejected_input, .message = "the metadata has errors"};
        manifest_.text = text;
        return std::move(manifest_);
    }

  private:
    /// Walks a mapping with a fixed vocabulary: unknown keys and near misses become findings, duplicates
    /// errors.
    void read_keys(const YAML::Node& map, const std::string& what, const std::vector<KnownKey>& known) {
        if (!yaml_.expect_map(map, what)) return;
        std::set<std::string> seen;
        for (const auto& entry : map) {
            const auto key = yaml_.key(entry.first);
            if (!key) continue;
            const std::string lower = lower_case(*key);
            if (!seen.insert(lower).second) {
                yaml_.error(entry.first, "duplicate-key", "'" + *key + "' is given twice in " + what,
                            "keep one of them");
                continue;
            }
            const auto match = std::find_if(known.begin(), known.end(),
                                            [&](const auto& k) { return lower_case(k.name) == lower; });
            if (match == known.end()) {
                report_unknown(entry.first, *key, what, known);
                continue;
            }
            if (match->name != *key) {
                yaml_.warning(entry.first, "key-case",
                              "'" + *key + "' is spelt '" + match->name +
                                  "': it works at run time but the build step of "
                                  "Inspektor Gadget does not see it",
                              "write '" + match->name + "'", yaml_.replace_key(entry.first, match->name));
            }
            if (match->handle) match->handle(entry.first, entry.second);
        }
    }

    void report_unknown(const YAML::Node& node, const std::string& key, const std::string& what,
                        const std::vector<KnownKey>& known) {
        std::vector<std::string> names;
        for (const auto& entry : known) names.push_back(entry.name);
        const auto near = nearest(key, names);
        yaml_.warning(
            node, "unknown-key", "unknown key '" + key + "' in " + what,
            near.empty() ? "nothing reads it; the keys are " + join_words(names) : did_you_mean(key, names),
            yaml_.replace_key(node, near));
    }

    /// A mapping whose keys are names chosen by the author.
    void read_names(const YAML::Node& map, const std::string& what,
                    const std::function<void(const std::string& name, const YAML::Node& key,
                                             const YAML::Node& value)>& handle) {
        if (!yaml_.expect_map(map, what)) return;
        std::set<std::string> seen;
        for (const auto& entry : map) {
            const auto key = yaml_.key(entry.first);
            if (!key) continue;
            if (!seen.insert(*key).second) {
                yaml_.error(entry.first, "duplicate-key", "'" + *key + "' is given twice in " + what,
                            "keep one of them");
                continue;
            }
            handle(*key, entry.first, entry.second);
        }
    }

    KeyHandler into(std::string& target, const std::string& what) {
        return [this, &target, what](const YAML::Node&, const YAML::Node& value) {
            if (auto text = yaml_.scalar(value, what)) target = std::move(*text);
        };
    }

    void read_root(const YAML::Node& root) {
        read_keys(root, "the metadata",
                  {{"name", into(manifest_.name, "'name'")},
                   {"description", into(manifest_.description, "'description'")},
                   {"homepageURL", into(manifest_.homepage_url, "'homepageURL'")},
                   {"documentationURL", into(manifest_.documentation_url, "'documentationURL'")},
                   {"sourceURL", into(manifest_.source_url, "'sourceURL'")},
                   {"annotations",
                    [this](const auto&, const auto& value) {
                        manifest_.annotations = read_annotations(value, "'annotations'", nullptr);
                    }},
                   {"datasources", [this](const auto&, const auto& value) { read_datasources(value); }},
                   {"params", [this](const auto&, const auto& value) { read_params(value); }},
                   {"ebpfParams", [this](const auto&, const auto& value) { read_ebpf_params(value); }},
                   {"programs", [this](const auto&, const auto& value) { read_programs(value); }},
                   {"paramDefaults",
                    [this](const auto&, const auto& value) {
                        read_settings(value, "'paramDefaults'", "", manifest_.param_defaults);
                    }},
                   {"operator", [this](const auto&, const auto& value) {
                        read_settings(value, "'operator'", "", manifest_.operators);
                    }}});
    }

    /// With `sources`, keys become lower case as at run time, and their positions are kept.
    Annotations read_annotations(const YAML::Node& map, const std::string& what, AnnotationSources* sources) {
        Annotations result;
        read_names(map, what, [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
            auto text = yaml_.scalar(value, "annotation '" + name + "'");
            if (!text) return;
            const std::string stored = sources == nullptr ? name : lower_case(name);
            if (stored != name) {
                yaml_.warning(
                    key, "key-case",
                    "annotation '" + name + "' is spelt '" + stored +
                        "': letter case does not matter at run time, but to tools that read the file",
                    "write '" + stored + "'", yaml_.replace_key(key, stored));
            }
            result[stored] = std::move(*text);
            if (sources != nullptr) (*sources)[stored] = yaml_.where(key);
        });
        return result;
    }

    void read_datasources(const YAML::Node& map) {
        read_names(
            map, "'datasources'",
            [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
                DataSourceMetadata source;
                source.source = yaml_.where(key);
                const std::string what = "data source '" + name + "'";
                read_keys(value, what,
                          {{"annotations",
                            [&](const auto&, const auto& v) {
                                source.annotations =
                                    read_annotations(v, "annotations of " + what, &source.annotation_sources);
                            }},
                           {"tags", {}},
                           {"fields", [&](const auto&, const auto& v) { read_fields(v, what, source); }}});
                manifest_.datasources[name] = std::move(source);
            });
    }

    void read_fields(const YAML::Node& map, const std::string& of, DataSourceMetadata& source) {
        read_names(map, "fields of " + of,
                   [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
                       FieldMetadata field;
                       field.source = yaml_.where(key);
                       const std::string what = "field '" + name + "'";
                       read_keys(value, what,
                                 {{"annotations",
                                   [&](const auto&, const auto& v) {
                                       field.annotations = read_annotations(v, "annotations of " + what,
                                                                            &field.annotation_sources);
                                   }},
                                  {"tags", {}}});
                       source.fields[name] = std::move(field);
                   });
    }

    void read_params(const YAML::Node& map) {
        read_keys(map, "'params'",
                  {{"ebpf", [this](const auto&, const auto& value) { read_ebpf_params(value); }},
                   {"wasm",
                    [this](const auto&, const auto& value) {
                        read_param_map(value, "'params.wasm'", manifest_.wasm_params);
                    }},
                   {"custom", [this](const auto&, const auto& value) { read_custom_params(value); }}});
    }

    void read_ebpf_params(const YAML::Node& map) {
        read_param_map(map, "'params.ebpf'", manifest_.ebpf_params);
    }

    /// The handlers of the keys that only some readers know: kept with their places.
    static KeyHandler noted(std::vector<KeyPosition>& others, const YamlReader& yaml) {
        return [&others, &yaml](const YAML::Node& key, const YAML::Node&) {
            others.push_back({key.Scalar(), yaml.where(key)});
        };
    }

    void read_param_map(const YAML::Node& map, const std::string& where,
                        std::map<std::string, ParamMetadata>& params) {
        read_names(map, where, [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
            ParamMetadata param;
            param.source = yaml_.where(key);
            const std::string what = "parameter '" + name + "'";
            std::vector<KnownKey> known{{"key", into(param.key, "'key' of " + what)},
                                        {"defaultValue",
                                         [&](const auto&, const auto& v) {
                                             param.default_source = yaml_.where(v);
                                             if (auto text = yaml_.scalar(v, "'defaultValue' of " + what))
                                                 param.default_value = std::move(*text);
                                         }},
                                        {"description", into(param.description, "'description' of " + what)},
                                        {"possibleValues", [&](const auto& k, const auto& v) {
                                             param.possible_values = yaml_.string_list(v, "'possibleValues'");
                                             noted(param.others, yaml_)(k, v);
                                         }}};
            for (const auto* other :
                 {"alternativeKey", "alias", "title", "isMandatory", "tags", "type", "typeHint", "valueHint"})
                known.push_back({other, noted(param.others, yaml_)});
            read_keys(value, what, known);
            params[name] = std::move(param);
        });
    }

    void read_programs(const YAML::Node& map) {
        read_names(map, "'programs'",
                   [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
                       ProgramMetadata program{.settings = {}, .source = yaml_.where(key)};
                       const std::string what = "program '" + name + "'";
                       read_settings(value, what, "", program.settings);
                       manifest_.programs[name] = std::move(program);
                   });
    }

    /// Everything below `node` by its dotted path, as the run step sees it.
    void read_settings(const YAML::Node& node, const std::string& what, const std::string& prefix,
                       Settings& settings) {
        read_names(node, what, [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
            const std::string path = (prefix.empty() ? "" : prefix + ".") + lower_case(name);
            if (value.IsMap()) {
                read_settings(value, what, path, settings);
                return;
            }
            Setting setting{.value = {}, .source = yaml_.where(key)};
            if (value.IsSequence()) {
                for (const auto& word : yaml_.string_list(value, "'" + name + "'"))
                    setting.value += (setting.value.empty() ? "" : ",") + word;
            } else if (auto text = yaml_.scalar(value, "'" + name + "'")) {
                setting.value = std::move(*text);
            }
            if (!settings.emplace(path, std::move(setting)).second)
                yaml_.error(key, "duplicate-key", "'" + path + "' is given twice in " + what,
                            "keep one of them");
        });
    }

    void read_custom_params(const YAML::Node& map) {
        read_names(map, "'params.custom'",
                   [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
                       CustomParamMetadata param;
                       param.source = yaml_.where(key);
                       read_custom_param(value, "parameter '" + name + "'", param);
                       manifest_.custom_params[name] = std::move(param);
                   });
    }

    void read_custom_param(const YAML::Node& node, const std::string& what, CustomParamMetadata& param) {
        const auto read_patch = [&](const YAML::Node& patch) {
            param.has_patch = true;
            Settings settings;
            read_settings(patch, "the patch of " + what, "", settings);
            param.patch.merge(settings);
        };
        const auto read_value = [&](const std::string& name, const YAML::Node&, const YAML::Node& value) {
            param.values.push_back(name);
            read_keys(
                value, "value '" + name + "' of " + what,
                {{"description", {}}, {"patch", [&](const auto&, const auto& patch) { read_patch(patch); }}});
        };
        read_keys(node, what,
                  {{"description", {}},
                   {"alias", {}},
                   {"key", {}},
                   {"title", {}},
                   {"defaultValue", into(param.default_value, "'defaultValue' of " + what)},
                   {"patch", [&](const auto&, const auto& patch) { read_patch(patch); }},
                   {"values", [&](const auto&, const auto& values) {
                        read_names(values, "the values of " + what, read_value);
                    }}});
    }

    YamlReader yaml_;
    Manifest manifest_;
};

}  // namespace

Result<Manifest> parse_manifest(std::string_view text, const std::string& file, DiagnosticSink& sink) {
    return ManifestReader(file, sink).read(text);
}

}  // namespace gadget::model
