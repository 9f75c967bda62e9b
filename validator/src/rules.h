// SPDX-License-Identifier: Apache-2.0
// The rules, in the order of rule_table.cpp. Each is explained in docs/diagnostics/<id>.md.
#pragma once

#include "rule.h"

namespace gadget::validator {

void check_missing_btf(const Input& input, Reporter& report);
void check_missing_license(const Input& input, Reporter& report);
void check_license_not_gpl(const Input& input, Reporter& report);
void check_unknown_section(const Input& input, Reporter& report);
void check_section_target(const Input& input, Reporter& report);
void check_unsupported_section(const Input& input, Reporter& report);
void check_static_program(const Input& input, Reporter& report);
void check_malformed_marker(const Input& input, Reporter& report);
void check_duplicate_datasource(const Input& input, Reporter& report);
void check_tracer_unknown_map(const Input& input, Reporter& report);
void check_tracer_wrong_map_type(const Input& input, Reporter& report);
void check_tracer_unknown_struct(const Input& input, Reporter& report);
void check_tracer_map_unused(const Input& input, Reporter& report);
void check_iterator_unknown_program(const Input& input, Reporter& report);
void check_iterator_wrong_section(const Input& input, Reporter& report);
void check_iterator_unknown_struct(const Input& input, Reporter& report);
void check_mapiter_unknown_map(const Input& input, Reporter& report);
void check_mapiter_wrong_type(const Input& input, Reporter& report);
void check_mapiter_key_or_value_not_struct(const Input& input, Reporter& report);
void check_mapiter_duplicate_field(const Input& input, Reporter& report);
void check_param_unknown_variable(const Input& input, Reporter& report);
void check_param_not_const_volatile(const Input& input, Reporter& report);
void check_param_static(const Input& input, Reporter& report);
void check_legacy_map(const Input& input, Reporter& report);

}  // namespace gadget::validator
