// SPDX-License-Identifier: Apache-2.0
#include "metadata.h"

#include "gadget/support/text.h"
#include "yaml_tree.h"

namespace gadget::session {
namespace {

constexpr int kMaxDepth = 16;

/// Flattens the scalars below `node` to "a.b.c".
void flatten(const YAML::Node& node, const std::string& prefix, int depth,
             std::map<std::string, std::string>& out) {
    if (!node || depth > kMaxDepth) return;
    if (node.IsScalar()) out[prefix] = node.Scalar();
    if (!node.IsMap()) return;
    for (const auto& entry : node) {
        if (!entry.first.IsScalar()) continue;
        const std::string key = lower_case(entry.first.Scalar());
        flatten(entry.second, prefix.empty() ? key : prefix + "." + key, depth + 1, out);
    }
}

std::map<std::string, ProgramMetadata> read_programs(const YAML::Node& root) {
    std::map<std::string, ProgramMetadata> programs;
    const YAML::Node map = child(root, "programs");
    if (!map || !map.IsMap()) return programs;
    for (const auto& entry : map) {
        if (!entry.first.IsScalar()) continue;
        ProgramMetadata program;
        program.attach_to = scalar(child(entry.second, "attach_to"));
        flatten(entry.second, "", 0, program.settings);
        programs[entry.first.Scalar()] = std::move(program);
    }
    return programs;
}

std::vector<std::string> field_list(const YAML::Node& node) {
    std::vector<std::string> fields;
    if (node && node.IsSequence()) {
        for (const auto& entry : node) fields.push_back(scalar(entry));
        return fields;
    }
    const std::string text = scalar(node);
    for (const auto part : split(text, ',')) {
        if (!trim(part).empty()) fields.emplace_back(trim(part));
    }
    return fields;
}

std::map<std::string, StatisticsMetadata> read_operators(const YAML::Node& root) {
    std::map<std::string, StatisticsMetadata> operators;
    const YAML::Node map = child(root, "operator");
    for (const char* name : {"process", "cgroup", "ebpf"}) {
        const YAML::Node node = child(map, name);
        if (scalar(child(node, "emitstats")) != "true") continue;
        operators[name] = {.interval = scalar(child(node, "interval")),
                           .first_interval = scalar(child(node, "first-interval")),
                           .count = scalar(child(node, "count")),
                           .fields = field_list(child(node, "fields"))};
    }
    return operators;
}

std::string first_error(const DiagnosticList& findings) {
    for (const auto& finding : findings.all()) {
        if (finding.severity == Severity::error) return to_string(finding.location) + ": " + finding.message;
    }
    return "";
}

}  // namespace

Result<RunMetadata> read_run_metadata(const std::string& text, const std::string& name) {
    RunMetadata metadata;
    if (text.empty()) return metadata;
    DiagnosticList findings;
    auto manifest = model::parse_manifest(text, "gadget.yaml of " + name, findings);
    if (!manifest) {
        Error error = std::move(manifest).error();
        const std::string detail = first_error(findings);
        if (!detail.empty()) error.message = detail;
        return error;
    }
    metadata.manifest = std::move(*manifest);
    return with_yaml([&]() -> Result<RunMetadata> {
        const YAML::Node root = YAML::Load(text);
        metadata.programs = read_programs(root);
        metadata.statistics = read_operators(root);
        flatten(child(root, "paramDefaults"), "", 0, metadata.param_defaults);
        return std::move(metadata);
    });
}

}  // namespace gadget::session
