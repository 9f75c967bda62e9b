// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>

#include "rules.h"

namespace gadget::validator {
namespace {

// What the kernel takes for compatible (include/linux/license.h).
constexpr std::string_view kCompatible[] = {"GPL",          "GPL v2",       "GPL and additional rights",
                                            "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"};

struct Helper {
    std::uint32_t id;
    std::string_view name;
};

// Tracing helpers that every kernel since 5.8 reserves to programs under the GPL (`gpl_only` of their
// prototypes).
constexpr Helper kGplOnly[] = {{4, "bpf_probe_read"},
                               {6, "bpf_trace_printk"},
                               {22, "bpf_perf_event_read"},
                               {25, "bpf_perf_event_output"},
                               {27, "bpf_get_stackid"},
                               {35, "bpf_get_current_task"},
                               {36, "bpf_probe_write_user"},
                               {45, "bpf_probe_read_str"},
                               {55, "bpf_perf_event_read_value"},
                               {56, "bpf_perf_prog_read_value"},
                               {58, "bpf_override_return"},
                               {67, "bpf_get_stack"},
                               {112, "bpf_probe_read_user"},
                               {113, "bpf_probe_read_kernel"},
                               {114, "bpf_probe_read_user_str"},
                               {115, "bpf_probe_read_kernel_str"}};

}  // namespace

void check_license_not_gpl(const Input& input, Reporter& report) {
    const auto& license = input.facts.license;
    if (license.empty() ||
        std::find(std::begin(kCompatible), std::end(kCompatible), license) != std::end(kCompatible))
        return;
    for (const auto& helper : kGplOnly) {
        if (!std::binary_search(input.facts.helpers.begin(), input.facts.helpers.end(), helper.id)) continue;
        report.about_object("a program calls " + std::string(helper.name) +
                                ", which the kernel reserves to GPL programs, " + "but the license is " +
                                quoted(license),
                            "use a compatible license such as \"GPL\" or \"Dual BSD/GPL\"");
        return;
    }
}

}  // namespace gadget::validator
