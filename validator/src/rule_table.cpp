// SPDX-License-Identifier: Apache-2.0
// The table of all rules, in the order in which they are applied.
#include <array>

#include "gadget/validator.h"
#include "metadata.h"
#include "rules.h"

namespace gadget::validator {
namespace {

using enum Severity;

constexpr Rule kRules[] = {
    {{"missing-btf", error, "the object has no type information"}, check_missing_btf},
    {{"missing-license", error, "the object names no license"}, check_missing_license},
    {{"license-not-gpl", warning, "a helper reserved to GPL programs is called under another license"},
     check_license_not_gpl},
    {{"unknown-section", error, "a program is in a section that no loader knows"}, check_unknown_section},
    {{"section-legacy", error, "a section is spelt as loaders no longer read it"}, check_section_legacy},
    {{"section-target", error, "a section names its target in a way that cannot be read"},
     check_section_target},
    {{"section-unknown-hook", warning, "a section names a hook that no kernel has"},
     check_section_unknown_hook},
    {{"unsupported-section", warning, "a program is of a kind that Inspektor Gadget refuses"},
     check_unsupported_section},
    {{"static-program", error, "a program is static"}, check_static_program},
    {{"program-context", warning, "a program takes the context of another kind of program"},
     check_program_context},
    {{"tracepoint-context", warning, "a program takes the struct of another tracepoint"},
     check_tracepoint_context},
    {{"malformed-marker", error, "the name or type of a marker variable is wrong"}, check_malformed_marker},
    {{"duplicate-datasource", error, "two markers declare the same data source"}, check_duplicate_datasource},
    {{"tracer-unknown-map", error, "a tracer reads a map that does not exist"}, check_tracer_unknown_map},
    {{"tracer-wrong-map-type", error, "a tracer reads a map that carries no events"},
     check_tracer_wrong_map_type},
    {{"tracer-unknown-struct", error, "a tracer makes events of a struct that is not defined"},
     check_tracer_unknown_struct},
    {{"tracer-map-unused", warning, "no program writes to the map of a tracer"}, check_tracer_map_unused},
    {{"iterator-unknown-program", error, "an iterator runs a program that does not exist"},
     check_iterator_unknown_program},
    {{"iterator-wrong-section", error, "an iterator runs a program of another kind"},
     check_iterator_wrong_section},
    {{"iterator-unknown-struct", error, "an iterator makes rows of a struct that is not defined"},
     check_iterator_unknown_struct},
    {{"mapiter-unknown-map", error, "a map iterator reads a map that does not exist"},
     check_mapiter_unknown_map},
    {{"mapiter-wrong-type", error, "a map iterator reads a map that is no hash map"},
     check_mapiter_wrong_type},
    {{"mapiter-key-or-value-not-struct", error, "the key or value of an iterated map is no struct"},
     check_mapiter_key_or_value_not_struct},
    {{"mapiter-duplicate-field", error, "key and value of an iterated map have a member of the same name"},
     check_mapiter_duplicate_field},
    {{"param-unknown-variable", error, "a parameter has no variable"}, check_param_unknown_variable},
    {{"param-not-const-volatile", error, "the variable of a parameter is not const volatile"},
     check_param_not_const_volatile},
    {{"param-static", error, "the variable of a parameter is static"}, check_param_static},
    {{"param-type", warning, "a parameter has a type that no value can be given to"}, check_param_type},
    {{"param-default-lost", warning, "the initial value of a parameter has no effect"},
     check_param_default_lost},
    {{"legacy-map", error, "a map is declared as before BTF"}, check_legacy_map},
    {{"map-sizes", error, "key, value or number of entries do not fit the type of a map"}, check_map_sizes},
    {{"map-flags", error, "a map lacks a flag, or has one, that the kernel refuses"}, check_map_flags},
    {{"map-limits", error, "a key or value has a size that the kernel refuses"}, check_map_limits},
    {{"map-inner", error, "a map of maps does not fit the maps in it"}, check_map_inner},
    {{"ringbuf-size", error, "a ring buffer has a size that the kernel refuses"}, check_ringbuf_size},
    {{"hash-key-padding", warning, "the key of a hash map has undefined bytes"}, check_hash_key_padding},
    {{"reserved-map", warning, "a map has the name of another that userspace looks for"}, check_reserved_map},
    {{"reserved-name", warning, "a name has a meaning of its own for Inspektor Gadget"}, check_reserved_name},
    {{"map-target-unknown", error, "a program is given a map, one of which does not exist"},
     check_map_target_unknown},
    {{"map-target-mismatch", error, "a program is given a map, and the two do not fit"},
     check_map_target_mismatch},
    {{"map-target-missing", error, "a program is attached to a map that nothing names"},
     check_map_target_missing},
    {{"event-too-large", error, "an event does not fit its buffer"}, check_event_too_large},
    {{"event-field-lost", warning, "Inspektor Gadget does not show a member of an event"},
     check_event_field_lost},
    {{"event-unused", warning, "a struct is kept for events that nothing makes"}, check_event_unused},
    {{"abi-struct-size", error, "a struct of gadget/types.h has another size"}, check_abi_struct_size},
    {{"kernel-stack-without-map", error, "a kernel stack cannot be looked up"},
     check_kernel_stack_without_map},
    {{"container-filter-missing", warning, "a program that is attached per container gets none"},
     check_container_filter_missing},
    {{"metadata-unknown-datasource", warning, "the metadata describes a data source that does not exist"},
     check_metadata_unknown_datasource},
    {{"metadata-unknown-field", warning, "the metadata describes a field that does not exist"},
     check_metadata_unknown_field},
    {{"metadata-unknown-annotation", warning, "an annotation that nothing reads"},
     check_metadata_unknown_annotation},
    {{"metadata-annotation-value", error, "an annotation has a value that cannot be read"},
     check_metadata_annotation_value},
    {{"metadata-unknown-template", warning, "a field uses a template that does not exist"},
     check_metadata_unknown_template},
    {{"metadata-output-mode", warning, "the default output mode is not supported"},
     check_metadata_output_mode},
    {{"metadata-unknown-param", error, "the metadata describes a parameter that does not exist"},
     check_metadata_unknown_param},
    {{"metadata-param-unmarked", warning, "the metadata describes a variable that is no parameter"},
     check_metadata_param_unmarked},
    {{"metadata-param-without-key", error, "a parameter in the metadata has no key"},
     check_metadata_param_without_key},
    {{"metadata-duplicate-param-key", error, "two parameters have the same key"},
     check_metadata_duplicate_param_key},
    {{"metadata-param-value", error, "the default of a parameter is no value of its type"},
     check_metadata_param_value},
    {{"metadata-default-overridden", warning, "the default of a parameter differs from the one that counts"},
     check_metadata_default_overridden},
    {{"metadata-param-ignored-key", warning, "a key of a parameter that nothing reads"},
     check_metadata_param_ignored_key},
    {{"metadata-custom-param", error, "a custom parameter changes nothing, or what it must not"},
     check_metadata_custom_param},
    {{"metadata-unknown-param-default", warning, "a default is given for a parameter that does not exist"},
     check_metadata_unknown_param_default},
    {{"metadata-unknown-program", warning, "the metadata configures a program that does not exist"},
     check_metadata_unknown_program},
    {{"metadata-program-setting", error, "a setting of a program is missing, wrong or not read"},
     check_metadata_program_setting},
    {{"metadata-operator", error, "a setting of an operator is wrong or not read"}, check_metadata_operator},
    {{"metadata-annotation-field", warning, "an annotation names a field that does not exist"},
     check_metadata_annotation_field},
    {{"metadata-rest-length", error, "the length of the rest of an event cannot be read"},
     check_metadata_rest_length},
    {{"metadata-fetch-schedule", error, "data is fetched several times without an interval"},
     check_metadata_fetch_schedule},
    {{"metadata-duplicate-column", warning, "two columns have the same name"},
     check_metadata_duplicate_column},
    {{"metadata-uid-clash", warning, "two fields get their user or group name in the same field"},
     check_metadata_uid_clash},
};

constexpr CompareRule kCompareRules[] = {
    {{"arch-program-missing", warning, "a program exists on one architecture only"},
     compare_arch_program_missing},
    {{"arch-map-differs", warning, "a map differs between architectures"}, compare_arch_map_differs},
    {{"arch-layout-differs", warning, "the layout of a struct differs between architectures"},
     compare_arch_layout_differs},
    {{"arch-param-differs", warning, "a parameter differs between architectures"},
     compare_arch_param_differs},
};

// What reading gadget.yaml and build.yaml finds (model/src/yaml_reader.cpp, manifest.cpp).
constexpr RuleInfo kReadingRules[] = {
    {"yaml-syntax", error, "a file is not YAML"},
    {"yaml-type", error, "a value is a list or mapping where it must not be, or the other way round"},
    {"yaml-limit", error, "a file is larger, or nested deeper, than anything sensible"},
    {"duplicate-key", error, "a key is given twice"},
    {"unknown-key", warning, "a key that nothing reads"},
    {"key-case", warning, "a key in the wrong letter case is missed by the build of Inspektor Gadget"},
};

// What Suppressions::apply() finds.
constexpr RuleInfo kSuppressionRules[] = {
    {"suppression-unknown-id", error, "a finding is allowed that does not exist"},
    {"suppression-without-reason", error, "a finding is allowed without a reason"},
    {"suppression-unused", warning, "a finding is allowed that does not occur"},
};

constexpr auto kInfos = [] {
    std::array<RuleInfo, std::size(kReadingRules) + std::size(kRules) + std::size(kCompareRules) +
                             std::size(kSuppressionRules)>
        infos{};
    std::size_t next = 0;
    for (const auto& rule : kReadingRules) infos[next++] = rule;
    for (const auto& rule : kRules) infos[next++] = rule.info;
    for (const auto& rule : kCompareRules) infos[next++] = rule.info;
    for (const auto& rule : kSuppressionRules) infos[next++] = rule;
    return infos;
}();

}  // namespace

std::span<const RuleInfo> rules() {
    return kInfos;
}

void validate(const model::ObjectFacts& facts, const model::Manifest* manifest, const Options& options,
              DiagnosticSink& sink) {
    const DataSources sources(facts, manifest);
    const Input input{facts, manifest, options, sources};
    for (const auto& rule : kRules) {
        Reporter report(rule.info, facts.object, sink);
        rule.check(input, report);
    }
}

void compare(const model::ObjectFacts& a, const model::ObjectFacts& b, DiagnosticSink& sink) {
    for (const auto& rule : kCompareRules) {
        Reporter report(rule.info, a.object, sink);
        rule.check(a, b, report);
    }
}

}  // namespace gadget::validator
