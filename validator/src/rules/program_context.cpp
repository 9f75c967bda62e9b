// SPDX-License-Identifier: Apache-2.0
// The context that the kernel hands to a program, by kind (Documentation/bpf/libbpf/program_types.rst and the
// UAPI header linux/bpf.h).
#include <algorithm>
#include <array>
#include <initializer_list>
#include <iterator>

#include "rules.h"

namespace gadget::validator {
namespace {

using enum model::AttachKind;

// Structs that are a context of some kind of program. Others may be anything an author defines.
constexpr std::string_view kContexts[] = {"xdp_md",
                                          "__sk_buff",
                                          "pt_regs",
                                          "bpf_perf_event_data",
                                          "bpf_sock_ops",
                                          "sk_msg_md",
                                          "bpf_sk_lookup",
                                          "sk_reuseport_md",
                                          "bpf_nf_ctx",
                                          "bpf_raw_tracepoint_args",
                                          "bpf_sock",
                                          "bpf_sock_addr",
                                          "bpf_sysctl",
                                          "bpf_sockopt",
                                          "bpf_cgroup_dev_ctx",
                                          "syscall_trace_enter",
                                          "syscall_trace_exit"};

bool is_context(std::string_view name) {
    return name.starts_with("trace_event_raw_") || name.starts_with("bpf_iter__") ||
           std::find(std::begin(kContexts), std::end(kContexts), name) != std::end(kContexts);
}

// "struct xdp_md *" -> "xdp_md"; empty for other types.
std::string_view struct_of(std::string_view type) {
    for (const std::string_view prefix : {"const ", "struct "}) {
        if (type.starts_with(prefix)) {
            type.remove_prefix(prefix.size());
        } else if (prefix == "struct ") {
            return {};
        }
    }
    if (!type.ends_with(" *")) return {};
    return type.substr(0, type.size() - 2);
}

struct Expected {
    bool checked = false;
    std::string hint;  ///< what the parameter should be
    bool fits = false;
};

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

Expected only(std::string_view name, std::string_view wanted) {
    return {true, "take struct " + std::string(wanted) + " *", name == wanted};
}

bool is_tracepoint_struct(std::string_view name) {
    return name.starts_with("trace_event_raw_") || name.starts_with("syscall_trace_");
}

Expected expected_for(const model::SectionName& section, std::string_view name) {
    switch (section.kind->attach) {
        case kprobe:
        case kretprobe:
        case kprobe_multi:
        case kretprobe_multi:
        case ksyscall:
        case kretsyscall:
        case uprobe:
        case uretprobe:
        case uprobe_multi:
        case uretprobe_multi:
        case usdt:
            return only(name, "pt_regs");
        case tracepoint:
            return {true, "take the struct of the tracepoint, trace_event_raw_<event> of vmlinux.h",
                    is_tracepoint_struct(name)};
        case raw_tracepoint:
            return only(name, "bpf_raw_tracepoint_args");
        case tp_btf:
            return {true, "use BPF_PROG(name, arguments...), or take __u64 *",
                    name == "bpf_raw_tracepoint_args"};
        case fentry:
        case fexit:
        case fmod_ret:
        case lsm:
        case lsm_cgroup:
            return {true, "use BPF_PROG(name, arguments...), or take __u64 *", false};
        case iter:
            return only(name, "bpf_iter__" + section.target);
        case perf_event:
            return only(name, "bpf_perf_event_data");
        case socket_filter:
        case tc:
        case tcx:
        case netkit:
        case action:
        case sk_skb:
        case lwt:
        case flow_dissector:
            return only(name, "__sk_buff");
        case xdp:
            return only(name, "xdp_md");
        case sockops:
            return only(name, "bpf_sock_ops");
        case sk_msg:
            return only(name, "sk_msg_md");
        case sk_lookup:
            return only(name, "bpf_sk_lookup");
        case sk_reuseport:
            return only(name, "sk_reuseport_md");
        case netfilter:
            return only(name, "bpf_nf_ctx");
        case cgroup:
            return {true, "take the context of the hook",
                    is_one_of(name, {"__sk_buff", "bpf_sock", "bpf_sock_addr", "bpf_sysctl", "bpf_sockopt",
                                     "bpf_cgroup_dev_ctx"})};
        default:
            return {};
    }
}

}  // namespace

void check_program_context(const Input& input, Reporter& report) {
    for (const auto& program : input.facts.programs) {
        if (!program.parsed || !program.parameters || program.parameters->empty()) continue;
        const auto attach = program.parsed->kind->attach;
        if (attach == freplace || attach == struct_ops) continue;
        if (program.parameters->size() > 1) {
            report.about_program("program " + quoted(program.name) + " takes " +
                                     std::to_string(program.parameters->size()) +
                                     " parameters, but the kernel hands over one, its context",
                                 program, "use BPF_PROG or BPF_KPROBE of <bpf/bpf_tracing.h> for more");
            continue;
        }
        const auto& type = program.parameters->front();
        const auto name = struct_of(type);
        if (name.empty() || !is_context(name)) continue;
        const auto expected = expected_for(*program.parsed, name);
        if (!expected.checked || expected.fits) continue;
        report.about_program("program " + quoted(program.name) + " in section " + quoted(program.section) +
                                 " takes " + quoted(type) + ", which is not the context of such programs",
                             program, expected.hint);
    }
}

}  // namespace gadget::validator
