// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "metadata.h"

namespace gadget::validator {
namespace {

using model::Field;

// Only types of gadgets make fields special; most fields have none.
bool has_gadget_type(const Field& field) {
    return std::any_of(field.type_names.begin(), field.type_names.end(),
                       [](const auto& name) { return name.starts_with("gadget_"); });
}

// Types whose fields get a second one, formatted.
bool is_formatted(const Field& field) {
    constexpr std::string_view kTypes[] = {"gadget_timestamp", "gadget_signal",     "gadget_errno",
                                           "gadget_syscall",   "gadget_bytes",      "gadget_duration",
                                           "gadget_file_mode", "gadget_file_flags", "gadget_kernel_stack",
                                           "gadget_uid",       "gadget_gid"};
    if (!field.enum_name.empty()) return true;
    return has_gadget_type(field) &&
           std::any_of(std::begin(kTypes), std::end(kTypes), [&](auto type) { return field.has_type(type); });
}

// Fields that the container manager adds to events with a namespace.
constexpr std::array<std::string_view, 17> kContainerFields{"k8s",
                                                            "k8s.node",
                                                            "k8s.namespace",
                                                            "k8s.podName",
                                                            "k8s.containerName",
                                                            "k8s.hostnetwork",
                                                            "k8s.podLabels",
                                                            "k8s.owner",
                                                            "k8s.owner.kind",
                                                            "k8s.owner.name",
                                                            "runtime",
                                                            "runtime.containerName",
                                                            "runtime.runtimeName",
                                                            "runtime.containerId",
                                                            "runtime.containerPid",
                                                            "runtime.containerImageName",
                                                            "runtime.containerImageDigest"};

std::string parent_of(const Field& field) {
    return field.path.substr(0, field.path.size() - field.name.size());
}

void add_formatted(const Field& field, FieldNames& names) {
    const auto parent = parent_of(field);
    if (field.name.ends_with("_raw")) {
        names.add(field.path.substr(0, field.path.size() - 4));
    } else if (field.has_type("gadget_uid")) {
        names.add(parent + "user");
    } else if (field.has_type("gadget_gid")) {
        names.add(parent + "group");
    }
}

void add_types(const Field& field, FieldNames& names) {
    const auto add = [&](std::initializer_list<const char*> children) {
        for (const auto* child : children) names.add(field.path + "." + child);
    };
    if (field.has_type("gadget_l3endpoint_t")) add({"addr"});
    if (field.has_type("gadget_l4endpoint_t")) add({"addr", "proto", "endpoint"});
    if (field.has_type("gadget_user_stack")) {
        add({"addresses", "buildid", "symbols"});
        add_formatted(field, names);
    }
}

// Names of fields that annotations ask for.
void add_targets(const model::Annotations& annotations, const std::string& parent, FieldNames& names) {
    for (const auto& [key, value] : annotations) {
        const bool is_target =
            key.ends_with(".target") || key == "ebpf.formatter.enum" || key == "ebpf.formatter.kstack";
        if (is_target && !value.empty()) {
            names.add(parent + value);
            names.add(value);
        }
    }
}

FieldNames field_names(const DataSource& source, const model::DataSourceMetadata& metadata) {
    FieldNames names;
    bool has_namespace = false;
    for (const auto* schema : source.schemas) {
        for (const auto& field : schema->fields) {
            names.add(field.path);
            if (has_gadget_type(field)) {
                add_types(field, names);
                has_namespace |= field.has_type("gadget_mntns_id") || field.has_type("gadget_netns_id");
            }
            if (is_formatted(field)) add_formatted(field, names);
            const auto described = metadata.fields.find(field.path);
            if (described != metadata.fields.end())
                add_targets(described->second.annotations, parent_of(field), names);
        }
    }
    if (has_namespace) {
        for (const auto name : kContainerFields) names.add(std::string(name));
        names.add("runtime.containerStartedAt");
    }
    constexpr std::string_view kEnvironment = "env.fields.";
    for (const auto& [key, value] : metadata.annotations) {
        if (key == "ebpf.rest.name") names.add(value);
        if (key.starts_with(kEnvironment)) names.add(key.substr(kEnvironment.size()));
    }
    return names;
}

}  // namespace

std::string lower_case(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

std::string param_key(const Input& input, const std::string& variable) {
    constexpr std::pair<std::string_view, std::string_view> kWellKnown[] = {
        {"targ_pid", "pid"},
        {"targ_tid", "tid"},
        {"targ_uid", "uid"},
        {"targ_gid", "gid"},
        {"targ_comm", "comm"},
        {"collect_ustack", "collect-ustack"},
        {"collect_build_id", "collect-build-id"},
        {"collect_otel_stack", "collect-otel-stack"}};
    for (const auto& [name, key] : kWellKnown) {
        if (name == variable) return std::string(key);
    }
    if (input.manifest != nullptr) {
        const auto found = input.manifest->ebpf_params.find(variable);
        if (found != input.manifest->ebpf_params.end() && !found->second.key.empty())
            return found->second.key;
    }
    return variable;
}

void FieldNames::add(std::string name) {
    if (lower_.insert(lower_case(name)).second) names_.push_back(std::move(name));
}

bool FieldNames::contains(std::string_view path) const {
    return lower_.contains(lower_case(path));
}

DataSources::DataSources(const model::ObjectFacts& facts, const model::Manifest* manifest) {
    const auto add_struct = [&](const std::string& name, const std::string& tag) {
        auto& source = sources_[name];
        const auto found = facts.structs.find(tag);
        if (found != facts.structs.end()) source.schemas.push_back(&found->second);
    };
    for (const auto& tracer : facts.tracers) add_struct(tracer.name, tracer.struct_name);
    for (const auto& iterator : facts.iterators) add_struct(iterator.name, iterator.struct_name);
    for (const auto& iterator : facts.map_iterators) {
        auto& source = sources_[iterator.name];
        const auto* map = facts.find_map(iterator.map);
        if (map == nullptr) continue;
        if (map->key_schema) source.schemas.push_back(&*map->key_schema);
        if (map->value_schema) source.schemas.push_back(&*map->value_schema);
    }
    if (manifest == nullptr) return;
    for (const auto& [name, metadata] : manifest->datasources) {
        if (const auto* source = find(name))
            described_.push_back({name, metadata, *source, field_names(*source, metadata)});
    }
}

const DataSource* DataSources::find(std::string_view name) const {
    const auto wanted = lower_case(name);
    for (const auto& [each, source] : sources_) {
        if (lower_case(each) == wanted) return &source;
    }
    return nullptr;
}

const DescribedSource* DataSources::described(const model::DataSourceMetadata& metadata) const {
    const auto found = std::find_if(described_.begin(), described_.end(),
                                    [&](const auto& each) { return &each.metadata == &metadata; });
    return found == described_.end() ? nullptr : &*found;
}

bool is_in_wasm(const Options& options, std::string_view name) {
    return options.wasm.find(name) != std::string_view::npos;
}

bool is_operator_source(std::string_view name) {
    return name == "containers" || name == "processes" || name == "cgroups" || name == "bpfstats";
}

}  // namespace gadget::validator
