// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

namespace gadget::validator {
namespace {

// Whether the runtime can turn text into a value of this type.
bool can_be_set(const model::Field& type) {
    using enum model::FieldKind;
    if (type.kind == c_string) return true;
    if (type.is_array || !type.enum_name.empty()) return false;
    return type.kind == boolean || type.kind == signed_int || type.kind == unsigned_int ||
           type.kind == floating;
}

}  // namespace

void check_param_type(const Input& input, Reporter& report) {
    for (const auto& name : input.facts.params) {
        const auto* variable = input.facts.find_variable(name);
        if (variable == nullptr || can_be_set(variable->type) ||
            variable->type.has_type("gadget_l3endpoint_t"))
            continue;
        report.about_symbol("parameter " + quoted(name) + " has a type that no value can be given to", name,
                            "use an integer, bool, float or char array");
    }
}

}  // namespace gadget::validator
