// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

namespace gadget::validator {
namespace {

// A struct whose type is named by a typedef: the chain then is the typedef's name and the tag.
bool is_behind_typedef(const model::Field& field) {
    return field.kind == model::FieldKind::structure && field.type_names.size() > 1;
}

}  // namespace

void check_event_field_lost(const Input& input, Reporter& report) {
    for (const auto& [tag, schema] : input.facts.structs) {
        for (const auto& field : schema.fields) {
            if (field.bit_size != 0) {
                report.about_symbol("field " + quoted(field.path) + " of struct " + quoted(tag) +
                                        " is a bit-field: Inspektor Gadget shows the whole bytes around it",
                                    "struct " + tag + "." + field.path, "use a member of its own, e.g. __u8");
            } else if (is_behind_typedef(field)) {
                report.about_symbol("field " + quoted(field.path) + " of struct " + quoted(tag) +
                                        " is a struct behind the typedef " +
                                        quoted(field.type_names.front()) + ": Inspektor Gadget leaves it out",
                                    "struct " + tag + "." + field.path,
                                    "write struct " + field.type_names.back());
            }
        }
    }
}

}  // namespace gadget::validator
