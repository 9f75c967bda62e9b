// SPDX-License-Identifier: Apache-2.0
// The table of all rules, in the order in which they are applied.
#include <array>

#include "gadget/validator.h"
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
    {{"section-target", error, "a section names its target in a way that cannot be read"}, check_section_target},
    {{"unsupported-section", warning, "a program is of a kind that Inspektor Gadget refuses"},
     check_unsupported_section},
    {{"static-program", warning, "a program is static"}, check_static_program},
    {{"malformed-marker", error, "the name or type of a marker variable is wrong"}, check_malformed_marker},
    {{"duplicate-datasource", error, "two markers declare the same data source"}, check_duplicate_datasource},
    {{"tracer-unknown-map", error, "a tracer reads a map that does not exist"}, check_tracer_unknown_map},
    {{"tracer-wrong-map-type", error, "a tracer reads a map that carries no events"}, check_tracer_wrong_map_type},
    {{"tracer-unknown-struct", error, "a tracer makes events of a struct that is not defined"},
     check_tracer_unknown_struct},
    {{"tracer-map-unused", warning, "no program writes to the map of a tracer"}, check_tracer_map_unused},
    {{"iterator-unknown-program", error, "an iterator runs a program that does not exist"},
     check_iterator_unknown_program},
    {{"iterator-wrong-section", error, "an iterator runs a program of another kind"}, check_iterator_wrong_section},
    {{"iterator-unknown-struct", error, "an iterator makes rows of a struct that is not defined"},
     check_iterator_unknown_struct},
    {{"mapiter-unknown-map", error, "a map iterator reads a map that does not exist"}, check_mapiter_unknown_map},
    {{"mapiter-wrong-type", error, "a map iterator reads a map that is no hash map"}, check_mapiter_wrong_type},
    {{"mapiter-key-or-value-not-struct", error, "the key or value of an iterated map is no struct"},
     check_mapiter_key_or_value_not_struct},
    {{"mapiter-duplicate-field", error, "key and value of an iterated map have a member of the same name"},
     check_mapiter_duplicate_field},
    {{"param-unknown-variable", error, "a parameter has no variable"}, check_param_unknown_variable},
    {{"param-not-const-volatile", error, "the variable of a parameter is not const volatile"},
     check_param_not_const_volatile},
    {{"param-static", error, "the variable of a parameter is static"}, check_param_static},
    {{"legacy-map", error, "a map is declared as before BTF"}, check_legacy_map},
};

constexpr auto kInfos = [] {
    std::array<RuleInfo, std::size(kRules)> infos{};
    for (std::size_t i = 0; i < infos.size(); ++i) infos[i] = kRules[i].info;
    return infos;
}();

}  // namespace

std::span<const RuleInfo> rules() { return kInfos; }

void validate(const model::ObjectFacts& facts, const model::Manifest* manifest, const Options& options,
              DiagnosticSink& sink) {
    const Input input{facts, manifest, options};
    for (const auto& rule : kRules) {
        Reporter report(rule.info, facts.object, sink);
        rule.check(input, report);
    }
}

void compare(const model::ObjectFacts& /*a*/, const model::ObjectFacts& /*b*/, DiagnosticSink& /*sink*/) {}

}  // namespace gadget::validator
