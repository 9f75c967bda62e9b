// SPDX-License-Identifier: Apache-2.0
// The rules, in the order of rule_table.cpp. Each is explained in docs/diagnostics/<id>.md.
#pragma once

#include "rule.h"

namespace gadget::validator {

void check_missing_btf(const Input& input, Reporter& report);
void check_missing_license(const Input& input, Reporter& report);
void check_license_not_gpl(const Input& input, Reporter& report);
void check_unknown_section(const Input& input, Reporter& report);
void check_section_legacy(const Input& input, Reporter& report);
void check_section_target(const Input& input, Reporter& report);
void check_section_unknown_hook(const Input& input, Reporter& report);
void check_unsupported_section(const Input& input, Reporter& report);
void check_static_program(const Input& input, Reporter& report);
void check_program_context(const Input& input, Reporter& report);
void check_tracepoint_context(const Input& input, Reporter& report);
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
void check_param_type(const Input& input, Reporter& report);
void check_param_default_lost(const Input& input, Reporter& report);
void check_legacy_map(const Input& input, Reporter& report);
void check_map_sizes(const Input& input, Reporter& report);
void check_map_flags(const Input& input, Reporter& report);
void check_map_limits(const Input& input, Reporter& report);
void check_map_inner(const Input& input, Reporter& report);
void check_ringbuf_size(const Input& input, Reporter& report);
void check_hash_key_padding(const Input& input, Reporter& report);
void check_reserved_map(const Input& input, Reporter& report);
void check_reserved_name(const Input& input, Reporter& report);
void check_map_target_unknown(const Input& input, Reporter& report);
void check_map_target_mismatch(const Input& input, Reporter& report);
void check_map_target_missing(const Input& input, Reporter& report);
void check_event_too_large(const Input& input, Reporter& report);
void check_event_field_lost(const Input& input, Reporter& report);
void check_event_unused(const Input& input, Reporter& report);
void check_abi_struct_size(const Input& input, Reporter& report);
void check_kernel_stack_without_map(const Input& input, Reporter& report);
void check_container_filter_missing(const Input& input, Reporter& report);
void check_metadata_unknown_datasource(const Input& input, Reporter& report);
void check_metadata_unknown_field(const Input& input, Reporter& report);
void check_metadata_unknown_annotation(const Input& input, Reporter& report);
void check_metadata_annotation_value(const Input& input, Reporter& report);
void check_metadata_unknown_template(const Input& input, Reporter& report);
void check_metadata_output_mode(const Input& input, Reporter& report);
void check_metadata_unknown_param(const Input& input, Reporter& report);
void check_metadata_param_unmarked(const Input& input, Reporter& report);
void check_metadata_param_without_key(const Input& input, Reporter& report);
void check_metadata_duplicate_param_key(const Input& input, Reporter& report);
void check_metadata_param_value(const Input& input, Reporter& report);
void check_metadata_default_overridden(const Input& input, Reporter& report);
void check_metadata_param_ignored_key(const Input& input, Reporter& report);
void check_metadata_custom_param(const Input& input, Reporter& report);
void check_metadata_unknown_param_default(const Input& input, Reporter& report);
void check_metadata_unknown_program(const Input& input, Reporter& report);
void check_metadata_program_setting(const Input& input, Reporter& report);
void check_metadata_operator(const Input& input, Reporter& report);
void check_metadata_annotation_field(const Input& input, Reporter& report);
void check_metadata_rest_length(const Input& input, Reporter& report);
void check_metadata_fetch_schedule(const Input& input, Reporter& report);
void check_metadata_duplicate_column(const Input& input, Reporter& report);
void check_metadata_uid_clash(const Input& input, Reporter& report);

/// The present spelling of a section name that loaders once knew; empty when it is none.
/// What the target of a section should look like, "<path>:<symbol>"; empty when it does.
[[nodiscard]] std::string expected_target(const model::SectionName& section);

[[nodiscard]] std::string modern_section(std::string_view section);

void compare_arch_program_missing(const model::ObjectFacts& a, const model::ObjectFacts& b, Reporter& report);
void compare_arch_map_differs(const model::ObjectFacts& a, const model::ObjectFacts& b, Reporter& report);
void compare_arch_layout_differs(const model::ObjectFacts& a, const model::ObjectFacts& b, Reporter& report);
void compare_arch_param_differs(const model::ObjectFacts& a, const model::ObjectFacts& b, Reporter& report);

}  // namespace gadget::validator
