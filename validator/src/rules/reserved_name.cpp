// SPDX-License-Identifier: Apache-2.0
// Names that Inspektor Gadget gives a meaning (specification 1.12, 2.4, 4.5, 8.2).
#include <algorithm>
#include <iterator>

#include "rules.h"

namespace gadget::validator {
namespace {

// Flags that gadgets have anyway.
constexpr std::string_view kFlags[] = {"trace-pipe", "map-fetch-interval", "map-fetch-count", "iface", "pf"};

// Whether the metadata turns on the operator that makes a data source of that name.
bool is_made(const model::Manifest& manifest, std::string_view source) {
    constexpr std::pair<std::string_view, std::string_view> kSources[] = {
        {"processes", "process.emitstats"}, {"cgroups", "cgroup.emitstats"}, {"bpfstats", "ebpf.emitstats"}};
    for (const auto& [name, key] : kSources) {
        const auto found = manifest.operators.find(std::string(key));
        if (name == source) return found != manifest.operators.end() && found->second.value == "true";
    }
    const auto containers = manifest.annotations.find("enable-containers-datasource");
    return source == "containers" && containers != manifest.annotations.end() && containers->second == "true";
}

void check_sources(const Input& input, Reporter& report) {
    const auto check = [&](const std::string& name, const std::string& variable) {
        if (input.manifest == nullptr || !is_made(*input.manifest, name)) return;
        report.about_symbol("data source " + quoted(name) +
                                " has the name of one that an operator makes, which the metadata turns on",
                            variable, "give it another name");
    };
    for (const auto& each : input.facts.tracers) check(each.name, each.variable);
    for (const auto& each : input.facts.iterators) check(each.name, each.variable);
    for (const auto& each : input.facts.map_iterators) check(each.name, each.variable);
}

// Events with a namespace get the fields k8s and runtime.
void check_fields(const Input& input, Reporter& report) {
    for (const auto& [tag, schema] : input.facts.structs) {
        const bool enriched = std::any_of(schema.fields.begin(), schema.fields.end(), [](const auto& field) {
            return field.has_type("gadget_mntns_id") || field.has_type("gadget_netns_id");
        });
        for (const auto& field : schema.fields) {
            if (!enriched || field.parent >= 0 || (field.name != "k8s" && field.name != "runtime")) continue;
            report.about_symbol("field " + quoted(field.name) + " of struct " + quoted(tag) +
                                    " has the name of what is added about the container",
                                "struct " + tag + "." + field.name, "give it another name");
        }
    }
}

void check_variables(const Input& input, Reporter& report) {
    using enum model::FieldKind;
    for (const auto& variable : input.facts.variables) {
        const auto& name = variable.name;
        const bool constant = variable.is_const && variable.is_volatile && variable.is_global;
        if (name == "gadget_filter_by_mntns" && (variable.type.kind != boolean || !constant)) {
            report.about_symbol("variable " + quoted(name) +
                                    " is set by Inspektor Gadget, but is no global "
                                    "'const volatile bool'",
                                name, "take it from <gadget/mntns_filter.h>");
        }
        constexpr std::string_view kEntries = "_max_entries";
        if (name.ends_with(kEntries) && name.size() > kEntries.size() &&
            input.facts.find_map(name.substr(0, name.size() - kEntries.size())) != nullptr &&
            (!constant || variable.size != 4 ||
             (variable.type.kind != unsigned_int && variable.type.kind != signed_int))) {
            report.about_symbol("variable " + quoted(name) +
                                    " sets the size of a map, but is no global "
                                    "'const volatile __u32'",
                                name, "declare it as const volatile __u32, or rename it");
        }
        if (name.starts_with("gadget_var_")) {
            report.about_symbol(
                "variable " + quoted(name) + " has a prefix that Inspektor Gadget reserves: its start fails",
                name, "rename it");
        }
    }
}

void check_params(const Input& input, Reporter& report) {
    for (const auto& name : input.facts.params) {
        std::string key = name;
        if (input.manifest != nullptr) {
            const auto param = input.manifest->ebpf_params.find(name);
            if (param != input.manifest->ebpf_params.end() && !param->second.key.empty())
                key = param->second.key;
        }
        if (std::find(std::begin(kFlags), std::end(kFlags), key) == std::end(kFlags)) continue;
        report.about_symbol(
            "parameter " + quoted(name) + " has the key " + quoted(key) + ", which gadgets have anyway", name,
            "give it another key in the metadata");
    }
}

}  // namespace

void check_reserved_name(const Input& input, Reporter& report) {
    check_sources(input, report);
    check_fields(input, report);
    check_variables(input, report);
    check_params(input, report);
}

}  // namespace gadget::validator
