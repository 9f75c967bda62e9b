// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

namespace gadget::validator {
void check_map_target_unknown(const Input& input, Reporter& report) {
    for (const auto& target : input.facts.map_targets) {
        if (input.facts.find_program(target.program) == nullptr) {
            report.about_symbol("program " + quoted(target.program) + " is given a map, but does not exist",
                                target.variable,
                                report.suggest_from(target.program, input.facts.programs,
                                                    "name the C function of the program"));
        }
        if (input.facts.find_map(target.map) == nullptr) {
            report.about_symbol("program " + quoted(target.program) + " is given map " + quoted(target.map) +
                                    ", which does not exist",
                                target.variable,
                                report.suggest_from(target.map, input.facts.maps, "declare the map"));
        }
    }
}

}  // namespace gadget::validator
